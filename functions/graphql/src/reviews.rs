//! What guests and hosts say of each other.

use std::sync::Arc;

use async_graphql::connection::EmptyFields;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use domain::id::{PropertyId, ReviewId};
use reviews::json::{CreateReviewIn, RespondIn, ReviewOut};
use serde::{Deserialize, Serialize};
use services::reviews::{ListedReview, Review as StoredReview, ReviewContent, create, respond};
use services::{Actor, Tx};
use web::answers;

use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::{ReviewStatus, ReviewerRole};
use crate::connections::{Item, Plain, connect, page};
use crate::loaders::{NewestReviewsOf, ProfileOf, PropertyOf};
use crate::properties::Property;
use crate::scalars::DateTime;
use crate::users::User;
use crate::{limits, mutations, wire};

/// Ratings apart from the whole: those that somebody gave.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct CategoryRatings {
    cleanliness: Option<f64>,
    accuracy: Option<f64>,
    check_in: Option<f64>,
    communication: Option<f64>,
    location: Option<f64>,
    value: Option<f64>,
}

/// The public answer of the one reviewed.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct ReviewResponse {
    text: String,
    created_at: DateTime,
}

/// A review.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Review {
    pub(crate) id: ID,
    /// The stay; to its guest and its host alone.
    booking_id: Option<ID>,
    property_id: ID,
    /// From which side of the stay it comes.
    author_role: ReviewerRole,
    author_id: ID,
    /// Whom it is about.
    subject_id: ID,
    status: ReviewStatus,
    /// 1 to 5.
    rating: i32,
    categories: CategoryRatings,
    public_text: String,
    /// To its author and the one reviewed alone.
    private_text: Option<String>,
    response: Option<ReviewResponse>,
    /// When it is published at the latest.
    closes_at: DateTime,
    published_at: Option<DateTime>,
    created_at: DateTime,
    updated_at: DateTime,
    #[serde(skip)]
    #[graphql(skip)]
    known_author: Option<String>,
}

impl Review {
    fn of(review: &StoredReview, actor: Option<&Actor>) -> domain::error::Result<Self> {
        wire::object(&ReviewOut::of(review, actor))
    }

    fn listed(listed: ListedReview, actor: Option<&Actor>) -> domain::error::Result<Self> {
        let known_author = Some(listed.author_first_name);
        Ok(Self { known_author, ..Self::of(&listed.review, actor)? })
    }
}

#[ComplexObject]
impl Review {
    /// Given name of its author.
    async fn author_first_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        if self.known_author.is_some() {
            return Ok(self.known_author.clone());
        }
        let author = ctx.loaders().load_one(ProfileOf(require_id(&self.author_id)?)).await?;
        Ok(author.map(|author| author.first_name.as_str().to_owned()))
    }

    /// Who wrote it.
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let author = ctx.loaders().load_one(ProfileOf(require_id(&self.author_id)?)).await?;
        Ok(author.as_ref().map(User::of).transpose()?)
    }

    /// Where the stay was; null when it is no longer to be seen.
    async fn property(&self, ctx: &Context<'_>) -> Result<Option<Property>> {
        let view = ctx.loaders().load_one(PropertyOf(require_id(&self.property_id)?)).await?;
        Ok(view.as_ref().map(Property::of).transpose()?)
    }
}

/// The review of this id, if the caller may see it.
pub(crate) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Review>> {
    let Some(id) = parse_id(id) else { return Ok(None) };
    let review = if_visible(ctx.services().review(ctx.actor(), id).await)?;
    Ok(review.map(|review| Review::of(&review, ctx.actor())).transpose()?)
}

/// Reviews of a property that the caller has been shown: first pages of many properties come in one statement.
pub(crate) async fn of_property_seen(
    ctx: &Context<'_>,
    id: PropertyId,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Option<Plain<Review>>> {
    if after.is_some() {
        return of_property(ctx, id, first, after).await;
    }
    let page = page(&list(id), first, None)?;
    let found = ctx.loaders().load_one(NewestReviewsOf(id, page.limit + 1)).await?.unwrap_or_default();
    connected(ctx, &page, false, found).await
}

/// Reviews of a property that the caller may or may not see.
async fn of_property(
    ctx: &Context<'_>,
    id: PropertyId,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Option<Plain<Review>>> {
    let services = ctx.services();
    let page = page(&list(id), first, after)?;
    let before: Option<ReviewId> = page.position(services).await?;
    let found = services.property_reviews(ctx.actor(), id, before, i64::from(page.limit) + 1).await;
    match if_visible(found)? {
        Some(found) => connected(ctx, &page, before.is_some(), found.reviews).await,
        None => Ok(None),
    }
}

async fn connected(
    ctx: &Context<'_>,
    page: &web::PageRequest,
    is_continued: bool,
    found: Vec<ListedReview>,
) -> Result<Option<Plain<Review>>> {
    let item = |listed: ListedReview| {
        let position = listed.review.id;
        Ok(Item { position, node: Review::listed(listed, ctx.actor())?, edge: EmptyFields })
    };
    let items = found.into_iter().map(item).collect::<domain::error::Result<_>>()?;
    Ok(Some(connect(ctx.services(), page, is_continued, items).await?))
}

/// What cursors of this list belong to.
fn list(id: PropertyId) -> String {
    format!("/graphql/properties/{id}/reviews")
}

/// Reviews.
#[derive(Default)]
pub(crate) struct ReviewQuery;

#[Object]
impl ReviewQuery {
    /// Guests' published reviews of a property, newest first.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        property_id: ID,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Review>>> {
        match parse_id(&property_id) {
            Some(id) => of_property(ctx, id, first, after).await,
            None => Ok(None),
        }
    }
}

/// Ratings apart from the whole, each 1 to 5: those the author chooses to give.
#[derive(Serialize, InputObject)]
struct CategoryRatingsInput {
    cleanliness: Option<i32>,
    accuracy: Option<i32>,
    check_in: Option<i32>,
    communication: Option<i32>,
    location: Option<i32>,
    value: Option<i32>,
}

/// A review of a stay.
#[derive(Serialize, InputObject)]
struct CreateReviewInput {
    booking_id: ID,
    /// 1 to 5.
    rating: i32,
    categories: Option<CategoryRatingsInput>,
    /// For everybody, once it is published.
    public_text: String,
    /// For the other side alone.
    private_text: Option<String>,
    idempotency_key: Option<String>,
}

/// The answer to a review.
#[derive(Serialize, InputObject)]
struct RespondToReviewInput {
    review_id: ID,
    text: String,
    idempotency_key: Option<String>,
}

/// The review as it now is.
#[derive(SimpleObject)]
struct ReviewPayload {
    review: Review,
}

/// Reviews.
#[derive(Default)]
pub(crate) struct ReviewMutation;

#[Object]
impl ReviewMutation {
    /// Review a stay that has ended, within 14 days of check-out. Nobody else reads it before the other side's is in, or
    /// the 14 days are over.
    async fn create_review(&self, ctx: &Context<'_>, input: CreateReviewInput) -> Result<Option<ReviewPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createReview", &input, key).await?;
        let body: CreateReviewIn = wire::read(&input, &[])?;
        let booking_id = body.booking_id;
        let content = &ReviewContent::from(body);
        let work = |tx: Arc<Tx>| async move { create(&tx, actor, booking_id, content).await };
        let render = |outcome: domain::error::Result<&StoredReview, &domain::error::Error>| {
            answers::of(outcome, |review| answers::ok(&ReviewOut::of(review, Some(actor))))
        };
        let answer = ctx.services().idempotently("reviews.create", key.as_ref(), work, render).await?;
        Ok(Some(ReviewPayload { review: mutations::answered(ctx, &answer)? }))
    }

    /// Answer a published review about oneself, once.
    async fn respond_to_review(&self, ctx: &Context<'_>, input: RespondToReviewInput) -> Result<Option<ReviewPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.review_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "respondToReview", &input, key).await?;
        let RespondIn { text } = &wire::read(&input, &["review_id"])?;
        let work = |tx: Arc<Tx>| async move { respond(&tx, actor, id, text).await };
        let render = |outcome: domain::error::Result<&StoredReview, &domain::error::Error>| {
            answers::of(outcome, |review| answers::ok(&ReviewOut::of(review, Some(actor))))
        };
        let answer = ctx.services().idempotently("reviews.respond", key.as_ref(), work, render).await?;
        Ok(Some(ReviewPayload { review: mutations::answered(ctx, &answer)? }))
    }
}
