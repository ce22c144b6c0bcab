//! `GET /v1/bookings/{id}/cancellation`.

use axum::Json;
use axum::extract::State;
use domain::cancellation::RefundPreview;
use domain::id::BookingId;
use web::{AppState, Caller, PathId, Problem, Query};

/// What calling the booking off now would give back.
#[utoipa::path(
    get,
    path = "/v1/bookings/{id}/cancellation",
    tag = "bookings",
    operation_id = "previewCancellation",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "What goes back, line by line", body = RefundPreview))
)]
pub(crate) async fn preview_cancellation(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    Query(()): Query<()>,
) -> Result<Json<RefundPreview>, Problem> {
    Ok(Json(app.services.cancellation_preview(&actor, id).await?))
}
