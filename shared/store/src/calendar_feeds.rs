//! The tables `calendar_feeds` and `imported_stays`. Whoever changes a property's feeds or what they take locks the
//! property first, as whoever books it does.

use domain::calendar_feed::{FeedFault, FeedName, FeedUrl, FeedWarning, ImportedCalendar};
use domain::error::{Error, Result};
use domain::id::{BookingId, FeedId, PropertyId};
use domain::time_zone::TimeZoneName;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;

use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

/// A calendar of another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Identity.
    pub id: FeedId,
    /// Whose nights it takes.
    pub property_id: PropertyId,
    /// What the host calls it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// When the host named it.
    pub created_at: Timestamp,
    /// When it is read again.
    pub refresh_at: Timestamp,
    /// When it was last tried to be read.
    pub attempted_at: Option<Timestamp>,
    /// When it was last read.
    pub refreshed_at: Option<Timestamp>,
    /// What was wrong the last time.
    pub last_error: Option<FeedFault>,
    /// The HTTP status, where that was it.
    pub last_status: Option<u16>,
    /// What was left out of it.
    pub warnings: Vec<FeedWarning>,
    /// How many stays it takes nights by.
    pub stays: u32,
}

/// Nights of another site that are booked here too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Whose stay.
    pub feed_id: FeedId,
    /// What the other site calls it.
    pub uid: String,
    /// Its first night.
    pub check_in: Date,
    /// Its day of leaving.
    pub check_out: Date,
    /// What the other site says of it.
    pub summary: Option<String>,
    /// The booking here.
    pub booking_id: BookingId,
}

/// What asks whether a calendar has changed since it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// For `If-None-Match`.
    pub etag: Option<String>,
    /// For `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// A feed to be read now.
#[derive(Clone, Debug)]
pub struct DueFeed {
    /// Identity.
    pub id: FeedId,
    /// Whose nights it takes.
    pub property_id: PropertyId,
    /// Where it is.
    pub url: String,
    /// What it was when last read.
    pub validators: Validators,
    /// How often in a row it could not be read.
    pub failures_in_a_row: u32,
    /// The property's zone.
    pub time_zone: TimeZoneName,
    /// Whether its property is archived: then nobody reads it.
    pub is_archived: bool,
    /// The database's clock.
    pub now: Timestamp,
}

const COLUMNS: &str = "id, property_id, name, url, created_at, refresh_at, attempted_at, refreshed_at, last_error, \
    last_status, warnings, (SELECT count(*) FROM imported_stays WHERE feed_id = calendar_feeds.id) AS stays";

/// Inserts a feed that is due at once; false when the property has one of this address.
pub async fn insert(tx: &Tx, id: FeedId, property_id: PropertyId, name: &FeedName, url: &FeedUrl) -> Result<bool> {
    let sql = "-- calendar_feeds.insert
               INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, $3, $4)
               ON CONFLICT ON CONSTRAINT calendar_feeds_once DO NOTHING";
    Ok(tx.execute(sql, &[&id.uuid(), &property_id.uuid(), &name.as_str(), &url.as_str()]).await? == 1)
}

/// How many feeds a property has.
pub async fn count(tx: &Tx, property_id: PropertyId) -> Result<usize> {
    let sql = "-- calendar_feeds.count\nSELECT count(*) AS feeds FROM calendar_feeds WHERE property_id = $1";
    let row = tx.row(sql, &[&property_id.uuid()]).await?;
    let feeds: i64 = row.map_or(Ok(0), |row| row.read("feeds"))?;
    usize::try_from(feeds).map_err(Error::internal)
}

/// A property's feeds, oldest first.
pub async fn list(queries: &impl Queries, property_id: PropertyId) -> Result<Vec<Feed>> {
    let sql =
        format!("-- calendar_feeds.list\nSELECT {COLUMNS} FROM calendar_feeds WHERE property_id = $1 ORDER BY id");
    queries.rows(&sql, &[&property_id.uuid()]).await?.iter().map(from_row).collect()
}

/// Removes a feed, and with it the nights it takes; false when the property has no such feed.
pub async fn delete(tx: &Tx, property_id: PropertyId, id: FeedId) -> Result<bool> {
    let sql = "-- calendar_feeds.delete\nDELETE FROM calendar_feeds WHERE id = $1 AND property_id = $2";
    Ok(tx.execute(sql, &[&id.uuid(), &property_id.uuid()]).await? == 1)
}

/// Imported stays that are not over and share a night with a booking of the property, at most `limit`, the next first.
/// A booking that comes back from the other site under its own name is no conflict.
pub async fn conflicts(queries: &impl Queries, property_id: PropertyId, limit: i64) -> Result<Vec<Conflict>> {
    let sql = "-- calendar_feeds.conflicts
               SELECT stay.feed_id, stay.uid, stay.check_in, stay.check_out, stay.summary, booking.id AS booking_id
               FROM imported_stays stay
               JOIN properties property ON property.id = stay.property_id
               JOIN bookings booking ON booking.property_id = stay.property_id
                   AND booking.check_in < stay.check_out AND stay.check_in < booking.held_until
                   AND booking.status IN ('pending_payment', 'pending_host', 'confirmed')
                   AND (booking.hold_expires_at IS NULL OR booking.hold_expires_at > app_now())
               WHERE stay.property_id = $1
                   AND stay.check_out > (app_now() AT TIME ZONE property.time_zone)::date
               ORDER BY stay.check_in, stay.uid, booking.id LIMIT $2";
    let conflict = |row: &Row| -> Result<Conflict> {
        Ok(Conflict {
            feed_id: FeedId::from_uuid(row.read("feed_id")?),
            uid: row.read("uid")?,
            check_in: row.read("check_in")?,
            check_out: row.read("check_out")?,
            summary: row.read("summary")?,
            booking_id: BookingId::from_uuid(row.read("booking_id")?),
        })
    };
    let rows = queries.rows(sql, &[&property_id.uuid(), &limit]).await?;
    let mut found = rows.iter().map(conflict).collect::<Result<Vec<_>>>()?;
    found.retain(|conflict| !conflict.uid.starts_with(&conflict.booking_id.to_string()));
    Ok(found)
}

/// Takes on at most `limit` feeds that are due, the longest waiting first. Nobody else gets them for `lease_seconds`:
/// whoever dies in between leaves them to the next.
pub async fn claim_due(queries: &impl Queries, limit: i64, lease_seconds: i32) -> Result<Vec<DueFeed>> {
    let sql = "-- calendar_feeds.claim_due
               WITH due AS (
                   SELECT id FROM calendar_feeds WHERE refresh_at <= app_now()
                   ORDER BY refresh_at LIMIT $1 FOR UPDATE SKIP LOCKED
               )
               UPDATE calendar_feeds feed
               SET refresh_at = app_now()
                   + CASE WHEN property.status = 'archived' THEN interval '1 day' ELSE make_interval(secs => $2) END
               FROM due, properties property
               WHERE feed.id = due.id AND property.id = feed.property_id
               RETURNING feed.id, feed.property_id, feed.url, feed.etag, feed.last_modified, feed.failures_in_a_row,
                   property.time_zone, property.status = 'archived' AS is_archived, app_now() AS now";
    let due = |row: &Row| {
        Ok(DueFeed {
            id: FeedId::from_uuid(row.read("id")?),
            property_id: PropertyId::from_uuid(row.read("property_id")?),
            url: row.read("url")?,
            validators: Validators { etag: row.read("etag")?, last_modified: row.read("last_modified")? },
            failures_in_a_row: unsigned("failures_in_a_row", i64::from(row.read::<i32>("failures_in_a_row")?))?,
            time_zone: row.parse("time_zone")?,
            is_archived: row.read("is_archived")?,
            now: row.read("now")?,
        })
    };
    queries.rows(sql, &[&limit, &f64::from(lease_seconds)]).await?.iter().map(due).collect()
}

/// Notes that a feed could not be read; what it took it keeps.
pub async fn note_failure(
    queries: &impl Queries,
    id: FeedId,
    fault: FeedFault,
    status: Option<u16>,
    next_minutes: u32,
) -> Result<()> {
    let sql = "-- calendar_feeds.note_failure
               UPDATE calendar_feeds SET attempted_at = app_now(), last_error = $2, last_status = $3,
                   failures_in_a_row = failures_in_a_row + 1, refresh_at = app_now() + make_interval(mins => $4)
               WHERE id = $1";
    let (status, minutes) = (status.and_then(|status| i16::try_from(status).ok()), minutes(next_minutes));
    queries.execute(sql, &[&id.uuid(), &fault.as_str(), &status, &minutes]).await?;
    Ok(())
}

/// Notes that a feed is as it was when it was last read.
pub async fn note_unchanged(queries: &impl Queries, id: FeedId, next_minutes: u32) -> Result<()> {
    let sql = "-- calendar_feeds.note_unchanged
               UPDATE calendar_feeds SET attempted_at = app_now(), refreshed_at = app_now(), last_error = NULL,
                   last_status = NULL, failures_in_a_row = 0, refresh_at = app_now() + make_interval(mins => $2)
               WHERE id = $1";
    queries.execute(sql, &[&id.uuid(), &minutes(next_minutes)]).await?;
    Ok(())
}

/// Notes that a feed was read; false when it is no longer there.
pub async fn note_read(
    tx: &Tx,
    id: FeedId,
    validators: &Validators,
    warnings: &[FeedWarning],
    next_minutes: u32,
) -> Result<bool> {
    let sql = "-- calendar_feeds.note_read
               UPDATE calendar_feeds SET attempted_at = app_now(), refreshed_at = app_now(), last_error = NULL,
                   last_status = NULL, failures_in_a_row = 0, etag = $2, last_modified = $3, warnings = $4,
                   refresh_at = app_now() + make_interval(mins => $5)
               WHERE id = $1";
    let warnings: Vec<&str> = warnings.iter().map(|warning| warning.as_str()).collect();
    let Validators { etag, last_modified } = validators;
    Ok(tx.execute(sql, &[&id.uuid(), etag, last_modified, &warnings, &minutes(next_minutes)]).await? == 1)
}

/// Makes the feed's stays those of the calendar: new ones come, moved ones move, vanished ones go, and those that are
/// there but can't be read stay as they were. Rows that say the same are not touched.
pub async fn replace_stays(tx: &Tx, id: FeedId, property_id: PropertyId, calendar: &ImportedCalendar) -> Result<()> {
    let upsert = "-- calendar_feeds.upsert_stays
                  INSERT INTO imported_stays (feed_id, property_id, uid, check_in, check_out, summary)
                  SELECT $1::uuid, $2::uuid, * FROM unnest($3::text[], $4::date[], $5::date[], $6::text[])
                  ON CONFLICT ON CONSTRAINT imported_stays_pkey DO UPDATE
                  SET check_in = excluded.check_in, check_out = excluded.check_out, summary = excluded.summary
                  WHERE (imported_stays.check_in, imported_stays.check_out, imported_stays.summary)
                      IS DISTINCT FROM (excluded.check_in, excluded.check_out, excluded.summary)";
    let delete = "-- calendar_feeds.delete_stays\nDELETE FROM imported_stays WHERE feed_id = $1 AND uid <> ALL ($2)";
    let stays = &calendar.stays;
    let mut kept: Vec<&str> = stays.iter().map(|stay| stay.uid.as_str()).collect();
    let first_nights: Vec<Date> = stays.iter().map(|stay| stay.check_in).collect();
    let ends: Vec<Date> = stays.iter().map(|stay| stay.check_out).collect();
    let summaries: Vec<Option<&str>> = stays.iter().map(|stay| stay.summary.as_deref()).collect();
    tx.execute(upsert, &[&id.uuid(), &property_id.uuid(), &kept, &first_nights, &ends, &summaries]).await?;
    kept.extend(calendar.unreadable_uids.iter().map(String::as_str));
    tx.execute(delete, &[&id.uuid(), &kept]).await?;
    Ok(())
}

fn minutes(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn from_row(row: &Row) -> Result<Feed> {
    let status = row.read::<Option<i16>>("last_status")?;
    let warning = |code: &String| code.parse().map_err(Error::internal);
    Ok(Feed {
        id: FeedId::from_uuid(row.read("id")?),
        property_id: PropertyId::from_uuid(row.read("property_id")?),
        name: row.read("name")?,
        url: row.read("url")?,
        created_at: row.read("created_at")?,
        refresh_at: row.read("refresh_at")?,
        attempted_at: row.read("attempted_at")?,
        refreshed_at: row.read("refreshed_at")?,
        last_error: row.parse_optional("last_error")?,
        last_status: status.map(u16::try_from).transpose().map_err(Error::internal)?,
        warnings: row.read::<Vec<String>>("warnings")?.iter().map(warning).collect::<Result<_>>()?,
        stays: unsigned("stays", row.read("stays")?)?,
    })
}
