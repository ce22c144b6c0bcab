//! Sending what is due: claimed, transferred, settled, each on its own.

use std::time::Instant;

use domain::error::{Error, Result};
use domain::event::EventKind;
use domain::id::BookingId;
use domain::ledger;
use domain::money::Money;
use domain::payout::PayoutAccountStatus;
use serde_json::json;
use store::Tx;
use store::payouts::{Payout, Start};

use super::planning::plan;
use super::{BATCH_ROWS, CLAIM_SECONDS, one_by_one};
use crate::Services;
use crate::bookings::event_data;
use crate::ports::{NewTransfer, TransferOutcome};

/// A payout waits so long while the guest's bank contests what paid for it.
const DISPUTED_HOURS: i32 = 24;

impl Services {
    /// Sends what is due to hosts who can be paid; gives how many payouts were sent, kept or refused.
    pub(super) async fn send_due_payouts(&self, until: Instant) -> Result<u64> {
        let due = store::payouts::due(&self.db.connection().await?, BATCH_ROWS).await?;
        one_by_one(due, until, |payout| async move { self.send_payout(&payout).await }).await
    }

    async fn send_payout(&self, due: &Payout) -> Result<()> {
        let claimed = self.write("payouts.claim", |tx| async move { claim(&tx, due).await }).await?;
        match claimed {
            Some(payout) => {
                let outcome = self.payout_provider.transfer(&transfer_of(&payout)?).await?;
                self.settle_payout(&payout, &outcome).await
            }
            None => Ok(()),
        }
    }

    /// Asks what became of transfers that nobody has heard of, and repeats those that the provider has not heard of.
    pub(super) async fn repeat_payouts(&self, until: Instant) -> Result<u64> {
        let unknown = self
            .write("payouts.claim_unknown", |tx| async move {
                store::payouts::claim_unknown(&tx, CLAIM_SECONDS, BATCH_ROWS).await
            })
            .await?;
        one_by_one(unknown, until, |payout| async move { self.repeat_payout(&payout).await }).await
    }

    async fn repeat_payout(&self, payout: &Payout) -> Result<()> {
        // Asked first: the provider forgets keys after a day, transfers never.
        let found = self.payout_provider.find_transfer(payout.booking_id, payout.id).await?;
        let outcome = match found {
            Some(transfer_id) => TransferOutcome::Done(transfer_id),
            None => self.payout_provider.transfer(&transfer_of(payout)?).await?,
        };
        self.settle_payout(payout, &outcome).await
    }

    async fn settle_payout(&self, payout: &Payout, outcome: &TransferOutcome) -> Result<()> {
        match outcome {
            TransferOutcome::Done(transfer_id) => {
                self.write("payouts.settle", |tx| async move { sent(&tx, payout, transfer_id).await }).await
            }
            TransferOutcome::Refused(reason) => {
                tracing::warn!(payout_id = %payout.id, reason, "the provider refused a payout");
                let (id, attempt) = (payout.id, payout.attempt);
                self.write("payouts.fail", |tx| async move { store::payouts::fail(&tx, id, attempt, reason).await })
                    .await?;
                // The account may be why; the payout is tried again whether it can be asked for or not.
                if let Some(account_id) = &payout.account_id
                    && let Err(error) = self.settle_payout_account(account_id).await
                {
                    tracing::warn!(account_id, cause = error.causes(), "a payout account is left to the reconciler");
                }
                Ok(())
            }
        }
    }
}

fn transfer_of(payout: &Payout) -> Result<NewTransfer> {
    let account_id = payout.account_id.clone().ok_or_else(|| Error::internal("a payout to no account"))?;
    Ok(NewTransfer {
        payout_id: payout.id,
        attempt: payout.attempt,
        booking_id: payout.booking_id,
        account_id,
        amount: payout.to_send(),
        source_intent_id: payout.source_intent_id.clone(),
    })
}

/// Makes a payout that is due still this caller's to send; none when there is nothing to send.
async fn claim(tx: &Tx, due: &Payout) -> Result<Option<Payout>> {
    let booking = store::bookings::find_for_update(tx, due.booking_id).await?;
    let booking = booking.ok_or_else(|| Error::internal("a payout of no booking"))?;
    // Planned anew: whatever has changed since, never more is sent than the books say.
    let position = plan(tx, &booking).await?;
    let account = store::payout_accounts::find(tx, due.host_id).await?;
    let account = account.filter(|account| account.status == PayoutAccountStatus::Enabled);
    let Some(account_id) = account.and_then(|account| account.account_id) else { return Ok(None) };
    let Some(payout) = store::payouts::find_due_for_update(tx, due.id).await? else { return Ok(None) };
    if position.disputed > 0 {
        store::payouts::postpone(tx, payout.id, DISPUTED_HOURS).await?;
        return Ok(None);
    }
    let debts = store::payouts::debts_of_host(tx, payout.host_id, payout.amount.currency, payout.booking_id).await?;
    let set_offs = set_off(payout.amount.amount, &debts, payout.amount.currency.payment_step_minor());
    let withheld: i64 = set_offs.iter().map(|(_, amount)| amount).sum();
    if withheld == payout.amount.amount {
        store::payouts::withhold(tx, payout.id, &set_offs).await?;
        post(tx, &payout, &set_offs).await?;
        return Ok(None);
    }
    let amount = Money::new(payout.amount.amount - withheld, payout.amount.currency);
    let source = store::payouts::source_intent(tx, payout.booking_id, amount).await?;
    let start = Start { account_id: &account_id, source_intent_id: source.as_deref(), set_offs: &set_offs };
    store::payouts::start(tx, payout.id, &start, CLAIM_SECONDS).await
}

/// The debts, oldest first, as far as an amount covers them and the provider's steps allow: what is left of the amount
/// is a multiple of `step`, as the amount is.
fn set_off(amount: i64, debts: &[(BookingId, i64)], step: i64) -> Vec<(BookingId, i64)> {
    let owed = debts.iter().map(|(_, owed)| *owed).sum::<i64>().min(amount);
    let mut left = owed - owed % step;
    let mut kept = Vec::new();
    for (booking_id, owed) in debts {
        let part = left.min(*owed);
        if part > 0 {
            kept.push((*booking_id, part));
            left -= part;
        }
    }
    kept
}

/// The money has arrived: the row, the books and who is told are one.
async fn sent(tx: &Tx, payout: &Payout, transfer_id: &str) -> Result<()> {
    let booking = store::bookings::find_for_update(tx, payout.booking_id).await?;
    let booking = booking.ok_or_else(|| Error::internal("a payout of no booking"))?;
    let Some(payout) = store::payouts::complete(tx, payout.id, payout.attempt, transfer_id).await? else {
        return Ok(());
    };
    let set_offs = store::payouts::set_offs(tx, payout.id).await?;
    post(tx, &payout, &set_offs).await?;
    let mut data = event_data(&booking);
    data["payout_id"] = json!(payout.id);
    data["amount"] = json!(payout.to_send());
    store::outbox::insert(tx, EventKind::PayoutSent, &data).await
}

/// Posts what a payout moved: what its booking earned is paid, and what others owed is settled by what was kept.
async fn post(tx: &Tx, payout: &Payout, set_offs: &[(BookingId, i64)]) -> Result<()> {
    let kept = set_offs.iter().map(|(booking_id, amount)| (*booking_id, Money::new(-amount, payout.amount.currency)));
    let parts: Vec<(BookingId, Money)> = std::iter::once((payout.booking_id, payout.amount)).chain(kept).collect();
    store::ledger::post(tx, &ledger::paid_out(payout.host_id, payout.id, &parts)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debts_are_kept_oldest_first_and_never_more_than_there_is() {
        let [a, b] = [BookingId::new(), BookingId::new()];
        assert_eq!(set_off(100, &[], 1), []);
        assert_eq!(set_off(100, &[(a, 30), (b, 50)], 1), [(a, 30), (b, 50)]);
        assert_eq!(set_off(60, &[(a, 30), (b, 50)], 1), [(a, 30), (b, 30)]);
        assert_eq!(set_off(30, &[(a, 30), (b, 50)], 1), [(a, 30)]);
        assert_eq!(set_off(100, &[(a, 33), (b, 25)], 10), [(a, 33), (b, 17)], "58, of which 50 in tens");
    }
}
