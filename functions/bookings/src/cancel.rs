//! `POST /v1/bookings/{id}/cancel`.

use axum::extract::State;
use domain::id::BookingId;
use domain::text::{Lines, checked};
use services::cancellations::cancel;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text_with};
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::BookingOut;

/// The longest reason, in characters.
const REASON_MAX_LENGTH: usize = 500;

/// Why.
#[derive(ToSchema)]
pub struct CancelIn {
    /// In words.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

impl FromFields for CancelIn {
    const BODY_OPTIONAL: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let reason = fields.optional("reason", text_with(|reason| checked(reason, 1, REASON_MAX_LENGTH, Lines::Many)));
        Ok(Self { reason: reason? })
    }
}

/// Call a booking off.
///
/// What the preview said goes back to the guest.
#[utoipa::path(
    post,
    path = "/v1/bookings/{id}/cancel",
    tag = "bookings",
    operation_id = "cancelBooking",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    request_body = CancelIn,
    responses((status = 200, description = "The booking", body = BookingOut))
)]
pub(crate) async fn cancel_booking(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CancelIn>,
) -> Result<Reply, Problem> {
    let (services, actor, reason) = (&app.services, &actor, body.value.reason.as_deref());
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let answer = services
        .idempotently(
            "bookings.cancel",
            key.as_ref(),
            |tx| async move { cancel(&tx, actor, id, reason).await },
            |outcome| answers::of(outcome, |booking| answers::ok(&BookingOut::from(booking))),
        )
        .await?;
    services.carry_out_for(id).await;
    Ok(answer.into())
}
