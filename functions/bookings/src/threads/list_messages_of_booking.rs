//! `GET /v1/bookings/{id}/messages`.

use axum::extract::State;
use domain::id::BookingId;
use web::pages::{Page, PageParamsSchema};
use web::{AppState, Caller, PageRequest, PathId, Problem, Query};

use super::json::MessageOut;

/// What is in the thread of a booking's guest and host, newest first.
///
/// The thread is about the property: what was written before the stay was booked, and about other stays there, is in
/// it too. Entries of kind `system` say what happened to bookings.
#[utoipa::path(
    get,
    path = "/v1/bookings/{id}/messages",
    tag = "threads",
    operation_id = "listMessagesOfBooking",
    params(("id" = BookingId, Path), PageParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of messages", body = inline(Page<MessageOut>)))
)]
pub(crate) async fn list_messages_of_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    Query(page): Query<PageRequest>,
) -> Result<Page<MessageOut>, Problem> {
    let before: Option<i64> = page.position(&app.services).await?;
    let mut messages = app.services.messages_about(&actor, id, before, i64::from(page.limit) + 1).await?;
    let next = page.cut(&mut messages, |last| last.position);
    let data = messages.iter().map(MessageOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
