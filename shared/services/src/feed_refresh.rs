//! Reading the calendars of other sites, a few at a time. One that hangs, fails or is full of nonsense costs itself a
//! turn and nobody else anything.

use std::time::{Duration, Instant};

use domain::calendar_feed::{FeedFault, FeedUrl, ImportedCalendar, TrustedOrigin, import};
use domain::error::Result;
use domain::id::{FeedId, PropertyId};
use domain::time_zone::TimeZoneName;
use futures::future::join_all;
use jiff::civil::Date;
use store::calendar_feeds::{DueFeed, Validators};
use store::tx::Tx;
use tokio::sync::Mutex;

use crate::Services;
use crate::ports::{FetchFailure, Fetched};

/// A calendar that could be read is read again after this long.
const REFRESH_MINUTES: u32 = 60;

/// One that could not after this long, twice as long each time, up to the longest.
const FIRST_RETRY_MINUTES: u32 = 15;
const LONGEST_RETRY_MINUTES: u32 = 24 * 60;

/// How long a feed that was taken on is nobody else's; longer than a pass.
const LEASE_SECONDS: i32 = 120;

/// Feeds taken on at a time.
const BATCH_ROWS: i64 = 50;

/// How feeds are read.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    /// What may be read besides the public internet: for tests and local stacks.
    pub trusted_origin: Option<TrustedOrigin>,
    /// The longest a calendar may take, redirects and all.
    pub read_limit: Duration,
    /// The longest it may take while the host waits for the feed to be made.
    pub first_read_limit: Duration,
    /// After this a pass begins no more feeds.
    pub pass_limit: Duration,
    /// How many are read at a time.
    pub at_a_time: usize,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            trusted_origin: None,
            read_limit: Duration::from_secs(10),
            first_read_limit: Duration::from_millis(1_500),
            pass_limit: Duration::from_secs(28),
            at_a_time: 48,
        }
    }
}

/// What came of reading a calendar.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    /// It was read.
    Read { calendar: ImportedCalendar, validators: Validators },
    /// It is as it was.
    Unchanged,
    /// It could not be read.
    Failed(FetchFailure),
}

impl Reading {
    /// Keeps the first reading of a feed that this transaction made. One that only took too long for a host to wait is
    /// left to the scheduler.
    pub(crate) async fn keep_first(&self, tx: &Tx, id: FeedId, property_id: PropertyId) -> Result<()> {
        match self {
            Self::Failed(FetchFailure { fault: FeedFault::TimedOut, .. }) => Ok(()),
            Self::Failed(failure) => {
                store::calendar_feeds::note_failure(tx, id, failure.fault, failure.status, retry_minutes(0)).await
            }
            Self::Unchanged => store::calendar_feeds::note_unchanged(tx, id, REFRESH_MINUTES).await,
            Self::Read { calendar, validators } => keep(tx, id, property_id, calendar, validators).await,
        }
    }
}

/// Feeds that were taken on and wait for their turn.
#[derive(Default)]
struct Waiting {
    feeds: Vec<DueFeed>,
    is_all: bool,
}

impl Services {
    /// Reads every feed that is due, until the pass has lasted long enough; the rest is the next pass's. Counts those
    /// that were read.
    pub(crate) async fn refresh_feeds(&self) -> Result<u64> {
        let settings = &self.settings.calendar_feeds;
        let until = Instant::now() + settings.pass_limit;
        let waiting = &Mutex::new(Waiting::default());
        let worker = |_| async move {
            let mut refreshed = 0;
            while let Some(feed) = self.next_feed(waiting, until).await? {
                match self.refresh_feed(&feed).await {
                    Ok(was_read) => refreshed += u64::from(was_read),
                    // It comes again when its lease is over.
                    Err(error) => {
                        tracing::error!(feed_id = %feed.id, cause = error.causes(), "a feed's reading could not be kept")
                    }
                }
            }
            Ok(refreshed)
        };
        join_all((0..settings.at_a_time).map(worker)).await.into_iter().sum()
    }

    async fn next_feed(&self, waiting: &Mutex<Waiting>, until: Instant) -> Result<Option<DueFeed>> {
        let mut waiting = waiting.lock().await;
        while waiting.feeds.is_empty() && !waiting.is_all && Instant::now() < until {
            let due = store::calendar_feeds::claim_due(&self.db.connection().await?, BATCH_ROWS, LEASE_SECONDS).await?;
            waiting.is_all = due.len() < usize::try_from(BATCH_ROWS).unwrap_or(0);
            waiting.feeds.extend(due.into_iter().filter(|feed| !feed.is_archived));
        }
        Ok(if Instant::now() < until { waiting.feeds.pop() } else { None })
    }

    /// Reads a feed and keeps what came of it; whether it could be read.
    async fn refresh_feed(&self, feed: &DueFeed) -> Result<bool> {
        let settings = &self.settings.calendar_feeds;
        let today = feed.time_zone.date_at(feed.now);
        let reading = match FeedUrl::parse(&feed.url, settings.trusted_origin.as_ref()) {
            Ok(url) => self.read_calendar(&url, &feed.validators, &feed.time_zone, today, settings.read_limit).await,
            Err(_invalid) => Reading::Failed(FetchFailure { fault: FeedFault::AddressNotAllowed, status: None }),
        };
        match &reading {
            Reading::Failed(FetchFailure { fault, status }) => {
                tracing::info!(feed_id = %feed.id, fault = fault.as_str(), status, "a feed could not be read");
                let minutes = retry_minutes(feed.failures_in_a_row);
                let connection = self.db.connection().await?;
                store::calendar_feeds::note_failure(&connection, feed.id, *fault, *status, minutes).await?;
            }
            Reading::Unchanged => {
                let connection = self.db.connection().await?;
                store::calendar_feeds::note_unchanged(&connection, feed.id, REFRESH_MINUTES).await?;
            }
            Reading::Read { calendar, validators } => {
                self.write("calendar_feeds.refresh", |tx| async move {
                    // Whoever books these nights waits, or was first and is told of as a conflict.
                    store::bookings::lock_property(&tx, feed.property_id).await?;
                    keep(&tx, feed.id, feed.property_id, calendar, validators).await
                })
                .await?;
            }
        }
        Ok(!matches!(reading, Reading::Failed(_)))
    }

    /// Fetches a calendar and reads it, within a time.
    pub(crate) async fn read_calendar(
        &self,
        url: &FeedUrl,
        known: &Validators,
        zone: &TimeZoneName,
        today: Date,
        limit: Duration,
    ) -> Reading {
        let fault = |fault| Reading::Failed(FetchFailure { fault, status: None });
        let fetched = match tokio::time::timeout(limit, self.calendars.fetch(url, known)).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(failure)) => return Reading::Failed(failure),
            Err(_elapsed) => return fault(FeedFault::TimedOut),
        };
        let Fetched::Calendar { bytes, validators } = fetched else { return Reading::Unchanged };
        let zone = zone.clone();
        // Off the thread that serves; and a panic there would be this feed's alone.
        match Self::compute(move || import(&bytes, &zone, today)).await {
            Ok(Ok(calendar)) => Reading::Read { calendar, validators },
            Ok(Err(_)) => fault(FeedFault::NotACalendar),
            Err(error) => {
                tracing::error!(%error, "reading a calendar panicked");
                fault(FeedFault::NotACalendar)
            }
        }
    }
}

/// Keeps what a calendar says, unless its feed is gone. The property is locked.
async fn keep(
    tx: &Tx,
    id: FeedId,
    property_id: PropertyId,
    calendar: &ImportedCalendar,
    validators: &Validators,
) -> Result<()> {
    if store::calendar_feeds::note_read(tx, id, validators, &calendar.warnings, REFRESH_MINUTES).await? {
        store::calendar_feeds::replace_stays(tx, id, property_id, calendar).await?;
    }
    Ok(())
}

/// When a feed is tried again that had failed so often before it failed now.
fn retry_minutes(failures_before: u32) -> u32 {
    FIRST_RETRY_MINUTES.saturating_mul(1 << failures_before.min(10)).min(LONGEST_RETRY_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_fails_is_left_alone_for_longer_each_time_up_to_a_day() {
        let minutes: Vec<u32> = (0..9).map(retry_minutes).collect();
        assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1_440, 1_440]);
        assert_eq!(retry_minutes(u32::MAX), 1_440);
    }
}
