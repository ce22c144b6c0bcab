//! `POST /v1/reviews`.

use axum::extract::State;
use services::reviews::{ReviewContent, create};
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use crate::json::{CreateReviewIn, ReviewOut};

/// Review a stay that has ended.
///
/// By its guest or its host, within 14 days of check-out, once each. Nobody else reads it before the other side's is
/// in as well, or the 14 days are over.
#[utoipa::path(
    post,
    path = "/v1/reviews",
    tag = "reviews",
    operation_id = "createReview",
    security(("access_token" = [])),
    request_body = CreateReviewIn,
    responses((status = 201, description = "The review", body = ReviewOut))
)]
pub(crate) async fn create_review(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreateReviewIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let booking_id = body.value.booking_id;
    let (actor, content) = (&actor, &ReviewContent::from(body.value));
    let answer = app
        .services
        .idempotently(
            "reviews.create",
            key.as_ref(),
            |tx| async move { create(&tx, actor, booking_id, content).await },
            |outcome| {
                answers::of(outcome, |review| {
                    answers::created(&ReviewOut::of(review, Some(actor)), &format!("/v1/reviews/{}", review.id))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
