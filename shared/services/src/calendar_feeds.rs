//! Calendars of other sites: naming one, looking at what it takes, forgetting it. Reading them is `feed_refresh`'s.

use domain::calendar_feed::{FeedName, FeedUrl, MAX_FEEDS};
use domain::error::{Error, ErrorCode, Result};
use domain::id::{FeedId, PropertyId};
use store::tx::Tx;

pub use store::calendar_feeds::{Conflict, Feed};

use crate::Services;
use crate::actor::Actor;
use crate::feed_refresh::Reading;
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer};
use crate::properties::{own_property, require_own};

/// Conflicts that are told at most: a host who has more has the same work to begin with.
const MAX_CONFLICTS: i64 = 200;

/// A calendar that a host names.
#[derive(Clone, Debug)]
pub struct NewFeed {
    /// What the host calls it.
    pub name: FeedName,
    /// Where it is, as the host wrote it.
    pub url: String,
}

/// A feed, and which of its stays are booked here too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedView {
    /// The feed.
    pub feed: Feed,
    /// Its stays that clash with bookings: the booking stands, and people must look.
    pub conflicts: Vec<Conflict>,
}

impl Services {
    /// Names a feed of the caller's own property and reads it at once, if that takes but a moment; else the scheduler
    /// does. A feed that can't be read is made all the same: what is wrong with it stands in it.
    ///
    /// # Errors
    /// `validation_failed` at `/url`, `feed_exists`, `too_many_feeds`, `forbidden`, `not_found`.
    pub async fn create_feed(
        &self,
        actor: &Actor,
        property_id: PropertyId,
        new: &NewFeed,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&FeedView, &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        let connection = self.db.connection().await?;
        let property = store::properties::find(&connection, property_id).await?.ok_or_else(Error::not_found)?;
        let zone = require_own(property, actor)?.details.rules.time_zone;
        let today = zone.date_at(store::clock::now(&connection).await?);
        drop(connection);
        let at_url = |invalid| Error::invalid_field("/url", invalid);
        let settings = &self.settings.calendar_feeds;
        let url = &FeedUrl::parse(&new.url, settings.trusted_origin.as_ref()).map_err(at_url)?;
        // Read before the transaction: no call to another site while it is open.
        let reading = &self.read_calendar(url, &Default::default(), &zone, today, settings.first_read_limit).await;
        self.idempotently(
            "calendar_feeds.create",
            key,
            |tx| async move { insert(&tx, actor, property_id, &new.name, url, reading).await },
            render,
        )
        .await
    }

    /// The feeds of the caller's own property, oldest first.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn feeds(&self, actor: &Actor, property_id: PropertyId) -> Result<Vec<FeedView>> {
        let connection = self.db.connection().await?;
        let property = store::properties::find(&connection, property_id).await?.ok_or_else(Error::not_found)?;
        require_own(property, actor)?;
        let feeds = store::calendar_feeds::list(&connection, property_id).await?;
        if feeds.is_empty() {
            return Ok(Vec::new());
        }
        let conflicts = store::calendar_feeds::conflicts(&connection, property_id, MAX_CONFLICTS).await?;
        Ok(feeds.into_iter().map(|feed| view(feed, &conflicts)).collect())
    }
}

/// Forgets a feed of the caller's own property within a transaction; the nights it took are free again.
///
/// # Errors
/// What `is_as_seen` gives for the feed, `forbidden`, `not_found`.
pub async fn delete(
    tx: &Tx,
    actor: &Actor,
    property_id: PropertyId,
    id: FeedId,
    is_as_seen: impl Fn(&FeedView) -> Result<()> + Send,
) -> Result<()> {
    own_property(tx, actor, property_id).await?;
    is_as_seen(&find(tx, property_id, id).await?)?;
    if store::calendar_feeds::delete(tx, property_id, id).await? { Ok(()) } else { Err(Error::not_found()) }
}

async fn insert(
    tx: &Tx,
    actor: &Actor,
    property_id: PropertyId,
    name: &FeedName,
    url: &FeedUrl,
    reading: &Reading,
) -> Result<FeedView> {
    own_property(tx, actor, property_id).await?;
    if store::calendar_feeds::count(tx, property_id).await? >= MAX_FEEDS {
        let detail = format!("A property has at most {MAX_FEEDS} feeds. Delete one first.");
        return Err(Error::new(ErrorCode::TooManyFeeds, detail));
    }
    let id = FeedId::new();
    if !store::calendar_feeds::insert(tx, id, property_id, name, url).await? {
        return Err(Error::new(ErrorCode::FeedExists, "The property has a feed of this address."));
    }
    reading.keep_first(tx, id, property_id).await?;
    find(tx, property_id, id).await
}

async fn find(tx: &Tx, property_id: PropertyId, id: FeedId) -> Result<FeedView> {
    let feeds = store::calendar_feeds::list(tx, property_id).await?;
    let feed = feeds.into_iter().find(|feed| feed.id == id).ok_or_else(Error::not_found)?;
    let conflicts = store::calendar_feeds::conflicts(tx, property_id, MAX_CONFLICTS).await?;
    Ok(view(feed, &conflicts))
}

fn view(feed: Feed, conflicts: &[Conflict]) -> FeedView {
    let conflicts = conflicts.iter().filter(|conflict| conflict.feed_id == feed.id).cloned().collect();
    FeedView { feed, conflicts }
}
