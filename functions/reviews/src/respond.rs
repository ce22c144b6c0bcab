//! `POST /v1/reviews/{id}/response`.

use axum::extract::State;
use domain::id::ReviewId;
use services::reviews::respond;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::{RespondIn, ReviewOut};

/// Answer a published review in public.
///
/// Once, by the one reviewed; a second answer is `409 invalid_state`.
#[utoipa::path(
    post,
    path = "/v1/reviews/{id}/response",
    tag = "reviews",
    operation_id = "respondToReview",
    params(("id" = ReviewId, Path)),
    security(("access_token" = [])),
    request_body = RespondIn,
    responses((status = 201, description = "The review with its answer", body = ReviewOut))
)]
pub(crate) async fn respond_to_review(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ReviewId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<RespondIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, text) = (&actor, &body.value.text);
    let answer = app
        .services
        .idempotently(
            "reviews.respond",
            key.as_ref(),
            |tx| async move { respond(&tx, actor, id, text).await },
            |outcome| {
                answers::of(outcome, |review| {
                    answers::created(&ReviewOut::of(review, Some(actor)), &format!("/v1/reviews/{id}"))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
