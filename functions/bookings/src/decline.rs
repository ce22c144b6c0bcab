//! `POST /v1/bookings/{id}/decline`.

use axum::extract::State;
use domain::id::BookingId;
use services::host_answers::decline;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::BookingOut;

/// Decline a request.
///
/// The nights are free at once, and the card is not charged.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/decline",
    tag = "bookings",
    operation_id = "declineBooking",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The booking", body = BookingOut))
)]
pub(crate) async fn decline_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let answer = services
        .idempotently(
            "bookings.decline",
            key.as_ref(),
            |tx| async move { decline(&tx, actor, id).await },
            |outcome| answers::of(outcome, |booking| answers::ok(&BookingOut::from(booking))),
        )
        .await?;
    services.carry_out_for(id).await;
    Ok(answer.into())
}
