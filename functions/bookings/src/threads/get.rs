//! `GET /v1/threads/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::ThreadId;
use web::{AppState, Caller, PathId, Problem, Query};

use super::json::ThreadOut;

/// A thread, to its guest and its host.
#[utoipa::path(
    get,
    path = "/v1/threads/{id}",
    tag = "threads",
    operation_id = "getThread",
    params(("id" = ThreadId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The thread", body = ThreadOut))
)]
pub(crate) async fn get_thread(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ThreadId>,
    Query(()): Query<()>,
) -> Result<Json<ThreadOut>, Problem> {
    Ok(Json(ThreadOut::from(&app.services.thread(&actor, id).await?)))
}
