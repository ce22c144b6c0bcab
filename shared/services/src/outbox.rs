//! Events leave the database: by the invocation that wrote them, or by the sweeper if that failed.

use std::time::Duration;

use domain::error::{Error, Result};
use domain::event::Event;
use domain::id::EventId;

use crate::Services;

/// The most that the queue takes in one call.
const BATCH: usize = 10;

/// A slow queue must not hold up an answer whose work is done; the sweeper publishes what was left.
const PUBLISH_LIMIT: Duration = Duration::from_millis(250);

/// How many events one sweep takes at a time.
const SWEEP_ROWS: i64 = 100;

impl Services {
    /// Publishes committed events. Failing is no fault of the write: the sweeper tries again.
    pub(crate) async fn publish(&self, events: &[Event]) {
        for batch in events.chunks(BATCH) {
            let outcome = tokio::time::timeout(PUBLISH_LIMIT, self.publish_batch(batch)).await;
            if let Err(error) = outcome.map_err(Error::unavailable).flatten() {
                tracing::warn!(
                    cause = error.causes(),
                    events = batch.len(),
                    "events stay in the outbox for the sweeper"
                );
            }
        }
    }

    async fn publish_batch(&self, batch: &[Event]) -> Result<Vec<EventId>> {
        let published = self.events.publish(batch).await?;
        store::outbox::mark_published(&self.db.connection().await?, &published).await?;
        Ok(published)
    }

    /// One sweep: publishes every event that nobody is publishing; gives how many the queue has taken.
    ///
    /// # Errors
    /// `unavailable` when the database or the queue is down; the events it had taken are given back.
    pub async fn sweep_outbox(&self) -> Result<usize> {
        let mut swept = 0;
        loop {
            let claimed = self
                .db
                .run_tx("outbox.sweep", |tx| async move { store::outbox::claim(&tx, SWEEP_ROWS).await })
                .await?
                .value;
            if claimed.is_empty() {
                return Ok(swept);
            }
            for batch in claimed.chunks(BATCH) {
                match self.publish_batch(batch).await {
                    Ok(published) => swept += published.len(),
                    Err(error) => {
                        let ids: Vec<EventId> = claimed.iter().map(|event| event.id).collect();
                        store::outbox::release(&self.db.connection().await?, &ids).await?;
                        return Err(error);
                    }
                }
            }
        }
    }
}
