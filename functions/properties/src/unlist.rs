//! `POST /v1/properties/{id}/unlist`.

use axum::extract::State;
use domain::id::PropertyId;
use services::properties::unlist;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::PropertyOut;

/// Take a property off the market; its bookings stand.
#[utoipa::path(
    post,
    path = "/v1/properties/{id}/unlist",
    tag = "properties",
    operation_id = "unlistProperty",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The unlisted property", body = PropertyOut))
)]
pub(crate) async fn unlist_property(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let actor = &actor;
    let answer = app
        .services
        .idempotently(
            "properties.unlist",
            key.as_ref(),
            |tx| async move { unlist(&tx, actor, id).await },
            |outcome| answers::of(outcome, |view| answers::ok(&PropertyOut::from(view))),
        )
        .await?;
    Ok(answer.into())
}
