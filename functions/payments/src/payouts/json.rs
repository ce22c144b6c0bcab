//! Wire type of payouts.

use domain::id::{BookingId, PayoutId, UserId};
use domain::money::Money;
use domain::payout::PayoutStatus;
use jiff::Timestamp;
use serde::Serialize;
use services::payouts::Payout;
use utoipa::ToSchema;

/// A part of what a stay has earned, to be sent to its host, or sent.
#[derive(Serialize, ToSchema)]
pub struct PayoutOut {
    id: PayoutId,
    host_id: UserId,
    booking_id: BookingId,
    /// Which part of the booking's earnings, from 1: stays of 28 nights and more are paid for 30 nights at a time.
    instalment: i16,
    status: PayoutStatus,
    /// What the stay has earned.
    amount: Money,
    /// What of it is kept against what the host owes from other stays; the rest is sent.
    withheld: Money,
    /// What was taken back after it was sent, since the stay earned less after all.
    reversed: Money,
    /// From when on it is sent, once the host can be paid: 24 hours after check-in.
    #[schema(value_type = String, format = "date-time")]
    due_at: Timestamp,
    #[schema(value_type = Option<String>, format = "date-time")]
    sent_at: Option<Timestamp>,
    /// The provider's name of why it was refused last.
    failure: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&Payout> for PayoutOut {
    fn from(payout: &Payout) -> Self {
        Self {
            id: payout.id,
            host_id: payout.host_id,
            booking_id: payout.booking_id,
            instalment: payout.instalment,
            status: payout.status,
            amount: payout.amount,
            withheld: payout.withheld,
            reversed: payout.reversed,
            due_at: payout.due_at,
            sent_at: payout.sent_at,
            failure: payout.failure.clone(),
            created_at: payout.created_at,
            updated_at: payout.updated_at,
        }
    }
}
