//! Payments that a guest's bank takes back: settled, like everything of money, by asking the provider.

use domain::booking::BookingStatus;
use domain::error::{Error, Result};
use domain::ledger;
use domain::money::{Currency, Money};
use domain::payment::{DisputeStatus, IntentStatus};
use store::Tx;
use store::bookings::Booking;
use store::disputes::Dispute;
use store::payments::Payment;

use crate::Services;
use crate::ledger::{post, subject};
use crate::ports::ProviderDispute;
use crate::refunds;

impl Services {
    /// Asks the provider about a dispute and settles it.
    ///
    /// # Errors
    /// `unavailable`, or `internal` for one of a payment that is not ours, or not settled yet.
    pub async fn settle_dispute(&self, name: &str) -> Result<()> {
        let told = &self.payment_provider.dispute(name).await?;
        self.write("payments.settle_dispute", |tx| async move { settle(&tx, told).await }).await
    }

    /// Asks about the latest disputes, since webhooks may be lost, and settles what is not as we know it; gives how many.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub(crate) async fn reconcile_disputes(&self) -> Result<u64> {
        if !store::payments::any_captured(&self.db.connection().await?).await? {
            return Ok(0);
        }
        let mut settled = 0;
        let mut first_failure = Ok(());
        for told in &self.payment_provider.latest_disputes().await? {
            let connection = self.db.connection().await?;
            if store::payments::find_of_intent(&connection, &told.intent_id).await?.is_none() {
                continue; // Not of this product; one that becomes ours comes by its webhook.
            }
            let known = store::disputes::find(&connection, &told.id).await?;
            drop(connection);
            if known.is_none_or(|known| known.status != told.status || known.withdrawn != told.withdrawn()) {
                settled += 1;
                let outcome = async {
                    self.settle_intent(&told.intent_id).await?;
                    self.settle_dispute(&told.id).await
                };
                first_failure = first_failure.and(outcome.await);
            }
        }
        first_failure.map(|()| settled)
    }
}

async fn settle(tx: &Tx, told: &ProviderDispute) -> Result<()> {
    let stranger = || Error::internal(format!("the dispute {} is of no captured payment of ours", told.id));
    let found = store::payments::find_of_intent(tx, &told.intent_id).await?.ok_or_else(stranger)?;
    // The booking is locked before its payment, as by everybody who needs both.
    let booking = store::bookings::find_for_update(tx, found.booking_id).await?.ok_or_else(stranger)?;
    let payment = store::payments::find_for_update(tx, found.id).await?.ok_or_else(stranger)?;
    if payment.status != IntentStatus::Succeeded {
        return Err(stranger());
    }
    let known = store::disputes::find(tx, &told.id).await?;
    if known.is_none() {
        // The alarm `money-to-look-at` looks for this line.
        tracing::error!(dispute = told.id, payment_id = %payment.id, "a guest's bank contests a payment: people must look");
    }
    for moved in &told.movements {
        post(tx, &ledger::dispute_moved(subject(&booking), &moved.id, moved.amount, moved.fee_minor)).await?;
    }
    let before = known.map(|known| known.status);
    post_verdict(tx, &payment, &booking, told, before).await?;
    let dispute = Dispute {
        id: told.id.clone(),
        payment_id: payment.id,
        amount: told.amount,
        status: told.status,
        reason: told.reason.clone(),
        withdrawn: told.withdrawn(),
        fee_minor: told.movements.iter().map(|moved| moved.fee_minor).sum(),
        respond_by: told.respond_by,
    };
    store::disputes::save(tx, &dispute).await?;
    if told.status.stands() || payment.quarantined {
        return Ok(());
    }
    give_back_what_is_the_guests(tx, &booking, told.amount.currency).await
}

/// What became the guest's while the bank had the money, as the difference of a cheaper change, goes back once the bank
/// has given the money again.
async fn give_back_what_is_the_guests(tx: &Tx, booking: &Booking, currency: Currency) -> Result<()> {
    if matches!(booking.status, BookingStatus::PendingPayment | BookingStatus::PendingHost) {
        return Ok(()); // It pays for the stay, if there is one.
    }
    let owned = store::ledger::standing(tx, booking.id, currency).await?.guest_funds;
    if owned > 0 {
        let reason = "The guest's bank has given the payment again.";
        refunds::decide_of_booking(tx, booking, Money::new(owned, currency), reason).await?;
    }
    Ok(())
}

/// A dispute that is lost takes from the host and from us what was parked; once.
async fn post_verdict(
    tx: &Tx,
    payment: &Payment,
    booking: &Booking,
    told: &ProviderDispute,
    before: Option<DisputeStatus>,
) -> Result<()> {
    if before == Some(DisputeStatus::Lost) && told.status != DisputeStatus::Lost {
        tracing::error!(dispute = told.id, status = %told.status, "a lost dispute is not lost any more: people must look");
    }
    let lost = told.withdrawn();
    if told.status != DisputeStatus::Lost || lost.amount == 0 {
        return Ok(());
    }
    let of = subject(booking);
    let movement = if payment.quarantined {
        ledger::quarantined_dispute_lost(of, &told.id, lost)
    } else {
        let standing = store::ledger::standing(tx, booking.id, lost.currency).await?;
        ledger::dispute_lost(of, &told.id, lost, &booking.price, standing.guest_funds)
    };
    post(tx, &movement).await
}

impl ProviderDispute {
    /// What the bank has taken and not given again, by the provider's account.
    fn withdrawn(&self) -> Money {
        let currency = self.movements.first().map_or(self.amount.currency, |moved| moved.amount.currency);
        Money::new(-self.movements.iter().map(|moved| moved.amount.amount).sum::<i64>(), currency)
    }
}
