//! Photos of a property: looked at with it, and what its host does with them.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::id::{PhotoId, PropertyId};
use properties::photos::json::{CreatePhotoIn, CreatedPhotoOut, PhotoOut, UpdatePhotoIn};
use serde::{Deserialize, Serialize};
use services::Tx;
use services::photos::{NewPhoto, PhotoPatch, add, delete, update};
use services::properties::PropertyView;
use web::answers;

use crate::caller::{RequestExt, require_id};
use crate::codes::{PhotoRejection, PhotoStatus};
use crate::scalars::DateTime;
use crate::{mutations, wire};

/// Where a photo is shown: JPEGs without metadata, upright, at most so wide.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct PhotoUrls {
    /// 480 pixels wide.
    w480: String,
    /// 1,200 pixels wide.
    w1200: String,
}

/// A photo. Only the host sees those that are not ready.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Photo {
    id: ID,
    status: PhotoStatus,
    /// Its place among the photos that the caller sees, from 0.
    position: i32,
    caption: Option<String>,
    /// Upright, in pixels, as uploaded; null until it is ready.
    width: Option<i32>,
    /// Upright, in pixels, as uploaded; null until it is ready.
    height: Option<i32>,
    /// Null until it is ready.
    urls: Option<PhotoUrls>,
    /// Why it was rejected.
    rejection: Option<PhotoRejection>,
    created_at: DateTime,
}

/// What must be sent along with the upload.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct UploadHeaders {
    #[serde(rename = "content-type")]
    content_type: String,
    /// Browsers send it by themselves.
    #[serde(rename = "content-length")]
    content_length: String,
}

/// The request that uploads the photo: good for 15 minutes, for this type and size alone. The body is the file.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct PhotoUpload {
    /// `PUT`.
    method: String,
    url: String,
    headers: UploadHeaders,
}

/// What will be uploaded.
#[derive(Serialize, InputObject)]
struct AddPhotoInput {
    property_id: ID,
    /// `image/jpeg`, `image/png` or `image/webp`.
    content_type: String,
    /// Size of the file.
    bytes: i32,
    idempotency_key: Option<String>,
}

/// What changes of a photo: what is left out stays, null empties what may be empty.
#[derive(Serialize, InputObject)]
struct UpdatePhotoInput {
    property_id: ID,
    photo_id: ID,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    caption: MaybeUndefined<String>,
    /// Where among the photos it goes, from 0; beyond the last is the last.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    position: MaybeUndefined<i32>,
}

/// Which photo to take away.
#[derive(InputObject)]
struct DeletePhotoInput {
    property_id: ID,
    photo_id: ID,
}

/// The photo and its upload.
#[derive(Deserialize, SimpleObject)]
struct AddPhotoPayload {
    photo: Photo,
    upload: PhotoUpload,
}

/// The photo as it now is.
#[derive(SimpleObject)]
struct PhotoPayload {
    photo: Photo,
}

/// What is gone.
#[derive(SimpleObject)]
struct DeletePhotoPayload {
    deleted_photo_id: ID,
}

/// What hosts do with photos.
#[derive(Default)]
pub(crate) struct PhotoMutation;

#[Object]
impl PhotoMutation {
    /// Add a photo to a property: the answer says how to upload it.
    async fn add_photo(&self, ctx: &Context<'_>, input: AddPhotoInput) -> Result<Option<AddPhotoPayload>> {
        let actor = ctx.signed_in()?;
        let id: PropertyId = require_id(&input.property_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "addPhoto", &input, key).await?;
        let new = &NewPhoto::from(wire::read::<CreatePhotoIn>(&input, &["property_id"])?);
        let services = ctx.services();
        let upload = services.photos.presign_upload(new.id.into(), new.content_type, new.bytes).await?;
        let work = |tx: Arc<Tx>| async move { add(&tx, actor, id, *new).await };
        let render = |outcome: domain::error::Result<&PropertyView, &domain::error::Error>| {
            answers::of(outcome, |view| answers::ok(&CreatedPhotoOut::of(view, new, &upload)))
        };
        let answer = services.idempotently("photos.create", key.as_ref(), work, render).await?;
        Ok(Some(mutations::answered(ctx, &answer)?))
    }

    /// Change a photo's caption or its place among the others.
    async fn update_photo(&self, ctx: &Context<'_>, input: UpdatePhotoInput) -> Result<Option<PhotoPayload>> {
        let actor = ctx.signed_in()?;
        let ids: (PropertyId, PhotoId) = (require_id(&input.property_id)?, require_id(&input.photo_id)?);
        let patch = &PhotoPatch::from(wire::read_patch::<UpdatePhotoIn>(&input, &["property_id", "photo_id"])?);
        let work = |tx: Arc<Tx>| async move { update(&tx, actor, ids, patch, |_| Ok(())).await };
        let view = ctx.services().write("photos.update", work).await?;
        Ok(Some(PhotoPayload { photo: wire::object(&PhotoOut::one(&view, ids.1)?)? }))
    }

    /// Take a photo away. A listed property keeps one that is ready.
    async fn delete_photo(&self, ctx: &Context<'_>, input: DeletePhotoInput) -> Result<Option<DeletePhotoPayload>> {
        let actor = ctx.signed_in()?;
        let ids: (PropertyId, PhotoId) = (require_id(&input.property_id)?, require_id(&input.photo_id)?);
        let work = |tx: Arc<Tx>| async move { delete(&tx, actor, ids, |_| Ok(())).await };
        ctx.services().write("photos.delete", work).await?;
        Ok(Some(DeletePhotoPayload { deleted_photo_id: input.photo_id }))
    }
}
