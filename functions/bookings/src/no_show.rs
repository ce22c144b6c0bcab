//! `POST /v1/bookings/{id}/no-show`.

use std::sync::Arc;

use axum::extract::State;
use domain::id::BookingId;
use services::Tx;
use services::no_shows::report_no_show;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::act::act;
use crate::json::BookingOut;

/// Report that the guest never came.
///
/// For the host, from the day after check-in at the property. The nights that are left are free at once, and nothing is
/// given back.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/no-show",
    tag = "bookings",
    operation_id = "reportNoShow",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The booking", body = BookingOut))
)]
pub(crate) async fn report(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let work = |tx: Arc<Tx>| async move { report_no_show(&tx, actor, id).await };
    act(services, id, key.as_ref(), "bookings.no_show", work, |booking| answers::ok(&BookingOut::from(booking))).await
}
