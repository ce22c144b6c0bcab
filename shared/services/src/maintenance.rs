//! What the scheduler does each minute. Every step is safe to run twice at once, and one that fails does not keep
//! the others from running.

use std::sync::Arc;

use domain::error::Result;
use serde::Serialize;
use store::Tx;

use crate::Services;

/// Rows a transaction of the sweeper takes at a time, so that none holds locks for long.
const BATCH_ROWS: i64 = 200;

/// What a pass did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct PassReport {
    /// Holds that ran out and were marked so.
    pub expired_holds: u64,
    /// Holds and requests of which somebody was told that they run out.
    pub told_expiries: u64,
    /// Stays of which both sides were told that they begin tomorrow.
    pub told_arrivals: u64,
    /// Changes of stays that were not answered or paid for in time and were marked so.
    pub expired_changes: u64,
    /// Payments and refunds the provider was asked about.
    pub reconciled_payments: u64,
    /// Payouts and what is taken back of them, as far as the provider was told or asked.
    pub payouts: u64,
    /// Stays that ended and were marked so.
    pub completed_stays: u64,
    /// Reviews whose window is over and that were published.
    pub published_reviews: u64,
    /// Events the queue has taken.
    pub published_events: u64,
    /// Changes that the cache had not been told of.
    pub told_changes: u64,
    /// Calendars of other sites that were read.
    pub refreshed_feeds: u64,
    /// People who have gone and of whom nothing is left.
    pub finished_erasures: u64,
    /// People whose sessions were ended, since their tokens say what is no longer true.
    pub ended_sessions: u64,
    /// Photos taken away for good.
    pub swept_photos: u64,
    /// Pictures of people taken away for good.
    pub swept_avatars: u64,
    /// Old rows removed.
    pub purged_rows: u64,
    /// What of the last hour's money does not agree with the books.
    pub ledger_imbalances: u64,
    /// Steps that failed, by name; their errors are in the log. The next pass tries again.
    pub failed_steps: Vec<&'static str>,
}

impl Services {
    /// One pass over everything that is due.
    pub async fn run_maintenance(&self) -> PassReport {
        let mut report = PassReport::default();
        report.expired_holds = report.step("expire_holds", self.expire_holds().await);
        report.told_expiries = report.step("tell_of_expiry", self.tell_of_expiry().await);
        report.told_arrivals = report.step("tell_of_arrivals", self.tell_of_arrivals().await);
        report.expired_changes = report.step("expire_changes", self.expire_changes().await);
        report.reconciled_payments = report.step("reconcile_payments", self.reconcile_payments().await);
        report.completed_stays = report.step("complete_stays", self.complete_stays().await);
        report.payouts = report.step("payouts", self.run_payouts().await);
        report.published_reviews = report.step("publish_reviews", self.publish_reviews().await);
        let swept = self.sweep_outbox().await.map(|events| events as u64);
        report.published_events = report.step("sweep_outbox", swept);
        report.told_changes = report.step("tell_cache", self.tell_cache_all().await);
        report.ended_sessions = report.step("end_sessions", self.end_noted_sessions().await);
        report.finished_erasures = report.step("carry_out_erasures", self.carry_out_erasures().await);
        report.swept_photos = report.step("sweep_photos", self.sweep_photos().await);
        report.swept_avatars = report.step("sweep_avatars", self.sweep_avatars().await);
        report.purged_rows = report.step("purge", self.purge().await);
        report.ledger_imbalances = report.step("check_ledger", self.check_recent_ledger().await);
        // Last, since it waits for others.
        report.refreshed_feeds = report.step("refresh_feeds", self.refresh_feeds().await);
        report
    }

    async fn expire_holds(&self) -> Result<u64> {
        self.in_batches("maintenance.expire_holds", |tx| async move {
            store::bookings::expire_overdue(&tx, BATCH_ROWS).await
        })
        .await
    }

    async fn expire_changes(&self) -> Result<u64> {
        self.in_batches("maintenance.expire_changes", |tx| async move {
            store::booking_changes::expire_overdue(&tx, BATCH_ROWS).await
        })
        .await
    }

    async fn complete_stays(&self) -> Result<u64> {
        self.in_batches("maintenance.complete_stays", |tx| async move {
            store::bookings::complete_ended(&tx, BATCH_ROWS).await
        })
        .await
    }

    async fn tell_of_expiry(&self) -> Result<u64> {
        self.in_batches("maintenance.tell_of_expiry", |tx| async move {
            crate::reminders::tell_of_expiry(&tx, BATCH_ROWS).await
        })
        .await
    }

    async fn tell_of_arrivals(&self) -> Result<u64> {
        self.in_batches("maintenance.tell_of_arrivals", |tx| async move {
            crate::reminders::tell_of_arrivals(&tx, BATCH_ROWS).await
        })
        .await
    }

    async fn publish_reviews(&self) -> Result<u64> {
        self.in_batches("maintenance.publish_reviews", |tx| async move {
            crate::reviews::publish_due(&tx, BATCH_ROWS).await
        })
        .await
    }

    /// Repeats a step that takes at most [`BATCH_ROWS`], each time in a transaction of its own, until less is due.
    async fn in_batches<F>(&self, name: &'static str, step: impl Fn(Arc<Tx>) -> F) -> Result<u64>
    where
        F: Future<Output = Result<u64>>,
    {
        let mut total = 0;
        loop {
            let done = self.write(name, &step).await?;
            total += done;
            if done < BATCH_ROWS.unsigned_abs() {
                return Ok(total);
            }
        }
    }

    async fn purge(&self) -> Result<u64> {
        let connection = self.db.connection().await?;
        let published = store::outbox::purge(&connection).await?;
        let answered = store::idempotency_keys::purge(&connection).await?;
        Ok(published + answered + store::email_changes::purge(&connection).await?)
    }
}

impl PassReport {
    fn step(&mut self, name: &'static str, outcome: Result<u64>) -> u64 {
        outcome.unwrap_or_else(|error| {
            tracing::error!(step = name, cause = error.causes(), "a maintenance step failed");
            self.failed_steps.push(name);
            0
        })
    }
}
