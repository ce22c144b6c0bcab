//! `POST /v1/properties/{id}/photos`.

use axum::extract::State;
use domain::id::PropertyId;
use services::photos::{NewPhoto, add};
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use super::json::{CreatePhotoIn, CreatedPhotoOut};

/// Add a photo: the answer says how to upload it.
///
/// Upload the file with the request in `upload`. It is then checked (at least 320 by 200 pixels, at most 50 million),
/// made into JPEGs of 480 and 1,200 pixels' width without metadata, and the photo is `ready`, or `rejected` and says why.
#[utoipa::path(
    post,
    path = "/v1/properties/{id}/photos",
    tag = "properties",
    operation_id = "createPhoto",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    request_body = CreatePhotoIn,
    responses((status = 201, description = "The photo and its upload", body = CreatedPhotoOut))
)]
pub(crate) async fn create_photo(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreatePhotoIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let new = NewPhoto::from(body.value);
    let upload = app.services.photos.presign_upload(new.id.into(), new.content_type, new.bytes).await?;
    let (actor, new, location) = (&actor, &new, format!("/v1/properties/{id}/photos/{}", new.id));
    let answer = app
        .services
        .idempotently(
            "photos.create",
            key.as_ref(),
            |tx| async move { add(&tx, actor, id, *new).await },
            |outcome| {
                answers::of(outcome, |view| answers::created(&CreatedPhotoOut::of(view, new, &upload), &location))
            },
        )
        .await?;
    Ok(answer.into())
}
