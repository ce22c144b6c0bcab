//! What a guest has paid for a stay, what went back, and what is kept.

use domain::error::{Error, ErrorCode, Result};
use domain::id::{BookingId, PaymentId};
use domain::money::Money;
use domain::payment::RefundStatus;
use store::bookings::Booking;
use store::payments::Payment;
use store::properties::Property;
use store::refunds::Refund;
use store::users::User;

use crate::Services;
use crate::actor::Actor;
use crate::stay_calendars::address;

/// A receipt.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The stay.
    pub booking: Booking,
    /// Where it is.
    pub property: Property,
    /// In words, as far as the guest may know.
    pub address: Option<String>,
    /// Who has paid.
    pub guest: User,
    /// Whose place it is.
    pub host: User,
    /// What was captured, oldest first.
    pub payments: Vec<Payment>,
    /// What went back or is on its way, oldest first.
    pub refunds: Vec<Refund>,
}

impl Receipt {
    /// All that was captured.
    pub fn paid(&self) -> Money {
        self.sum(self.payments.iter().map(|payment| payment.captured_minor))
    }

    /// All that went back or is on its way.
    pub fn refunded(&self) -> Money {
        self.sum(self.refunds.iter().map(|refund| refund.amount.amount))
    }

    /// What is left of it.
    pub fn kept(&self) -> Money {
        self.sum([self.paid().amount, -self.refunded().amount].into_iter())
    }

    fn sum(&self, amounts: impl Iterator<Item = i64>) -> Money {
        // Amounts are bounded far inside 64 bits.
        Money::new(amounts.sum(), self.booking.price.total.currency)
    }
}

impl Services {
    /// The receipt of a stay of the actor's.
    ///
    /// # Errors
    /// `not_paid` while nothing was captured, `forbidden` for its host, `not_found`.
    pub async fn receipt(&self, actor: &Actor, id: BookingId) -> Result<Receipt> {
        let booking = self.booking_of_guest(actor, id).await?;
        let connection = self.db.connection().await?;
        let mut payments = store::payments::list_of_booking(&connection, id).await?;
        payments.retain(|payment| payment.captured_minor > 0);
        payments.reverse();
        if payments.is_empty() {
            return Err(Error::new(ErrorCode::NotPaid, "There is a receipt once the card has been charged."));
        }
        let ids: Vec<PaymentId> = payments.iter().map(|payment| payment.id).collect();
        let mut refunds = store::refunds::list_of_payments(&connection, &ids).await?;
        refunds.retain(|refund| refund.status != RefundStatus::Failed);
        let property = store::properties::find(&connection, booking.property_id).await?.ok_or_else(missing)?;
        let guest = store::users::find(&connection, booking.guest_id).await?.ok_or_else(missing)?;
        let host = store::users::find(&connection, booking.host_id).await?.ok_or_else(missing)?;
        Ok(Receipt { address: address(&booking, &property), booking, property, guest, host, payments, refunds })
    }
}

fn missing() -> Error {
    Error::internal("a booking tells of what is not there")
}
