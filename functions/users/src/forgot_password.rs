//! `POST /v1/auth/password/forgot`.

use axum::extract::State;
use services::password_resets::request_password_reset;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use crate::json::ForgotPasswordIn;

/// Ask for a link that sets a new password.
///
/// The answer is the same whether an account has this address or not.
#[utoipa::path(
    post,
    path = "/v1/auth/password/forgot",
    tag = "auth",
    operation_id = "forgotPassword",
    request_body = ForgotPasswordIn,
    responses((status = 202, description = "If an account has this address, a mail is on its way to it"))
)]
pub(crate) async fn forgot_password(
    State(app): State<AppState>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ForgotPasswordIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, None, &body.canonical).await?;
    let email = &body.value.email;
    let answer = app
        .services
        .idempotently(
            "users.request_password_reset",
            key.as_ref(),
            |tx| async move { request_password_reset(&tx, email).await },
            |outcome| answers::of(outcome, |()| answers::accepted()),
        )
        .await?;
    Ok(answer.into())
}
