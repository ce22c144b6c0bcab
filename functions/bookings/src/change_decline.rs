//! `POST /v1/bookings/{id}/change/decline`.

use std::sync::Arc;

use axum::extract::State;
use domain::id::BookingId;
use services::Tx;
use services::booking_changes::decline_change;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::act::act;
use crate::change_json::ChangeOut;

/// Decline a change.
///
/// For the side that did not propose it. The nights it added are free at once.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/change/decline",
    tag = "bookings",
    operation_id = "declineBookingChange",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The change", body = ChangeOut))
)]
pub(crate) async fn decline(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let work = |tx: Arc<Tx>| async move { decline_change(&tx, actor, id).await };
    act(services, id, key.as_ref(), "bookings.decline_change", work, |change| answers::ok(&ChangeOut::from(change)))
        .await
}
