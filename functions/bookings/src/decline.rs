//! `POST /v1/bookings/{id}/decline`.

use std::sync::Arc;

use axum::extract::State;
use domain::id::BookingId;
use services::Tx;
use services::host_answers::decline;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::act::act;
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
    let work = |tx: Arc<Tx>| async move { decline(&tx, actor, id).await };
    act(services, id, key.as_ref(), "bookings.decline", work, |booking| answers::ok(&BookingOut::from(booking))).await
}
