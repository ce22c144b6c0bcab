//! Reviews of stays: written blind, published when both sides are in or the window is over, counted in the property's
//! rating in the transaction that publishes them.

use std::collections::BTreeMap;

use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::event::EventKind;
use domain::id::{BookingId, PropertyId, ReviewId};
use domain::property::PropertyStatus;
use domain::review::{PropertyRating, ReportReason, ReviewCategory, ReviewText, ReviewWindow, ReviewerRole, Stars};
use domain::user::Role;
use serde_json::{Value, json};
use store::bookings::Booking;
use store::reviews::NewReview;
pub use store::reviews::{ListedReview, Review, ReviewContent, ReviewResponse};
use store::tx::Tx;

use crate::Services;
use crate::actor::{Actor, require_active};
use crate::bookings::property_of;

/// What a `PATCH` of a hidden review changes: a field left out stays.
#[derive(Clone, Debug, Default)]
pub struct ReviewPatch {
    /// The whole.
    pub rating: Option<Stars>,
    /// All categories at once.
    pub categories: Option<BTreeMap<ReviewCategory, Stars>>,
    /// For everybody.
    pub public_text: Option<ReviewText>,
    /// For the one reviewed; `Some(None)` takes it away.
    pub private_text: Option<Option<ReviewText>>,
}

/// A page of a property's reviews, and what all of them come to.
#[derive(Clone, Debug)]
pub struct PropertyReviews {
    /// Newest first.
    pub reviews: Vec<ListedReview>,
    /// Of all that can be read.
    pub rating: PropertyRating,
}

/// Reviews a stay for the actor, who was its guest or its host.
///
/// # Errors
/// `stay_not_completed`, `review_window_closed`, `already_reviewed`, `validation_failed` when the booking is not the
/// actor's, `forbidden`, `email_unverified`.
pub async fn create(tx: &Tx, actor: &Actor, booking_id: BookingId, content: &ReviewContent) -> Result<Review> {
    let author = store::users::find(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    require_active(&author)?;
    // Locked, so that of two sides at once the second sees the first, and both are published.
    let booking = store::bookings::find_for_update(tx, booking_id).await?;
    let (booking, author_role) = booking.and_then(|booking| with_role(booking, actor)).ok_or_else(|| {
        Error::invalid_field("/booking_id", Invalid::new("not_found", "There is no such booking of yours."))
    })?;
    let window = window_of(tx, &booking).await?;
    let now = store::clock::now(tx).await?;
    window.check(booking.status, now).map_err(|code| match code {
        ErrorCode::StayNotCompleted => Error::new(code, "A stay can be reviewed when it has ended."),
        code => Error::new(code, "The 14 days in which this stay could be reviewed are over."),
    })?;
    let subject_id = match author_role {
        ReviewerRole::Guest => booking.host_id,
        ReviewerRole::Host => booking.guest_id,
    };
    let new = NewReview {
        id: ReviewId::new(),
        booking_id,
        property_id: booking.property_id,
        author_role,
        author_id: actor.user_id,
        subject_id,
        content,
        closes_at: window.closes_at,
    };
    let mut review = store::reviews::insert(tx, &new)
        .await?
        .ok_or_else(|| Error::new(ErrorCode::AlreadyReviewed, "You have reviewed this stay."))?;
    store::outbox::insert(tx, EventKind::ReviewReceived, &event_data(&review)).await?;
    let published = store::reviews::publish_pair(tx, booking_id).await?;
    if let Some(own) = published.iter().find(|published| published.id == review.id) {
        review = own.clone();
    }
    count_and_tell(tx, &published).await?;
    Ok(review)
}

/// Changes a review of the actor's that nobody has read yet. `is_as_seen` holds the caller's `If-Match` against the
/// review as it is.
///
/// # Errors
/// `invalid_state` once it is published, `precondition_failed`, `forbidden`, `not_found`.
pub async fn update(
    tx: &Tx,
    actor: &Actor,
    id: ReviewId,
    patch: &ReviewPatch,
    is_as_seen: impl Fn(&Review) -> Result<()> + Send,
) -> Result<Review> {
    let review = store::reviews::find_for_update(tx, id).await?;
    let review = review.filter(|review| may_read(review, Some(actor))).ok_or_else(Error::not_found)?;
    if review.author_id != actor.user_id {
        return Err(Error::new(ErrorCode::Forbidden, "Only its author may change a review."));
    }
    is_as_seen(&review)?;
    if review.published_at.is_some() {
        return Err(published("A review that can be read can't be changed."));
    }
    let mut content = review.content.clone();
    content.rating = patch.rating.unwrap_or(content.rating);
    if let Some(categories) = &patch.categories {
        content.categories.clone_from(categories);
    }
    if let Some(text) = &patch.public_text {
        text.as_str().clone_into(&mut content.public_text);
    }
    if let Some(text) = &patch.private_text {
        content.private_text = text.as_ref().map(|text| text.as_str().to_owned());
    }
    store::reviews::update_hidden(tx, id, &content)
        .await?
        .ok_or_else(|| Error::internal("a locked hidden review was published"))
}

/// Answers a published review about the actor, once.
///
/// # Errors
/// `invalid_state` when it has an answer, `forbidden` for everybody else, `not_found`.
pub async fn respond(tx: &Tx, actor: &Actor, id: ReviewId, text: &ReviewText) -> Result<Review> {
    let review = readable(tx, actor, id).await?;
    if review.subject_id != actor.user_id {
        return Err(Error::new(ErrorCode::Forbidden, "Only the one reviewed may answer a review."));
    }
    store::reviews::respond(tx, id, text.as_str())
        .await?
        .ok_or_else(|| Error::new(ErrorCode::InvalidState, "This review has been answered.").with("state", "responded"))
}

/// Asks people to look at a review; a second time by the same actor changes nothing.
///
/// # Errors
/// `not_found`.
pub async fn report(tx: &Tx, actor: &Actor, id: ReviewId, reason: &ReportReason) -> Result<()> {
    let review = readable(tx, actor, id).await?;
    store::reviews::report(tx, review.id, actor.user_id, reason.as_str()).await
}

impl Services {
    /// A review: to everybody once it is published, before that to its author and to admins.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn review(&self, actor: Option<&Actor>, id: ReviewId) -> Result<Review> {
        store::reviews::find(&self.db.connection().await?, id)
            .await?
            .filter(|review| may_read(review, actor))
            .ok_or_else(Error::not_found)
    }

    /// A page of guests' published reviews of a property that is listed or the caller's own, and its rating.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn property_reviews(
        &self,
        actor: Option<&Actor>,
        property_id: PropertyId,
        before: Option<ReviewId>,
        limit: i64,
    ) -> Result<PropertyReviews> {
        let view = self.property(actor, property_id).await?;
        let connection = self.db.connection().await?;
        let reviews = store::reviews::list_of_property(&connection, property_id, before, limit).await?;
        let mut rating = view.property.rating;
        // What the clock has published since the last sweep is in the list, so it is in the sum.
        for review in store::reviews::uncounted_of_property(&connection, property_id).await? {
            rating.add(review.content.rating, &review.content.categories);
        }
        Ok(PropertyReviews { reviews, rating })
    }

    /// The newest published reviews by guests of each of these properties, at most `each` of one, in one statement.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn newest_reviews(&self, property_ids: &[PropertyId], each: i64) -> Result<Vec<ListedReview>> {
        store::reviews::newest_of_properties(&self.db.connection().await?, property_ids, each).await
    }
}

/// Publishes reviews whose window is over, at most `limit` of them; gives how many. Safe to run twice at once.
///
/// # Errors
/// `unavailable`.
pub async fn publish_due(tx: &Tx, limit: i64) -> Result<u64> {
    let published = store::reviews::publish_due(tx, limit).await?;
    count_and_tell(tx, &published).await?;
    Ok(published.len() as u64)
}

/// Counts what this transaction has published, and tells those it is about.
async fn count_and_tell(tx: &Tx, published: &[Review]) -> Result<()> {
    let mut published: Vec<&Review> = published.iter().collect();
    // One order for everybody who locks several properties.
    published.sort_by_key(|review| (review.property_id, review.id));
    for review in published {
        if review.hidden_at.is_some() {
            continue;
        }
        if review.author_role == ReviewerRole::Guest {
            let content = &review.content;
            let property =
                store::properties::add_rating(tx, review.property_id, content.rating, &content.categories).await?;
            if property.status == PropertyStatus::Listed {
                store::listing_search::upsert(tx, property.id).await?;
            }
        }
        store::outbox::insert(tx, EventKind::ReviewPublished, &event_data(review)).await?;
    }
    Ok(())
}

fn with_role(booking: Booking, actor: &Actor) -> Option<(Booking, ReviewerRole)> {
    let role = if booking.guest_id == actor.user_id {
        ReviewerRole::Guest
    } else if booking.host_id == actor.user_id {
        ReviewerRole::Host
    } else {
        return None;
    };
    Some((booking, role))
}

async fn window_of(tx: &Tx, booking: &Booking) -> Result<ReviewWindow> {
    let details = property_of(tx, booking).await?.details;
    Ok(ReviewWindow::of(booking.dates.check_out(), details.check_out_time, &details.rules.time_zone))
}

fn may_read(review: &Review, actor: Option<&Actor>) -> bool {
    (review.published_at.is_some() && review.hidden_at.is_none())
        || actor.is_some_and(|actor| actor.user_id == review.author_id || actor.role == Role::Admin)
}

async fn readable(tx: &Tx, actor: &Actor, id: ReviewId) -> Result<Review> {
    let user = store::users::find(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    require_active(&user)?;
    let review = store::reviews::find_for_update(tx, id).await?.filter(|review| may_read(review, Some(actor)));
    let review = review.ok_or_else(Error::not_found)?;
    // Its author sees it before; nobody deals with it before it is published.
    if review.published_at.is_none() {
        return Err(Error::new(ErrorCode::InvalidState, "This review is still hidden.").with("state", "hidden"));
    }
    Ok(review)
}

fn published(detail: &str) -> Error {
    Error::new(ErrorCode::InvalidState, detail).with("state", "published")
}

fn event_data(review: &Review) -> Value {
    json!({
        "review_id": review.id, "booking_id": review.booking_id, "property_id": review.property_id,
        "author_id": review.author_id, "subject_id": review.subject_id,
    })
}
