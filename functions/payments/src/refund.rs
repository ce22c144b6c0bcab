//! `POST /v1/payments/{id}/refunds`.

use axum::extract::State;
use domain::id::PaymentId;
use domain::money::Money;
use domain::text::{Lines, checked};
use services::refunds::decide_by_host;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, object, text_with};
use web::openapi::RequiredIdempotencyKeyParam;
use web::{AppState, Body, Caller, PathId, Problem, Query, Reply, RequiredIdempotencyKey, answers};

use crate::json::RefundOut;

/// The longest reason, in characters.
const REASON_MAX_LENGTH: usize = 500;

/// What to give back.
#[derive(ToSchema)]
pub struct RefundIn {
    /// All that is left unless given.
    pub amount: Option<Money>,
    /// In words.
    #[schema(max_length = 500)]
    pub reason: String,
}

impl FromFields for RefundIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let amount = fields.optional("amount", object);
        let reason = fields.required("reason", text_with(|reason| checked(reason, 1, REASON_MAX_LENGTH, Lines::Many)));
        Ok(Self { amount: amount?, reason: reason? })
    }
}

/// Give money back beyond the policy.
///
/// For the host and admins. Over a payment's life never more goes back than was captured.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/refunds",
    tag = "payments",
    operation_id = "refundPayment",
    params(("id" = PaymentId, Path), RequiredIdempotencyKeyParam),
    security(("access_token" = [])),
    request_body = RefundIn,
    responses((status = 201, description = "The refund, on its way", body = RefundOut))
)]
pub(crate) async fn refund_payment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PaymentId>,
    key: RequiredIdempotencyKey,
    Query(()): Query<()>,
    body: Body<RefundIn>,
) -> Result<Reply, Problem> {
    let (services, actor) = (&app.services, &actor);
    let key = key.bind(services, actor, &body.canonical).await?;
    let RefundIn { amount, reason } = &body.value;
    let answer = services
        .idempotently(
            "payments.refund",
            key.as_ref(),
            |tx| async move { decide_by_host(&tx, actor, id, *amount, reason).await },
            |outcome| {
                answers::of(outcome, |refund| answers::created(&RefundOut::from(refund), &format!("/v1/payments/{id}")))
            },
        )
        .await?;
    services.carry_out_refunds_of(id).await;
    Ok(answer.into())
}
