//! `POST /v1/bookings/{id}/accept`.

use axum::extract::State;
use domain::id::BookingId;
use services::bookings::booking_in;
use services::host_answers::accept;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::BookingOut;

/// Accept a request.
///
/// The card is charged, and the booking is `confirmed` when the money is captured: nearly always in this answer, else
/// within the next minutes.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/accept",
    tag = "bookings",
    operation_id = "acceptBooking",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The booking", body = BookingOut))
)]
pub(crate) async fn accept_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let accepted = services
        .idempotently(
            "bookings.accept",
            key.as_ref(),
            |tx| async move { accept(&tx, actor, id).await },
            |outcome| answers::of(outcome, |booking| answers::ok(&BookingOut::from(booking))),
        )
        .await?;
    if accepted.replayed || accepted.saved.status != 200 {
        return Ok(accepted.into());
    }
    services.carry_out_for(id).await;
    let answer = services
        .answer_anew(
            "bookings.accepted",
            key.as_ref(),
            |tx| async move { booking_in(&tx, id).await },
            |booking| answers::ok(&BookingOut::from(booking)),
        )
        .await?;
    Ok(answer.into())
}
