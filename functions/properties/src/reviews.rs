//! `GET /v1/properties/{id}/reviews`.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::id::{PropertyId, ReviewId, UserId};
use domain::review::{ReviewCategory, Stars};
use jiff::Timestamp;
use serde::Serialize;
use services::reviews::ListedReview;
use users::avatar_json::AvatarOut;
use utoipa::ToSchema;
use web::pages::{PageParamsSchema, PageWith};
use web::{AppState, MaybeCaller, PageRequest, PathId, Problem, Query};

use crate::json::RatingOut;

/// The host's answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewResponseOut {
    text: String,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

/// What a guest says of a property.
#[derive(Serialize, ToSchema)]
pub(crate) struct PropertyReviewOut {
    id: ReviewId,
    author_id: UserId,
    author_first_name: String,
    #[schema(required)]
    author_avatar: Option<AvatarOut>,
    rating: Stars,
    /// Those that the guest rated.
    #[schema(value_type = BTreeMap<String, Stars>)]
    categories: BTreeMap<ReviewCategory, Stars>,
    public_text: String,
    #[schema(required)]
    response: Option<ReviewResponseOut>,
    #[schema(value_type = Option<String>, format = "date-time", required)]
    published_at: Option<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<ListedReview> for PropertyReviewOut {
    fn from(ListedReview { review, author_first_name, author_avatar }: ListedReview) -> Self {
        let answer = |answer: services::reviews::ReviewResponse| ReviewResponseOut {
            text: answer.text,
            created_at: answer.created_at,
        };
        Self {
            id: review.id,
            author_id: review.author_id,
            author_first_name,
            author_avatar: author_avatar.as_ref().and_then(AvatarOut::of),
            rating: review.content.rating,
            categories: review.content.categories,
            public_text: review.content.public_text,
            response: review.response.map(answer),
            published_at: review.published_at,
            created_at: review.created_at,
        }
    }
}

/// What all published reviews of the property come to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewsSummaryOut {
    rating: RatingOut,
}

/// Guests' published reviews of a property, newest first, and its rating.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}/reviews",
    tag = "reviews",
    operation_id = "listPropertyReviews",
    params(("id" = PropertyId, Path), PageParamsSchema),
    security((), ("access_token" = [])),
    responses((
        status = 200,
        description = "A page of reviews",
        body = inline(PageWith<PropertyReviewOut, ReviewsSummaryOut>)
    ))
)]
pub(crate) async fn list_property_reviews(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<PropertyId>,
    Query(page): Query<PageRequest>,
) -> Result<PageWith<PropertyReviewOut, ReviewsSummaryOut>, Problem> {
    let before: Option<ReviewId> = page.position(&app.services).await?;
    let mut found = app.services.property_reviews(actor.as_ref(), id, before, i64::from(page.limit) + 1).await?;
    let next = page.cut(&mut found.reviews, |last| last.review.id);
    let data = found.reviews.into_iter().map(PropertyReviewOut::from).collect();
    let summary = ReviewsSummaryOut { rating: RatingOut::from(&found.rating) };
    Ok(page.page(&app.services, data, next).await?.with(summary))
}
