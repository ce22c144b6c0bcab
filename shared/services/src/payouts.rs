//! Payouts as their hosts see them. How they come to be and are sent is in `planning` and `sending`, how they are
//! taken back in `reversing`.
//!
//! **Planned** from the books whenever what a stay has earned changes, or when it is due. **Sent** when due, by one
//! claim in one transaction, a transfer outside of it under the payout's own key, and a transaction that settles both
//! the row and the books; an answer that does not come is asked for and the transfer repeated under the same key.
//! **Taken back** as far as more was paid than earned; what the provider can't take back stays owed in the books, and
//! the host's later payouts in that currency are reduced by it.

use std::time::{Duration, Instant};

use domain::error::{Error, ErrorCode, Result};
use domain::id::PayoutId;
use domain::user::Role;
pub use store::payouts::{ListFilter, Payout};

use crate::Services;
use crate::actor::Actor;

mod planning;
mod reversing;
mod sending;

/// How many bookings are planned in a pass.
const PLANNED_ROWS: i64 = 200;

/// How many transfers or reversals a pass makes: it must end before the next one starts.
const BATCH_ROWS: i64 = 50;

/// No further call of the provider is begun after so long: the scheduler has other things to do.
const PASS_LIMIT: Duration = Duration::from_secs(12);

/// A transfer or reversal under way is its sender's for so long, then the reconciler's. Longer than a call may take.
const CLAIM_SECONDS: f64 = 30.0;

impl Services {
    /// A payout, to its host and to admins.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn payout(&self, actor: &Actor, id: PayoutId) -> Result<Payout> {
        let payout = store::payouts::find(&self.db.connection().await?, id).await?;
        let is_visible = |payout: &Payout| payout.host_id == actor.user_id || actor.role == Role::Admin;
        payout.filter(is_visible).ok_or_else(Error::not_found)
    }

    /// A page of a host's payouts, newest first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn payouts(&self, filter: &ListFilter) -> Result<Vec<Payout>> {
        store::payouts::list(&self.db.connection().await?, filter).await
    }

    /// Plans, takes back and sends what is due; gives how many payouts and reversals were told to the provider. Safe
    /// to run twice at once.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn run_payouts(&self) -> Result<u64> {
        let until = Instant::now() + PASS_LIMIT;
        let planned = self.plan_payouts().await;
        let reversed = self.reverse_payouts(until).await;
        let asked = self.reconcile_payout_accounts(until).await;
        let repeated = self.repeat_payouts(until).await;
        let sent = self.send_due_payouts(until).await;
        planned.and(asked)?;
        Ok(reversed? + repeated? + sent?)
    }
}

/// Works items off, one after the other, while the provider is there and there is time; how many there were, or the first
/// failure.
async fn one_by_one<T, F>(items: Vec<T>, until: Instant, work: impl Fn(T) -> F) -> Result<u64>
where
    F: Future<Output = Result<()>>,
{
    let (total, mut first_failure) = (items.len() as u64, Ok(()));
    for item in items {
        let outcome = work(item).await;
        let is_away = outcome.as_ref().is_err_and(|error| error.code() == ErrorCode::Unavailable);
        first_failure = first_failure.and(outcome);
        if is_away || Instant::now() >= until {
            break;
        }
    }
    first_failure.map(|()| total)
}
