//! `GET /v1/bookings/{id}/calendar.ics`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::BookingId;
use web::{AppState, Caller, PathId, Problem, Query};

/// The stay for the guest's own calendar, as iCalendar (RFC 5545).
///
/// One event by the clocks of the place, with its address once the stay is confirmed; called off, its status is
/// `CANCELLED`.
#[utoipa::path(
    get,
    path = "/v1/bookings/{id}/calendar.ics",
    tag = "bookings",
    operation_id = "getStayCalendar",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The calendar", body = String, content_type = "text/calendar"))
)]
pub(crate) async fn get_stay_calendar(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    Query(()): Query<()>,
) -> Result<impl IntoResponse, Problem> {
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"stay.ics\""),
    ];
    Ok((headers, app.services.stay_calendar(&actor, id).await?))
}
