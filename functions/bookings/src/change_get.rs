//! `GET /v1/bookings/{id}/change`.

use axum::Json;
use axum::extract::State;
use domain::id::BookingId;
use web::{AppState, Caller, PathId, Problem, Query};

use crate::change_json::ChangeOut;

/// The newest change of a stay, whatever became of it.
///
/// `404` also when none was ever proposed.
#[utoipa::path(
    get,
    path = "/v1/bookings/{id}/change",
    tag = "bookings",
    operation_id = "getBookingChange",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The change", body = ChangeOut))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    Query(()): Query<()>,
) -> Result<Json<ChangeOut>, Problem> {
    Ok(Json(ChangeOut::from(&app.services.booking_change(&actor, id).await?)))
}
