//! `GET /v1/threads/{id}/messages`.

use axum::extract::State;
use domain::id::ThreadId;
use web::pages::{Page, PageParamsSchema};
use web::{AppState, Caller, PageRequest, PathId, Problem, Query};

use super::json::MessageOut;

/// What is in a thread, newest first.
///
/// Entries of kind `system` say what happened to its bookings.
#[utoipa::path(
    get,
    path = "/v1/threads/{id}/messages",
    tag = "threads",
    operation_id = "listMessages",
    params(("id" = ThreadId, Path), PageParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of messages", body = inline(Page<MessageOut>)))
)]
pub(crate) async fn list_messages(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ThreadId>,
    Query(page): Query<PageRequest>,
) -> Result<Page<MessageOut>, Problem> {
    let before: Option<i64> = page.position(&app.services).await?;
    let mut messages = app.services.messages(&actor, id, before, i64::from(page.limit) + 1).await?;
    let next = page.cut(&mut messages, |last| last.position);
    let data = messages.iter().map(MessageOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
