//! `POST /v1/threads/{id}/messages`.

use axum::extract::State;
use domain::id::ThreadId;
use services::threads::send;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use super::json::{MessageOut, SendMessageIn};

/// Write to the other side of a thread.
#[utoipa::path(
    post,
    path = "/v1/threads/{id}/messages",
    tag = "threads",
    operation_id = "sendMessage",
    params(("id" = ThreadId, Path)),
    security(("access_token" = [])),
    request_body = SendMessageIn,
    responses((status = 201, description = "The message", body = MessageOut))
)]
pub(crate) async fn send_message(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ThreadId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<SendMessageIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, text) = (&actor, &body.value.text);
    let answer = app
        .services
        .idempotently(
            "threads.send",
            key.as_ref(),
            |tx| async move { send(&tx, actor, id, text).await },
            |outcome| {
                answers::of(outcome, |message| {
                    answers::created(&MessageOut::from(message), &format!("/v1/threads/{id}/messages"))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
