//! `POST /v1/bookings/{id}/change`.

use axum::extract::State;
use domain::id::BookingId;
use services::booking_changes::ChangeRequest;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::change_json::{ChangeIn, ChangeOut};

/// Propose other dates or guests for a confirmed stay.
///
/// For its guest and its host; the other one answers. The nights it adds are held for 24 hours at most. A stay has at
/// most one open change (`409 change_open`). Priced by the prices of today.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/change",
    tag = "bookings",
    operation_id = "proposeBookingChange",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    request_body = ChangeIn,
    responses((status = 201, description = "The change, proposed", body = ChangeOut))
)]
pub(crate) async fn propose(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ChangeIn>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let request = &ChangeRequest::from(body.value);
    let location = format!("/v1/bookings/{id}/change");
    let answer = services
        .idempotently(
            "bookings.propose_change",
            key.as_ref(),
            |tx| async move { services.propose_change(&tx, actor, id, request).await },
            |outcome| answers::of(outcome, |change| answers::created(&ChangeOut::from(change), &location)),
        )
        .await?;
    services.carry_out_for(id).await;
    Ok(answer.into())
}
