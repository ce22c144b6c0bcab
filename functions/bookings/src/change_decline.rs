//! `POST /v1/bookings/{id}/change/decline`.

use axum::extract::State;
use domain::id::BookingId;
use services::booking_changes::decline_change;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

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
    let answer = services
        .idempotently(
            "bookings.decline_change",
            key.as_ref(),
            |tx| async move { decline_change(&tx, actor, id).await },
            |outcome| answers::of(outcome, |change| answers::ok(&ChangeOut::from(change))),
        )
        .await?;
    services.carry_out_for(id).await;
    Ok(answer.into())
}
