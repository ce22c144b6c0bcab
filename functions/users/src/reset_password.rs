//! `POST /v1/auth/password/reset`.

use axum::extract::State;
use axum::http::StatusCode;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query};

use crate::json::ResetPasswordIn;

/// Set a new password with the token of a mail.
///
/// All sessions of the account end.
#[utoipa::path(
    post,
    path = "/v1/auth/password/reset",
    tag = "auth",
    operation_id = "resetPassword",
    request_body = ResetPasswordIn,
    responses((status = 204, description = "The account has the new password"), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn reset_password(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ResetPasswordIn>,
) -> Result<StatusCode, Problem> {
    let client = &web::context::current().client;
    app.services.reset_password(client, &body.value.token, &body.value.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
