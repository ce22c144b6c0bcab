//! `POST /v1/payments`.

use axum::extract::State;
use domain::id::BookingId;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text};
use web::openapi::RequiredIdempotencyKeyParam;
use web::{AppState, Body, Caller, Problem, Query, Reply, RequiredIdempotencyKey, answers};

use crate::json::PaymentOut;

/// What to pay for.
#[derive(ToSchema)]
pub struct CreatePaymentIn {
    /// The stay.
    pub booking_id: BookingId,
}

impl FromFields for CreatePaymentIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let booking_id = fields.required("booking_id", text);
        Ok(Self { booking_id: booking_id? })
    }
}

/// Pay what is due for a booking: the stay, or the difference of a change that was accepted.
///
/// The client confirms with the provider's own library and the `client_secret`: card data never comes here. Asked
/// again while an attempt is open, the same one is given.
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "createPayment",
    params(RequiredIdempotencyKeyParam),
    security(("access_token" = [])),
    request_body = CreatePaymentIn,
    responses((status = 201, description = "The attempt", body = PaymentOut),
              (status = 200, description = "The attempt that is open", body = PaymentOut))
)]
pub(crate) async fn create_payment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: RequiredIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreatePaymentIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, &actor, &body.canonical).await?;
    let answer = app
        .services
        .create_payment(&actor, body.value.booking_id, key.as_ref(), |outcome| {
            answers::of(outcome, |view| match view.created {
                true => answers::created(&PaymentOut::from(view), &format!("/v1/payments/{}", view.payment.id)),
                false => answers::ok(&PaymentOut::from(view)),
            })
        })
        .await?;
    Ok(answer.into())
}
