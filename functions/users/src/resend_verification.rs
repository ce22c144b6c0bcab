//! `POST /v1/auth/email/resend`.

use axum::extract::State;
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
    responses((status = 202, description = "The mail is on its way"), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn resend_verification(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let client = &web::context::current().client;
    let answer = app
        .services
        .resend_verification(client, &actor, key.as_ref(), |outcome| answers::of(outcome, |()| answers::accepted()))
        .await?;
    Ok(answer.into())
}
