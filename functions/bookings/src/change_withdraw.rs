//! `DELETE /v1/bookings/{id}/change`.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::BookingId;
use services::booking_changes::{BookingChange, withdraw_change};
use web::{AppState, Caller, IfMatch, PathId, Problem, Query};

use crate::change_json::ChangeOut;

/// Take a change back.
///
/// For who proposed it, and for the guest who does not want to pay for it after all.
#[utoipa::path(
    delete,
    path = "/v1/bookings/{id}/change",
    tag = "bookings",
    operation_id = "withdrawBookingChange",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "It is no longer open"))
)]
pub(crate) async fn withdraw(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("bookings.withdraw_change", |tx| async move {
            let is_as_seen = |change: &BookingChange| if_match.check_representation(&ChangeOut::from(change));
            withdraw_change(&tx, actor, id, is_as_seen).await
        })
        .await?;
    app.services.carry_out_for(id).await;
    Ok(StatusCode::NO_CONTENT)
}
