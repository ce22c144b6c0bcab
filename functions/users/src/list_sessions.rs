//! `GET /v1/auth/sessions`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Caller, Problem, Query};

use crate::session_json::{SessionOut, SessionsOut};

/// Devices signed in.
///
/// All of them, the one used last first.
#[utoipa::path(
    get,
    path = "/v1/auth/sessions",
    tag = "auth",
    operation_id = "listSessions",
    security(("access_token" = [])),
    responses((status = 200, description = "The sessions", body = SessionsOut))
)]
pub(crate) async fn list_sessions(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
) -> Result<Json<SessionsOut>, Problem> {
    let sessions = app.services.sessions_of(&actor).await?;
    let data = sessions.into_iter().map(|session| SessionOut::of(session, &actor)).collect();
    Ok(Json(SessionsOut { data, next_cursor: None }))
}
