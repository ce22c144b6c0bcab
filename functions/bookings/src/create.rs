//! `POST /v1/bookings`.

use axum::extract::State;
use services::bookings::BookingRequest;
use web::openapi::RequiredIdempotencyKeyParam;
use web::{AppState, Body, Caller, Problem, Query, Reply, RequiredIdempotencyKey, answers};

use crate::json::{BookingOut, CreateBookingIn};

/// Book a stay.
///
/// The nights are held for 15 minutes while the guest pays. Of two who want the same night, one is told `409
/// dates_unavailable`.
#[utoipa::path(
    post,
    path = "/v1/bookings",
    tag = "bookings",
    operation_id = "createBooking",
    params(RequiredIdempotencyKeyParam),
    security(("access_token" = [])),
    request_body = CreateBookingIn,
    responses((status = 201, description = "The booking, unpaid", body = BookingOut))
)]
pub(crate) async fn create_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: RequiredIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreateBookingIn>,
) -> Result<Reply, Problem> {
    let services = &app.services;
    let key = key.bind(services, &actor, &body.canonical).await?;
    let request = &BookingRequest::from(body.value);
    let answer = services
        .book(&actor, request, key.as_ref(), |outcome| {
            answers::of(outcome, |booking| {
                answers::created(&BookingOut::from(booking), &format!("/v1/bookings/{}", booking.id))
            })
        })
        .await?;
    Ok(answer.into())
}
