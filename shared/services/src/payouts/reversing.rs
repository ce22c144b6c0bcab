//! Taking back what was paid and not earned after all. What the provider refuses stays owed in the books.

use std::time::Instant;

use domain::error::{Error, Result};
use domain::ledger;
use store::Tx;
use store::payout_reversals::Reversal;

use super::{BATCH_ROWS, CLAIM_SECONDS, one_by_one};
use crate::Services;
use crate::ports::{NewReversal, TransferOutcome};

impl Services {
    /// Tells the provider of what was decided to be taken back; gives how many reversals.
    pub(super) async fn reverse_payouts(&self, until: Instant) -> Result<u64> {
        let pending = self
            .write("payouts.claim_reversals", |tx| async move {
                store::payout_reversals::claim_pending(&tx, CLAIM_SECONDS, BATCH_ROWS).await
            })
            .await?;
        one_by_one(pending, until, |reversal| async move { self.reverse_payout(&reversal).await }).await
    }

    async fn reverse_payout(&self, reversal: &Reversal) -> Result<()> {
        let known = match reversal.was_tried {
            true => self.payout_provider.find_reversal(&reversal.transfer_id, reversal.id).await?,
            false => None,
        };
        let outcome = match known {
            Some(name) => TransferOutcome::Done(name),
            None => {
                let new = NewReversal {
                    id: reversal.id,
                    payout_id: reversal.payout_id,
                    transfer_id: reversal.transfer_id.clone(),
                    amount: reversal.amount,
                };
                self.payout_provider.reverse(&new).await?
            }
        };
        let outcome = &outcome;
        self.write("payouts.settle_reversal", |tx| async move { settle(&tx, reversal, outcome).await }).await
    }
}

async fn settle(tx: &Tx, reversal: &Reversal, outcome: &TransferOutcome) -> Result<()> {
    // Before the payout, as by everybody who needs both.
    let booking = store::bookings::find_for_update(tx, reversal.booking_id).await?;
    booking.ok_or_else(|| Error::internal("a payout of no booking"))?;
    match outcome {
        TransferOutcome::Done(name) => {
            if store::payout_reversals::complete(tx, reversal, name).await? {
                let parts = [(reversal.booking_id, reversal.amount)];
                let movement = ledger::payout_reversed(reversal.host_id, reversal.id, &parts);
                store::ledger::post(tx, &movement).await?;
            }
            Ok(())
        }
        TransferOutcome::Refused(reason) => {
            tracing::warn!(reversal_id = %reversal.id, reason, "the host owes it: later payouts are reduced");
            store::payout_reversals::refuse(tx, reversal.id, reason).await
        }
    }
}
