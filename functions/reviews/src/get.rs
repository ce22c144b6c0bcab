//! `GET /v1/reviews/{id}`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::ReviewId;
use web::{AppState, MaybeCaller, PathId, Problem, Query};

use crate::json::ReviewOut;

/// A published review, or one's own.
#[utoipa::path(
    get,
    path = "/v1/reviews/{id}",
    tag = "reviews",
    operation_id = "getReview",
    params(("id" = ReviewId, Path)),
    security((), ("access_token" = [])),
    responses((status = 200, description = "The review", body = ReviewOut))
)]
pub(crate) async fn get_review(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<ReviewId>,
    Query(()): Query<()>,
) -> Result<impl IntoResponse, Problem> {
    let review = app.services.review(actor.as_ref(), id).await?;
    // It differs by caller, and changes at any time: kept only to ask whether it is still the same.
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(ReviewOut::of(&review, actor.as_ref()))))
}
