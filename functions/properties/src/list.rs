//! `POST /v1/properties/{id}/list`.

use axum::extract::State;
use domain::id::PropertyId;
use services::properties::list;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::json::PropertyOut;

/// Publish a draft or an unlisted property.
///
/// It needs a title, a location, a price and a photo that was uploaded: else `409 not_ready` with `missing`.
#[utoipa::path(
    post,
    path = "/v1/properties/{id}/list",
    tag = "properties",
    operation_id = "listProperty",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The listed property", body = PropertyOut))
)]
pub(crate) async fn list_property(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, uploaded) = (&actor, app.services.uploaded_photo(&actor, id).await?);
    let answer = app
        .services
        .idempotently(
            "properties.list",
            key.as_ref(),
            |tx| async move { list(&tx, actor, id, uploaded).await },
            |outcome| answers::of(outcome, |view| answers::ok(&PropertyOut::from(view))),
        )
        .await?;
    Ok(answer.into())
}
