//! `POST /v1/bookings/{id}/messages`.

use axum::extract::State;
use domain::id::BookingId;
use services::threads::send_about;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use super::json::{MessageOut, SendMessageIn};

/// Write to the other side of a booking.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/messages",
    tag = "threads",
    operation_id = "sendMessageAboutBooking",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    request_body = SendMessageIn,
    responses((status = 201, description = "The message", body = MessageOut))
)]
pub(crate) async fn send_about_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<SendMessageIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, text) = (&actor, &body.value.text);
    let answer = app
        .services
        .idempotently(
            "threads.send_about",
            key.as_ref(),
            |tx| async move { send_about(&tx, actor, id, text).await },
            |outcome| {
                answers::of(outcome, |message| {
                    answers::created(&MessageOut::from(message), &format!("/v1/bookings/{id}/messages"))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
