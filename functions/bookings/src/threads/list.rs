//! `GET /v1/threads`.

use axum::extract::State;
use domain::id::ThreadId;
use jiff::Timestamp;
use web::pages::{Page, PageParamsSchema};
use web::{AppState, Caller, PageRequest, Problem, Query};

use super::json::ThreadOut;

/// Own threads, as guest and as host, newest message first.
#[utoipa::path(
    get,
    path = "/v1/threads",
    tag = "threads",
    operation_id = "listThreads",
    params(PageParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of threads", body = inline(Page<ThreadOut>)))
)]
pub(crate) async fn list_threads(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageRequest>,
) -> Result<Page<ThreadOut>, Problem> {
    let after: Option<(Timestamp, ThreadId)> = page.position(&app.services).await?;
    let mut views = app.services.threads(&actor, after, i64::from(page.limit) + 1).await?;
    let next = page.cut(&mut views, |last| (last.thread.last_message_at, last.thread.id));
    let data = views.iter().map(ThreadOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
