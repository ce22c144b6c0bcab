//! `DELETE /v1/auth/sessions/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::SessionId;
use web::{AppState, Caller, PathId, Problem, Query};

/// Sign a device out.
///
/// Its refresh token is worth nothing at once, its access token within a minute.
#[utoipa::path(
    delete,
    path = "/v1/auth/sessions/{id}",
    tag = "auth",
    operation_id = "deleteSession",
    params(("id" = SessionId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "The session has ended"))
)]
pub(crate) async fn delete_session(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<SessionId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    app.services.end_own_session(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
