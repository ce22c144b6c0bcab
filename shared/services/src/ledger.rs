//! The books as the use cases post to them: each movement in the transaction of the change it tells of.

use domain::error::Result;
use domain::ledger::{Movement, Subject};
use jiff::SignedDuration;
use store::Tx;
use store::bookings::Booking;
use store::ledger_check::Imbalance;

use crate::Services;

/// Posts a movement; what was posted before is not posted again.
pub(crate) async fn post(tx: &Tx, movement: &Movement) -> Result<()> {
    if !store::ledger::post(tx, movement).await? && !movement.entries.is_empty() {
        tracing::info!(source = movement.source, "posted before");
    }
    Ok(())
}

/// What movements about a booking are about.
pub(crate) const fn subject(booking: &Booking) -> Subject {
    Subject { booking_id: booking.id, host_id: booking.host_id }
}

/// How far back each pass of the scheduler looks; `cargo xtask ledger check` looks at everything.
const RECENT_HOURS: i64 = 1;

/// How many imbalances are told of at once.
const TOLD: i64 = 100;

impl Services {
    /// Holds the bookings whose money moved lately against the books; tells of what does not agree, and counts it.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn check_recent_ledger(&self) -> Result<u64> {
        let connection = self.db.connection().await?;
        let since = store::clock::now(&connection).await? - SignedDuration::from_hours(RECENT_HOURS);
        let found = store::ledger_check::imbalances(&connection, Some(since), TOLD).await?;
        for Imbalance { rule, booking_id, expected, posted } in &found {
            // The alarm `ledger-imbalances` looks for this line.
            tracing::error!(rule, %booking_id, %expected, %posted, "the books do not agree: people must look");
        }
        Ok(found.len() as u64)
    }
}
