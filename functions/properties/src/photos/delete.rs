//! `DELETE /v1/properties/{id}/photos/{photo_id}`.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{PhotoId, PropertyId};
use services::photos::delete;
use services::properties::PropertyView;
use web::{AppState, Caller, IfMatch, PathIds, Problem, Query};

use super::json::PhotoOut;

/// Take a photo away. A listed property keeps one that is ready: `409 not_ready`.
#[utoipa::path(
    delete,
    path = "/v1/properties/{id}/photos/{photo_id}",
    tag = "properties",
    operation_id = "deletePhoto",
    params(("id" = PropertyId, Path), ("photo_id" = PhotoId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete_photo(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathIds(id, photo_id): PathIds<PropertyId, PhotoId>,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("photos.delete", |tx| async move {
            let is_as_seen = |view: &PropertyView| if_match.check_representation(&PhotoOut::one(view, photo_id)?);
            delete(&tx, actor, (id, photo_id), is_as_seen).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
