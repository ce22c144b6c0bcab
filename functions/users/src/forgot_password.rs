//! `POST /v1/auth/password/forgot`.

use axum::extract::State;
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
    responses((status = 202, description = "If an account has this address, a mail is on its way to it"), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn forgot_password(
    State(app): State<AppState>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ForgotPasswordIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, None, &body.canonical).await?;
    let client = &web::context::current().client;
    let answer = app
        .services
        .request_password_reset(client, &body.value.email, key.as_ref(), |outcome| {
            answers::of(outcome, |()| answers::accepted())
        })
        .await?;
    Ok(answer.into())
}
