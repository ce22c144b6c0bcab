//! The tables `reviews` and `review_reports`. A review whose window has closed reads as published, by the database's
//! clock, whether or not the sweeper has come by.

use std::collections::BTreeMap;

use domain::error::{Error, Result};
use domain::id::{BookingId, PropertyId, ReviewId, UserId};
use domain::review::{ReviewCategory, ReviewerRole, Stars};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

use crate::avatars::Avatar;
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What its author says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewContent {
    /// The whole.
    pub rating: Stars,
    /// Apart from the whole, what the author chose to rate.
    pub categories: BTreeMap<ReviewCategory, Stars>,
    /// For everybody.
    pub public_text: String,
    /// For the one reviewed.
    pub private_text: Option<String>,
}

/// A review.
#[derive(Clone, Debug)]
pub struct Review {
    /// Identity.
    pub id: ReviewId,
    /// The stay.
    pub booking_id: BookingId,
    /// Where it was.
    pub property_id: PropertyId,
    /// From which side it comes.
    pub author_role: ReviewerRole,
    /// Who wrote it.
    pub author_id: UserId,
    /// Whom it is about: the other side.
    pub subject_id: UserId,
    /// What it says.
    pub content: ReviewContent,
    /// The answer of the one reviewed, and when it was given.
    pub response: Option<ReviewResponse>,
    /// When the window closes.
    pub closes_at: Timestamp,
    /// Since when everybody may read it; none while it is hidden.
    pub published_at: Option<Timestamp>,
    /// Since when an admin keeps it out of sight.
    pub hidden_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The answer to a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewResponse {
    /// What it says.
    pub text: String,
    /// When it was given.
    pub created_at: Timestamp,
}

/// A published review as a property's page shows it.
#[derive(Clone, Debug)]
pub struct ListedReview {
    /// The review.
    pub review: Review,
    /// Given name of its author.
    pub author_first_name: String,
    /// The picture of its author that others see.
    pub author_avatar: Option<Avatar>,
}

/// What a new review needs.
pub struct NewReview<'a> {
    /// Identity.
    pub id: ReviewId,
    /// The stay.
    pub booking_id: BookingId,
    /// Where it was.
    pub property_id: PropertyId,
    /// From which side it comes.
    pub author_role: ReviewerRole,
    /// Who writes it.
    pub author_id: UserId,
    /// The other side.
    pub subject_id: UserId,
    /// What it says.
    pub content: &'a ReviewContent,
    /// When the window closes.
    pub closes_at: Timestamp,
}

/// The same rule as `domain::review::published_at`.
const PUBLISHED_AT: &str = "COALESCE(r.published_at, CASE WHEN r.closes_at <= app_now() THEN r.closes_at END)";

/// What is not to be read yet.
const HIDDEN: &str = "r.published_at IS NULL AND r.closes_at > app_now()";

/// What nobody may read but its author and admins.
const OUT_OF_SIGHT: &str = "(r.published_at IS NULL AND r.closes_at > app_now() OR r.hidden_at IS NOT NULL)";

/// The rated columns, in the order in which [`stars_of`] gives their values.
const CATEGORIES: &str = "cleanliness, accuracy, check_in, communication, location, value";

pub(crate) fn columns() -> String {
    format!(
        "r.id, r.booking_id, r.property_id, r.author_role, r.author_id, r.subject_id, r.rating, r.cleanliness, \
         r.accuracy, r.check_in, r.communication, r.location, r.value, r.public_text, r.private_text, r.response, \
         r.responded_at, r.closes_at, {PUBLISHED_AT} AS published_at, r.hidden_at, r.created_at, r.updated_at"
    )
}

/// Inserts a review, hidden; gives none when this side has reviewed the stay.
pub async fn insert(tx: &Tx, review: &NewReview<'_>) -> Result<Option<Review>> {
    let sql = format!(
        "-- reviews.insert
         INSERT INTO reviews AS r (id, booking_id, property_id, author_role, author_id, subject_id, closes_at, rating,
             public_text, private_text, {CATEGORIES})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT ON CONSTRAINT reviews_one_a_side DO NOTHING
         RETURNING {}",
        columns()
    );
    let (id, booking_id, property_id) = (review.id.uuid(), review.booking_id.uuid(), review.property_id.uuid());
    let (author_id, subject_id, role) =
        (review.author_id.uuid(), review.subject_id.uuid(), review.author_role.as_str());
    let content = review.content;
    let rating = i16::from(content.rating.get());
    let stars = stars_of(content);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &id,
        &booking_id,
        &property_id,
        &role,
        &author_id,
        &subject_id,
        &review.closes_at,
        &rating,
        &content.public_text,
        &content.private_text,
    ];
    params.extend(stars.iter().map(|stars| stars as &(dyn ToSql + Sync)));
    tx.row(&sql, &params).await?.as_ref().map(from_row).transpose()
}

/// The review of this id, hidden or not.
pub async fn find(queries: &impl Queries, id: ReviewId) -> Result<Option<Review>> {
    let sql = format!("-- reviews.find\nSELECT {} FROM reviews r WHERE r.id = $1", columns());
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The same, and nobody changes it until this transaction ends.
pub async fn find_for_update(tx: &Tx, id: ReviewId) -> Result<Option<Review>> {
    let sql =
        format!("-- reviews.find_for_update\nSELECT {} FROM reviews r WHERE r.id = $1 FOR NO KEY UPDATE", columns());
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// Puts other content into a hidden review; gives none when it is published meanwhile.
pub async fn update_hidden(tx: &Tx, id: ReviewId, content: &ReviewContent) -> Result<Option<Review>> {
    let sql = format!(
        "-- reviews.update_hidden
         UPDATE reviews r SET updated_at = app_now(), rating = $2, public_text = $3, private_text = $4,
             ({CATEGORIES}) = ($5, $6, $7, $8, $9, $10)
         WHERE r.id = $1 AND {HIDDEN}
         RETURNING {}",
        columns()
    );
    let (id, rating, stars) = (id.uuid(), i16::from(content.rating.get()), stars_of(content));
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&id, &rating, &content.public_text, &content.private_text];
    params.extend(stars.iter().map(|stars| stars as &(dyn ToSql + Sync)));
    tx.row(&sql, &params).await?.as_ref().map(from_row).transpose()
}

/// Puts the answer to a review; gives none when it has one.
pub async fn respond(tx: &Tx, id: ReviewId, text: &str) -> Result<Option<Review>> {
    let sql = format!(
        "-- reviews.respond
         UPDATE reviews r SET response = $2, responded_at = app_now(), updated_at = app_now()
         WHERE r.id = $1 AND r.response IS NULL
         RETURNING {}",
        columns()
    );
    tx.row(&sql, &[&id.uuid(), &text]).await?.as_ref().map(from_row).transpose()
}

/// Notes that somebody reports a review; a second time by the same person changes nothing.
pub async fn report(tx: &Tx, id: ReviewId, reporter_id: UserId, reason: &str) -> Result<()> {
    let sql = "-- reviews.report
               INSERT INTO review_reports (review_id, reporter_id, reason) VALUES ($1, $2, $3)
               ON CONFLICT ON CONSTRAINT review_reports_pkey DO NOTHING";
    tx.execute(sql, &[&id.uuid(), &reporter_id.uuid(), &reason]).await?;
    Ok(())
}

/// Publishes the reviews of a stay that both sides have reviewed; gives those that were not published before, none
/// while one side's is missing. The caller has locked the booking.
pub async fn publish_pair(tx: &Tx, booking_id: BookingId) -> Result<Vec<Review>> {
    let sql = format!(
        "-- reviews.publish_pair
         UPDATE reviews r SET published_at = app_now()
         WHERE r.booking_id = $1 AND r.published_at IS NULL
             AND (SELECT count(*) FROM reviews pair WHERE pair.booking_id = $1) = 2
         RETURNING {}",
        columns()
    );
    tx.rows(&sql, &[&booking_id.uuid()]).await?.iter().map(from_row).collect()
}

/// Publishes reviews whose window has closed, at most `limit` of them; rows another sweeper has are left to it.
pub async fn publish_due(tx: &Tx, limit: i64) -> Result<Vec<Review>> {
    let sql = format!(
        "-- reviews.publish_due
         UPDATE reviews r SET published_at = closes_at
         WHERE r.id IN (SELECT id FROM reviews WHERE published_at IS NULL AND closes_at <= app_now()
                        ORDER BY closes_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING {}",
        columns()
    );
    tx.rows(&sql, &[&limit]).await?.iter().map(from_row).collect()
}

/// What is shown of a review's author (`u`).
const AUTHOR: &str = "u.first_name AS author_first_name, \
    (SELECT jsonb_build_object('id', a.id, 'status', a.status, 'base_url', a.base_url, 'created_at', a.created_at) \
     FROM avatars a WHERE a.user_id = u.id AND a.status = 'ready' AND u.suspended_at IS NULL) AS author_avatar";

/// A page of guests' published reviews of a property, newest first.
pub async fn list_of_property(
    queries: &impl Queries,
    property_id: PropertyId,
    before: Option<ReviewId>,
    limit: i64,
) -> Result<Vec<ListedReview>> {
    let sql = format!(
        "-- reviews.list_of_property
         SELECT {}, {AUTHOR}
         FROM reviews r JOIN users u ON u.id = r.author_id
         WHERE r.property_id = $1 AND r.author_role = 'guest' AND NOT {OUT_OF_SIGHT}
             AND ($2::uuid IS NULL OR r.id < $2)
         ORDER BY r.id DESC LIMIT $3",
        columns()
    );
    queries
        .rows(&sql, &[&property_id.uuid(), &before.map(|id| id.uuid()), &limit])
        .await?
        .iter()
        .map(listed_from_row)
        .collect()
}

/// The newest published reviews by guests of each of these properties, at most `each` of one, in one statement;
/// newest first within a property.
pub async fn newest_of_properties(
    queries: &impl Queries,
    property_ids: &[PropertyId],
    each: i64,
) -> Result<Vec<ListedReview>> {
    let sql = format!(
        "-- reviews.newest_of_properties
         SELECT r.*, {AUTHOR}
         FROM unnest($1::uuid[]) AS wanted (property_id)
         CROSS JOIN LATERAL (SELECT {} FROM reviews r
                             WHERE r.property_id = wanted.property_id AND r.author_role = 'guest' AND NOT {OUT_OF_SIGHT}
                             ORDER BY r.id DESC LIMIT $2) r
         JOIN users u ON u.id = r.author_id
         ORDER BY r.property_id, r.id DESC",
        columns()
    );
    let ids: Vec<uuid::Uuid> = property_ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids, &each]).await?.iter().map(listed_from_row).collect()
}

/// Guests' reviews of a property that can be read by the clock, but were not counted in its rating yet.
pub async fn uncounted_of_property(queries: &impl Queries, property_id: PropertyId) -> Result<Vec<Review>> {
    let sql = format!(
        "-- reviews.uncounted_of_property
         SELECT {} FROM reviews r
         WHERE r.property_id = $1 AND r.author_role = 'guest' AND r.published_at IS NULL AND r.closes_at <= app_now()
             AND r.hidden_at IS NULL",
        columns()
    );
    queries.rows(&sql, &[&property_id.uuid()]).await?.iter().map(from_row).collect()
}

/// Takes a review out of sight, or puts it back; none when it is so already. Also whether it was published by a sweep
/// before, and so counted where it counts.
pub async fn set_hidden(tx: &Tx, id: ReviewId, hidden: bool) -> Result<Option<(Review, bool)>> {
    let sql = format!(
        "-- reviews.set_hidden
         UPDATE reviews r SET hidden_at = CASE WHEN $2 THEN app_now() END, updated_at = app_now()
         WHERE r.id = $1 AND (r.hidden_at IS NOT NULL) <> $2
         RETURNING {}, r.published_at IS NOT NULL AS swept",
        columns()
    );
    let row = tx.row(&sql, &[&id.uuid(), &hidden]).await?;
    row.map(|row| Ok((from_row(&row)?, row.read("swept")?))).transpose()
}

/// One value a column of [`CATEGORIES`].
fn stars_of(content: &ReviewContent) -> [Option<i16>; 6] {
    use ReviewCategory::{Accuracy, CheckIn, Cleanliness, Communication, Location, Value};
    [Cleanliness, Accuracy, CheckIn, Communication, Location, Value]
        .map(|category| content.categories.get(&category).map(|stars| i16::from(stars.get())))
}

fn listed_from_row(row: &Row) -> Result<ListedReview> {
    Ok(ListedReview {
        review: from_row(row)?,
        author_first_name: row.read("author_first_name")?,
        author_avatar: row.read::<Option<Json<Avatar>>>("author_avatar")?.map(|Json(avatar)| avatar),
    })
}

pub(crate) fn from_row(row: &Row) -> Result<Review> {
    let stars = |number: i16| Stars::new(i64::from(number)).map_err(Error::internal);
    let mut categories = BTreeMap::new();
    for category in ReviewCategory::ALL {
        if let Some(number) = row.read::<Option<i16>>(category.as_str())? {
            categories.insert(*category, stars(number)?);
        }
    }
    let response = match row.read::<Option<String>>("response")? {
        Some(text) => Some(ReviewResponse { text, created_at: row.read("responded_at")? }),
        None => None,
    };
    Ok(Review {
        id: ReviewId::from_uuid(row.read("id")?),
        booking_id: BookingId::from_uuid(row.read("booking_id")?),
        property_id: PropertyId::from_uuid(row.read("property_id")?),
        author_role: row.parse("author_role")?,
        author_id: UserId::from_uuid(row.read("author_id")?),
        subject_id: UserId::from_uuid(row.read("subject_id")?),
        content: ReviewContent {
            rating: stars(row.read("rating")?)?,
            categories,
            public_text: row.read("public_text")?,
            private_text: row.read("private_text")?,
        },
        response,
        closes_at: row.read("closes_at")?,
        published_at: row.read("published_at")?,
        hidden_at: row.read("hidden_at")?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
