//! `GET /v1/bookings/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::BookingId;
use web::{AppState, Caller, PathId, Problem, Query};

use crate::json::BookingOut;

/// A booking, to its guest and its host.
#[utoipa::path(
    get,
    path = "/v1/bookings/{id}",
    tag = "bookings",
    operation_id = "getBooking",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The booking", body = BookingOut))
)]
pub(crate) async fn get_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    Query(()): Query<()>,
) -> Result<Json<BookingOut>, Problem> {
    Ok(Json(BookingOut::from(&app.services.booking(&actor, id).await?)))
}
