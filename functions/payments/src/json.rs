//! Wire types of payments and refunds: what comes in, what goes out.

use domain::id::{BookingId, ChangeId, PaymentId, RefundId};
use domain::money::Money;
use domain::payment::{DisputeStatus, PaymentStatus, RefundStatus};
use jiff::Timestamp;
use serde::Serialize;
use services::payments::{Dispute, PaymentView};
use services::refunds::Refund;
use utoipa::ToSchema;

/// Money given back, or on its way.
#[derive(Serialize, ToSchema)]
pub struct RefundOut {
    id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    reason: String,
    status: RefundStatus,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<&Refund> for RefundOut {
    fn from(refund: &Refund) -> Self {
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            amount: refund.amount,
            reason: refund.reason.clone(),
            status: refund.status,
            created_at: refund.created_at,
        }
    }
}

/// What the guest's bank says of a payment.
#[derive(Serialize, ToSchema)]
pub struct DisputeOut {
    amount: Money,
    status: DisputeStatus,
    /// The provider's code of why, such as `fraudulent`.
    reason: String,
    /// Until when the provider takes evidence.
    #[schema(value_type = Option<String>, format = "date-time", required)]
    respond_by: Option<Timestamp>,
}

impl From<&Dispute> for DisputeOut {
    fn from(dispute: &Dispute) -> Self {
        Self {
            amount: dispute.amount,
            status: dispute.status,
            reason: dispute.reason.clone(),
            respond_by: dispute.respond_by,
        }
    }
}

/// An attempt to pay for a booking.
#[derive(Serialize, ToSchema)]
pub struct PaymentOut {
    id: PaymentId,
    booking_id: BookingId,
    /// The change of the stay whose difference it is; not there when it is for the stay itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<ChangeId>,
    status: PaymentStatus,
    amount: Money,
    /// Always `stripe`.
    provider: &'static str,
    /// For the provider's own library, which confirms the payment; only to the payer, when the attempt is made or
    /// asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    refunds: Vec<RefundOut>,
    /// Of the guest's bank, oldest first; to the host and admins alone, and left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    disputes: Vec<DisputeOut>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&PaymentView> for PaymentOut {
    fn from(view: &PaymentView) -> Self {
        let payment = &view.payment;
        Self {
            id: payment.id,
            booking_id: payment.booking_id,
            change_id: payment.change_id,
            status: PaymentStatus::of(payment.status, payment.captured_minor, payment.refunded_minor, payment.disputed),
            amount: payment.amount,
            provider: "stripe",
            client_secret: view.client_secret.clone(),
            refunds: view.refunds.iter().map(RefundOut::from).collect(),
            disputes: view.disputes.iter().map(DisputeOut::from).collect(),
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }
}
