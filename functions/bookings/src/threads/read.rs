//! `POST /v1/threads/{id}/read`.

use axum::extract::State;
use domain::id::ThreadId;
use services::threads::mark_read;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use super::json::ThreadOut;

/// Mark what the other side wrote as read.
#[utoipa::path(
    post,
    path = "/v1/threads/{id}/read",
    tag = "threads",
    operation_id = "markThreadRead",
    params(("id" = ThreadId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The thread, with nothing unread", body = ThreadOut))
)]
pub(crate) async fn mark_thread_read(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ThreadId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let actor = &actor;
    let answer = app
        .services
        .idempotently(
            "threads.mark_read",
            key.as_ref(),
            |tx| async move { mark_read(&tx, actor, id).await },
            |outcome| answers::of(outcome, |view| answers::ok(&ThreadOut::from(view))),
        )
        .await?;
    Ok(answer.into())
}
