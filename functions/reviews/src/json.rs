//! Wire types of reviews: what comes in, what goes out.

use std::collections::BTreeMap;

use domain::id::{BookingId, PropertyId, ReviewId, UserId};
use domain::review::{ReportReason, ReviewCategory, ReviewText, ReviewerRole, Stars};
use domain::user::Role;
use jiff::Timestamp;
use serde::Serialize;
use services::Actor;
use services::reviews::{Review, ReviewContent, ReviewPatch};
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, integer_with, object, text};

/// Ratings apart from the whole: those the author chose to give.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the object, which is read and written as a map")]
pub struct CategoriesSchema {
    cleanliness: Option<Stars>,
    accuracy: Option<Stars>,
    check_in: Option<Stars>,
    communication: Option<Stars>,
    location: Option<Stars>,
    value: Option<Stars>,
}

struct CategoriesIn(BTreeMap<ReviewCategory, Stars>);

impl FromFields for CategoriesIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let read: Vec<_> = ReviewCategory::ALL
            .iter()
            .map(|category| Ok((*category, fields.optional(category.as_str(), integer_with(Stars::new))?)))
            .collect();
        let given = |one: Read<(_, Option<_>)>| one.map(|(category, stars)| Some((category, stars?))).transpose();
        read.into_iter().filter_map(given).collect::<Read<_>>().map(Self)
    }
}

/// A review of a stay.
#[derive(ToSchema)]
pub struct CreateReviewIn {
    /// The stay.
    pub booking_id: BookingId,
    rating: Stars,
    #[schema(value_type = Option<CategoriesSchema>)]
    categories: Option<BTreeMap<ReviewCategory, Stars>>,
    /// For everybody, once it is published.
    public_text: ReviewText,
    /// For the other side alone.
    private_text: Option<ReviewText>,
}

impl FromFields for CreateReviewIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let booking_id = fields.required("booking_id", text);
        let rating = fields.required("rating", integer_with(Stars::new));
        let categories = fields.optional("categories", object::<CategoriesIn>);
        let public_text = fields.required("public_text", text);
        let private_text = fields.optional("private_text", text);
        Ok(Self {
            booking_id: booking_id?,
            rating: rating?,
            categories: categories?.map(|CategoriesIn(categories)| categories),
            public_text: public_text?,
            private_text: private_text?,
        })
    }
}

impl From<CreateReviewIn> for ReviewContent {
    fn from(body: CreateReviewIn) -> Self {
        Self {
            rating: body.rating,
            categories: body.categories.unwrap_or_default(),
            public_text: body.public_text.into_string(),
            private_text: body.private_text.map(ReviewText::into_string),
        }
    }
}

/// What changes of a hidden review; what is left out stays.
#[derive(ToSchema)]
pub struct PatchReviewIn {
    rating: Option<Stars>,
    /// All of them at once; null takes them away.
    #[schema(value_type = Option<CategoriesSchema>)]
    categories: Option<BTreeMap<ReviewCategory, Stars>>,
    public_text: Option<ReviewText>,
    /// Null takes it away.
    #[schema(value_type = Option<ReviewText>)]
    private_text: Option<Option<ReviewText>>,
}

impl FromFields for PatchReviewIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let rating = fields.changed("rating", integer_with(Stars::new));
        let categories = fields.clearable("categories", object::<CategoriesIn>);
        let public_text = fields.changed("public_text", text);
        let private_text = fields.clearable("private_text", text);
        let of = |categories: Option<CategoriesIn>| categories.map(|given| given.0).unwrap_or_default();
        Ok(Self {
            rating: rating?,
            categories: categories?.map(of),
            public_text: public_text?,
            private_text: private_text?,
        })
    }
}

impl From<PatchReviewIn> for ReviewPatch {
    fn from(body: PatchReviewIn) -> Self {
        Self {
            rating: body.rating,
            categories: body.categories,
            public_text: body.public_text,
            private_text: body.private_text,
        }
    }
}

/// The answer to a review.
#[derive(ToSchema)]
pub struct RespondIn {
    /// What it says.
    pub text: ReviewText,
}

impl FromFields for RespondIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let text = fields.required("text", text);
        Ok(Self { text: text? })
    }
}

/// A report of a review.
#[derive(ToSchema)]
pub struct ReportIn {
    /// For those who look after the site.
    pub reason: ReportReason,
}

impl FromFields for ReportIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let reason = fields.required("reason", text);
        Ok(Self { reason: reason? })
    }
}

/// The public answer of the one reviewed.
#[derive(Serialize, ToSchema)]
pub struct ResponseOut {
    text: String,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

/// Whether a review can be read by others than its author.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Not yet: until the other side's is in, or the window closes.
    Hidden,
    /// By everybody.
    Published,
}

/// A review.
#[derive(Serialize, ToSchema)]
pub struct ReviewOut {
    id: ReviewId,
    /// The stay; to its guest, its host and admins alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_id: Option<BookingId>,
    property_id: PropertyId,
    /// From which side of the stay it comes.
    author_role: ReviewerRole,
    author_id: UserId,
    /// Whom it is about.
    subject_id: UserId,
    status: ReviewStatus,
    rating: Stars,
    #[schema(value_type = CategoriesSchema)]
    categories: BTreeMap<ReviewCategory, Stars>,
    public_text: String,
    /// To its author and the one reviewed alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_text: Option<String>,
    #[schema(required)]
    response: Option<ResponseOut>,
    /// When it is published at the latest.
    #[schema(value_type = String, format = "date-time")]
    closes_at: Timestamp,
    #[schema(value_type = Option<String>, format = "date-time", required)]
    published_at: Option<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl ReviewOut {
    /// The review as this caller may see it.
    pub fn of(review: &Review, actor: Option<&Actor>) -> Self {
        let is_party = actor.is_some_and(|actor| [review.author_id, review.subject_id].contains(&actor.user_id));
        let is_admin = actor.is_some_and(|actor| actor.role == Role::Admin);
        let Review { content, response, .. } = review.clone();
        Self {
            id: review.id,
            booking_id: (is_party || is_admin).then_some(review.booking_id),
            property_id: review.property_id,
            author_role: review.author_role,
            author_id: review.author_id,
            subject_id: review.subject_id,
            status: if review.published_at.is_some() { ReviewStatus::Published } else { ReviewStatus::Hidden },
            rating: content.rating,
            categories: content.categories,
            public_text: content.public_text,
            private_text: content.private_text.filter(|_| is_party),
            response: response.map(|response| ResponseOut { text: response.text, created_at: response.created_at }),
            closes_at: review.closes_at,
            published_at: review.published_at,
            created_at: review.created_at,
            updated_at: review.updated_at,
        }
    }
}
