//! `POST /v1/threads`.

use axum::extract::State;
use services::threads::ask_host;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use super::json::{CreateThreadIn, ThreadOut};

/// Ask the host of a listing.
///
/// There is one thread a guest and property: asking again continues it, and a booking joins it.
#[utoipa::path(
    post,
    path = "/v1/threads",
    tag = "threads",
    operation_id = "createThread",
    security(("access_token" = [])),
    request_body = CreateThreadIn,
    responses((status = 201, description = "The thread, with the message at its end", body = ThreadOut))
)]
pub(crate) async fn create_thread(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreateThreadIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, CreateThreadIn { property_id, text }) = (&actor, &body.value);
    let answer = app
        .services
        .idempotently(
            "threads.create",
            key.as_ref(),
            |tx| async move { ask_host(&tx, actor, *property_id, text).await },
            |outcome| {
                answers::of(outcome, |view| {
                    answers::created(&ThreadOut::from(view), &format!("/v1/threads/{}", view.thread.id))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
