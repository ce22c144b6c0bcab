//! `PATCH /v1/reviews/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::ReviewId;
use services::reviews::{ReviewPatch, update};
use web::{AppState, Body, Caller, IfMatch, PathId, Problem, Query};

use crate::json::{PatchReviewIn, ReviewOut};

/// Change a review that nobody has read yet.
///
/// By its author, while it is hidden; `409 invalid_state` after that.
#[utoipa::path(
    patch,
    path = "/v1/reviews/{id}",
    tag = "reviews",
    operation_id = "updateReview",
    params(("id" = ReviewId, Path)),
    security(("access_token" = [])),
    request_body = PatchReviewIn,
    responses((status = 200, description = "The review as it now is", body = ReviewOut))
)]
pub(crate) async fn update_review(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ReviewId>,
    if_match: IfMatch,
    Query(()): Query<()>,
    body: Body<PatchReviewIn>,
) -> Result<Json<ReviewOut>, Problem> {
    let (actor, patch, if_match) = (&actor, &ReviewPatch::from(body.value), &if_match);
    let review = app
        .services
        .write("reviews.update", |tx| async move {
            let is_as_seen = |review: &_| if_match.check_representation(&ReviewOut::of(review, Some(actor)));
            update(&tx, actor, id, patch, is_as_seen).await
        })
        .await?;
    Ok(Json(ReviewOut::of(&review, Some(actor))))
}
