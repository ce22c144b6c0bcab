//! `POST` and `GET /v1/properties/{id}/feeds`, `DELETE …/feeds/{feed_id}`: calendars of other sites.

use axum::extract::State;
use axum::http::StatusCode;
use domain::calendar_feed::{FeedFault, FeedName, FeedWarning, well_formed};
use domain::id::{BookingId, FeedId, PropertyId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use services::calendar_feeds::{Conflict, Feed, FeedView, NewFeed, delete};
use utoipa::ToSchema;
use web::fields::{Read, text, text_with};
use web::pages::{Page, PageParamsSchema};
use web::{
    AppState, Body, Caller, Fields, FromFields, IfMatch, OptionalIdempotencyKey, PageRequest, PathId, PathIds, Problem,
    Query, Reply, answers,
};

/// A calendar of another site.
#[derive(ToSchema)]
pub struct CreateFeedIn {
    /// Its address: https, of the public internet.
    #[schema(value_type = String, format = "uri", max_length = 2048)]
    url: String,
    /// What you call it.
    name: FeedName,
}

impl FromFields for CreateFeedIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let url = fields.required("url", text_with(well_formed));
        let name = fields.required("name", text);
        Ok(Self { url: url?, name: name? })
    }
}

impl From<CreateFeedIn> for NewFeed {
    fn from(feed: CreateFeedIn) -> Self {
        Self { name: feed.name, url: feed.url }
    }
}

/// Why a calendar could not be read the last time.
#[derive(Serialize, ToSchema)]
pub struct FeedErrorOut {
    code: FeedFault,
    /// The HTTP status of the other site, where that was it.
    #[schema(required)]
    status: Option<u16>,
}

/// Nights of another site that are booked here too.
#[derive(Serialize, ToSchema)]
pub struct FeedConflictOut {
    /// What the other site calls it.
    uid: String,
    #[schema(value_type = String, format = "date")]
    check_in: Date,
    #[schema(value_type = String, format = "date")]
    check_out: Date,
    /// What the other site says of it.
    #[schema(required)]
    summary: Option<String>,
    /// The booking here, which stands.
    booking_id: BookingId,
}

impl From<&Conflict> for FeedConflictOut {
    fn from(conflict: &Conflict) -> Self {
        Self {
            uid: conflict.uid.clone(),
            check_in: conflict.check_in,
            check_out: conflict.check_out,
            summary: conflict.summary.clone(),
            booking_id: conflict.booking_id,
        }
    }
}

/// A calendar of another site, and how fresh what is known of it is.
#[derive(Serialize, ToSchema)]
pub struct FeedOut {
    id: FeedId,
    property_id: PropertyId,
    name: String,
    #[schema(format = "uri")]
    url: String,
    /// Stays of it that take nights.
    stays: u32,
    /// When it was last read; null until it was.
    #[schema(value_type = Option<String>, format = "date-time", required)]
    refreshed_at: Option<Timestamp>,
    /// When it was last tried to be read.
    #[schema(value_type = Option<String>, format = "date-time", required)]
    attempted_at: Option<Timestamp>,
    /// When it is read again.
    #[schema(value_type = String, format = "date-time")]
    next_refresh_at: Timestamp,
    /// What was wrong the last time; nights known from before stay taken.
    #[schema(required)]
    last_error: Option<FeedErrorOut>,
    /// What was left out of it.
    warnings: Vec<FeedWarning>,
    /// Stays that clash with bookings, which stand: look at both.
    conflicts: Vec<FeedConflictOut>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<&FeedView> for FeedOut {
    fn from(FeedView { feed, conflicts }: &FeedView) -> Self {
        let Feed { last_error, last_status, .. } = feed;
        Self {
            id: feed.id,
            property_id: feed.property_id,
            name: feed.name.clone(),
            url: feed.url.clone(),
            stays: feed.stays,
            refreshed_at: feed.refreshed_at,
            attempted_at: feed.attempted_at,
            next_refresh_at: feed.refresh_at,
            last_error: last_error.map(|code| FeedErrorOut { code, status: *last_status }),
            warnings: feed.warnings.clone(),
            conflicts: conflicts.iter().map(FeedConflictOut::from).collect(),
            created_at: feed.created_at,
        }
    }
}

/// Import the calendar of another site: it is read at once if that takes but a moment, then about every hour.
///
/// A calendar that can't be read is kept all the same, with `last_error`.
#[utoipa::path(
    post,
    path = "/v1/properties/{id}/feeds",
    tag = "properties",
    operation_id = "createFeed",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    request_body = CreateFeedIn,
    responses((status = 201, description = "The feed", body = FeedOut))
)]
pub(crate) async fn create_feed(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreateFeedIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let new = NewFeed::from(body.value);
    let created = |view: &FeedView| answers::created(&FeedOut::from(view), &format!("/v1/properties/{id}/feeds"));
    let answer =
        app.services.create_feed(&actor, id, &new, key.as_ref(), |outcome| answers::of(outcome, created)).await?;
    Ok(answer.into())
}

/// Imported calendars of one's own property, oldest first, each with its freshness and conflicts.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}/feeds",
    tag = "properties",
    operation_id = "listFeeds",
    params(("id" = PropertyId, Path), PageParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of feeds", body = inline(Page<FeedOut>)))
)]
pub(crate) async fn list_feeds(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    Query(page): Query<PageRequest>,
) -> Result<Page<FeedOut>, Problem> {
    let after: Option<FeedId> = page.position(&app.services).await?;
    let mut feeds = app.services.feeds(&actor, id).await?;
    feeds.retain(|view| after.is_none_or(|after| view.feed.id > after));
    let next = page.cut(&mut feeds, |last| last.feed.id);
    let data = feeds.iter().map(FeedOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}

/// Forget an imported calendar; the nights it took are free again.
#[utoipa::path(
    delete,
    path = "/v1/properties/{id}/feeds/{feed_id}",
    tag = "properties",
    operation_id = "deleteFeed",
    params(("id" = PropertyId, Path), ("feed_id" = FeedId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "Forgotten"))
)]
pub(crate) async fn delete_feed(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathIds(id, feed_id): PathIds<PropertyId, FeedId>,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    let is_as_seen = |view: &FeedView| if_match.check_representation(&FeedOut::from(view));
    app.services
        .write("calendar_feeds.delete", |tx| async move { delete(&tx, actor, id, feed_id, is_as_seen).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
