//! Paying, and money given back.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use payments::create::CreatePaymentIn;
use payments::json::{DisputeOut, PaymentOut, RefundOut};
use payments::refund::RefundIn;
use serde::{Deserialize, Serialize};
use services::payments::PaymentView;
use services::refunds::decide_by_host;
use web::answers;

use crate::bookings::Booking;
use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::{DisputeStatus, PaymentStatus, RefundStatus};
use crate::loaders::{BookingOf, DisputesOf, RefundsOf};
use crate::scalars::{DateTime, Money, MoneyInput};
use crate::{mutations, wire};

/// Money given back, or on its way.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Refund {
    id: ID,
    payment_id: ID,
    amount: Money,
    reason: String,
    status: RefundStatus,
    created_at: DateTime,
}

/// What the guest's bank says of a payment.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Dispute {
    amount: Money,
    status: DisputeStatus,
    /// The provider's code of why, such as `fraudulent`.
    reason: String,
    /// Until when the provider takes evidence.
    respond_by: Option<DateTime>,
}

/// An attempt to pay for a booking.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Payment {
    pub(crate) id: ID,
    booking_id: ID,
    /// The change of the stay whose difference it is; null when it is for the stay itself.
    change_id: Option<ID>,
    status: PaymentStatus,
    amount: Money,
    /// Always `stripe`.
    provider: String,
    /// For the provider's own library, which confirms the payment; only to the payer, when the attempt is made or asked
    /// for again.
    client_secret: Option<String>,
    created_at: DateTime,
    updated_at: DateTime,
}

impl Payment {
    /// The payment; its refunds are loaded when they are asked for.
    pub(crate) fn of(view: &PaymentView) -> domain::error::Result<Self> {
        wire::object(&PaymentOut::from(view))
    }
}

#[ComplexObject]
impl Payment {
    /// What is paid for.
    async fn booking(&self, ctx: &Context<'_>) -> Result<Option<Booking>> {
        let booking = ctx.loaders().load_one(BookingOf(require_id(&self.booking_id)?)).await?;
        Ok(booking.as_ref().map(Booking::of).transpose()?)
    }

    /// What was given back.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn refunds(&self, ctx: &Context<'_>) -> Result<Vec<Refund>> {
        let refunds = ctx.loaders().load_one(RefundsOf(require_id(&self.id)?)).await?.unwrap_or_default();
        let object = |refund| wire::object(&RefundOut::from(refund));
        Ok(refunds.iter().map(object).collect::<domain::error::Result<_>>()?)
    }

    /// What the guest's bank says of it, oldest first; to the host and admins.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn disputes(&self, ctx: &Context<'_>) -> Result<Vec<Dispute>> {
        let disputes = ctx.loaders().load_one(DisputesOf(require_id(&self.id)?)).await?.unwrap_or_default();
        let object = |dispute| wire::object(&DisputeOut::from(dispute));
        Ok(disputes.iter().map(object).collect::<domain::error::Result<_>>()?)
    }
}

/// The payment of this id, to the guest and the host of its booking.
pub(crate) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Payment>> {
    let actor = ctx.signed_in()?;
    let Some(id) = parse_id(id) else { return Ok(None) };
    let view = if_visible(ctx.services().payment(actor, id).await)?;
    Ok(view.as_ref().map(Payment::of).transpose()?)
}

/// What to pay for.
#[derive(Serialize, InputObject)]
struct CreatePaymentInput {
    booking_id: ID,
    /// Required.
    idempotency_key: Option<String>,
}

/// The attempt to pay.
#[derive(SimpleObject)]
struct CreatePaymentPayload {
    payment: Payment,
}

/// What to give back.
#[derive(Serialize, InputObject)]
struct RefundPaymentInput {
    payment_id: ID,
    /// All that is left unless given.
    amount: Option<MoneyInput>,
    /// At most 500 characters.
    reason: String,
    /// Required.
    idempotency_key: Option<String>,
}

/// Money on its way back.
#[derive(SimpleObject)]
struct RefundPaymentPayload {
    refund: Refund,
}

/// Money.
#[derive(Default)]
pub(crate) struct PaymentMutation;

#[Object]
impl PaymentMutation {
    /// Pay what is due for a booking: the stay, or the difference of a change that was accepted. Asked again while an attempt is open, the same one is given.
    async fn create_payment(
        &self,
        ctx: &Context<'_>,
        input: CreatePaymentInput,
    ) -> Result<Option<CreatePaymentPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::required_key(ctx, actor, "createPayment", &input, key).await?;
        let CreatePaymentIn { booking_id } = wire::read(&input, &[])?;
        let answer = ctx
            .services()
            .create_payment(actor, booking_id, key.as_ref(), |outcome| {
                answers::of(outcome, |view| answers::ok(&PaymentOut::from(view)))
            })
            .await?;
        Ok(Some(CreatePaymentPayload { payment: mutations::answered(ctx, &answer)? }))
    }

    /// Give money back beyond the policy. For the host and admins; never more than was captured.
    async fn refund_payment(
        &self,
        ctx: &Context<'_>,
        input: RefundPaymentInput,
    ) -> Result<Option<RefundPaymentPayload>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let id = require_id(&input.payment_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::required_key(ctx, actor, "refundPayment", &input, key).await?;
        let RefundIn { amount, reason } = &wire::read(&input, &["payment_id"])?;
        let answer = services
            .idempotently(
                "payments.refund",
                key.as_ref(),
                |tx| async move { decide_by_host(&tx, actor, id, *amount, reason).await },
                |outcome| answers::of(outcome, |refund| answers::ok(&RefundOut::from(refund))),
            )
            .await?;
        services.carry_out_refunds_of(id).await;
        Ok(Some(RefundPaymentPayload { refund: mutations::answered(ctx, &answer)? }))
    }
}
