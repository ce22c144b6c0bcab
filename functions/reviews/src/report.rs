//! `POST /v1/reviews/{id}/report`.

use axum::extract::State;
use domain::id::ReviewId;
use services::reviews::report;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::ReportIn;

/// Report a published review to the people who look after the site.
#[utoipa::path(
    post,
    path = "/v1/reviews/{id}/report",
    tag = "reviews",
    operation_id = "reportReview",
    params(("id" = ReviewId, Path)),
    security(("access_token" = [])),
    request_body = ReportIn,
    responses((status = 202, description = "Somebody will look at it"))
)]
pub(crate) async fn report_review(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ReviewId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ReportIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, reason) = (&actor, &body.value.reason);
    let answer = app
        .services
        .idempotently(
            "reviews.report",
            key.as_ref(),
            |tx| async move { report(&tx, actor, id, reason).await },
            |outcome| answers::of(outcome, |()| answers::accepted()),
        )
        .await?;
    Ok(answer.into())
}
