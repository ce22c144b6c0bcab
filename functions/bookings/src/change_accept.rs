//! `POST /v1/bookings/{id}/change/accept`.

use std::sync::Arc;

use axum::extract::State;
use domain::id::BookingId;
use services::Tx;
use services::booking_changes::accept_change;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::act::act;
use crate::change_json::ChangeOut;

/// Accept a change.
///
/// For the side that did not propose it. Where the stay is not dearer it is changed at once, and what it is cheaper goes
/// back. Else the guest has 24 hours at most to pay the difference (`POST /v1/payments`): until then the old stay stands.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/change/accept",
    tag = "bookings",
    operation_id = "acceptBookingChange",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The change", body = ChangeOut))
)]
pub(crate) async fn accept(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let work = |tx: Arc<Tx>| async move { accept_change(&tx, actor, id).await };
    act(services, id, key.as_ref(), "bookings.accept_change", work, |change| answers::ok(&ChangeOut::from(change)))
        .await
}
