//! Calendars of other sites.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use properties::calendar_feeds::{CreateFeedIn, FeedOut};
use serde::{Deserialize, Serialize};
use services::calendar_feeds::{NewFeed, delete};
use web::answers;

use crate::calendar_exports::own;
use crate::caller::{RequestExt, require_id};
use crate::scalars::{Date, DateTime};
use crate::{mutations, wire};

/// Why a calendar could not be read the last time.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct FeedError {
    /// Stable: `address_not_allowed`, `name_not_found`, `unreachable`, `timed_out`, `too_large`, `too_many_redirects`,
    /// `refused` or `not_a_calendar`.
    code: String,
    /// The HTTP status of the other site, where that was it.
    status: Option<i32>,
}

/// Nights of another site that are booked here too.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct FeedConflict {
    /// What the other site calls it.
    uid: String,
    check_in: Date,
    check_out: Date,
    /// What the other site says of it.
    summary: Option<String>,
    /// The booking here, which stands.
    booking_id: ID,
}

/// A calendar of another site, and how fresh what is known of it is.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Feed {
    id: ID,
    property_id: ID,
    name: String,
    url: String,
    /// Stays of it that take nights.
    stays: i32,
    /// When it was last read; null until it was.
    refreshed_at: Option<DateTime>,
    /// When it was last tried to be read.
    attempted_at: Option<DateTime>,
    /// When it is read again.
    next_refresh_at: DateTime,
    /// What was wrong the last time; nights known from before stay taken.
    last_error: Option<FeedError>,
    /// What was left out of it: stable codes.
    warnings: Vec<String>,
    /// Stays that clash with bookings, which stand: look at both.
    conflicts: Vec<FeedConflict>,
    created_at: DateTime,
}

/// Of a property that the caller sees; null but for its host.
pub(crate) async fn of_property(ctx: &Context<'_>, property_id: &str) -> Result<Option<Vec<Feed>>> {
    let Some(actor) = ctx.actor() else { return Ok(None) };
    let Some(feeds) = own(ctx.services().feeds(actor, require_id(property_id)?).await)? else { return Ok(None) };
    let feeds = feeds.iter().map(|view| wire::object(&FeedOut::from(view)));
    Ok(Some(feeds.collect::<domain::error::Result<_>>()?))
}

/// A calendar to import.
#[derive(Serialize, InputObject)]
struct CreateFeedInput {
    property_id: ID,
    /// Its address: https, of the public internet.
    url: String,
    /// What you call it.
    name: String,
    idempotency_key: Option<String>,
}

/// The feed.
#[derive(SimpleObject)]
struct CreateFeedPayload {
    feed: Feed,
}

/// A calendar to forget.
#[derive(InputObject)]
struct DeleteFeedInput {
    property_id: ID,
    feed_id: ID,
}

/// What was forgotten.
#[derive(SimpleObject)]
struct DeleteFeedPayload {
    feed_id: ID,
}

/// What hosts do about calendars of other sites.
#[derive(Default)]
pub(crate) struct CalendarFeedMutation;

#[Object]
impl CalendarFeedMutation {
    /// Import the calendar of another site: it is read at once if that takes but a moment, then about every hour.
    async fn create_feed(&self, ctx: &Context<'_>, input: CreateFeedInput) -> Result<Option<CreateFeedPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.property_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createFeed", &input, key).await?;
        let new = NewFeed::from(wire::read::<CreateFeedIn>(&input, &["property_id"])?);
        let answer = ctx
            .services()
            .create_feed(actor, id, &new, key.as_ref(), |outcome| {
                answers::of(outcome, |view| answers::ok(&FeedOut::from(view)))
            })
            .await?;
        Ok(Some(CreateFeedPayload { feed: mutations::answered(ctx, &answer)? }))
    }

    /// Forget an imported calendar; the nights it took are free again.
    async fn delete_feed(&self, ctx: &Context<'_>, input: DeleteFeedInput) -> Result<Option<DeleteFeedPayload>> {
        let actor = ctx.signed_in()?;
        let (property_id, id) = (require_id(&input.property_id)?, require_id(&input.feed_id)?);
        let is_as_seen = |_: &_| Ok(());
        ctx.services()
            .write("calendar_feeds.delete", |tx| async move { delete(&tx, actor, property_id, id, is_as_seen).await })
            .await?;
        Ok(Some(DeleteFeedPayload { feed_id: input.feed_id }))
    }
}
