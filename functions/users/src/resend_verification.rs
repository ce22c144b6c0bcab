//! `POST /v1/auth/email/resend`.

use axum::extract::State;
use services::users::request_email_verification;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

/// Ask for another verification mail.
///
/// An account whose address is verified gets none.
#[utoipa::path(
    post,
    path = "/v1/auth/email/resend",
    tag = "auth",
    operation_id = "resendVerification",
    security(("access_token" = [])),
    responses((status = 202, description = "The mail is on its way"))
)]
pub(crate) async fn resend_verification(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let actor = &actor;
    let answer = app
        .services
        .idempotently(
            "users.request_email_verification",
            key.as_ref(),
            |tx| async move { request_email_verification(&tx, actor).await },
            |outcome| answers::of(outcome, |()| answers::accepted()),
        )
        .await?;
    Ok(answer.into())
}
