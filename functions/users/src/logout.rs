//! `POST /v1/auth/logout`.

use axum::extract::State;
use axum::http::StatusCode;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query};

use crate::json::RefreshIn;

/// End the session of a refresh token.
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "auth",
    operation_id = "logout",
    request_body = RefreshIn,
    responses((status = 204, description = "The session has ended"))
)]
pub(crate) async fn logout(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<RefreshIn>,
) -> Result<StatusCode, Problem> {
    app.services.logout(&body.value.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}
