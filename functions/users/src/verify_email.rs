//! `POST /v1/auth/email/verify`.

use axum::extract::State;
use axum::http::StatusCode;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query};

use crate::json::TokenIn;

/// Verify the address a token was mailed to.
///
/// It is the account's, or the one that the account is to have and now gets.
#[utoipa::path(
    post,
    path = "/v1/auth/email/verify",
    tag = "auth",
    operation_id = "verifyEmail",
    request_body = TokenIn,
    responses((status = 204, description = "The address is verified"), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn verify_email(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<TokenIn>,
) -> Result<StatusCode, Problem> {
    app.services.verify_email(&web::context::current().client, &body.value.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
