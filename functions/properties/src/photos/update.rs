//! `PATCH /v1/properties/{id}/photos/{photo_id}`.

use axum::Json;
use axum::extract::State;
use domain::id::{PhotoId, PropertyId};
use services::photos::{PhotoPatch, update};
use services::properties::PropertyView;
use web::{AppState, Body, Caller, IfMatch, PathIds, Problem, Query};

use super::json::{PhotoOut, UpdatePhotoIn};

/// Change a photo's caption or its place among the others.
#[utoipa::path(
    patch,
    path = "/v1/properties/{id}/photos/{photo_id}",
    tag = "properties",
    operation_id = "updatePhoto",
    params(("id" = PropertyId, Path), ("photo_id" = PhotoId, Path)),
    security(("access_token" = [])),
    request_body = UpdatePhotoIn,
    responses((status = 200, description = "The photo as it now is", body = PhotoOut))
)]
pub(crate) async fn update_photo(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathIds(id, photo_id): PathIds<PropertyId, PhotoId>,
    if_match: IfMatch,
    Query(()): Query<()>,
    body: Body<UpdatePhotoIn>,
) -> Result<Json<PhotoOut>, Problem> {
    let (actor, patch, if_match) = (&actor, &PhotoPatch::from(body.value), &if_match);
    let view = app
        .services
        .write("photos.update", |tx| async move {
            let is_as_seen = |view: &PropertyView| if_match.check_representation(&PhotoOut::one(view, photo_id)?);
            update(&tx, actor, (id, photo_id), patch, is_as_seen).await
        })
        .await?;
    Ok(Json(PhotoOut::one(&view, photo_id)?))
}
