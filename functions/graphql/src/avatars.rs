//! Pictures of people.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use serde::{Deserialize, Serialize};
use services::Tx;
use services::avatars::{NewAvatar, add, delete};
use services::users::User;
use users::avatar_json::{CreateAvatarIn, CreatedAvatarOut};
use web::answers;

use crate::auth::DonePayload;
use crate::caller::RequestExt;
use crate::codes::{PhotoRejection, PhotoStatus};
use crate::photos::PhotoUpload;
use crate::scalars::DateTime;
use crate::{mutations, wire};

/// A picture of a person: square JPEGs without metadata.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Avatar {
    /// At most 96 by 96 pixels.
    small: String,
    /// At most 400 by 400 pixels.
    large: String,
}

/// A picture that is not ready.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct AvatarUpload {
    /// `PENDING` or `REJECTED`.
    status: PhotoStatus,
    /// Why it was rejected.
    rejection: Option<PhotoRejection>,
    created_at: DateTime,
}

/// What will be uploaded.
#[derive(Serialize, InputObject)]
struct CreateAvatarInput {
    /// `image/jpeg`, `image/png` or `image/webp`.
    content_type: String,
    /// Size of the file.
    bytes: i32,
    idempotency_key: Option<String>,
}

/// The picture and its upload.
#[derive(Deserialize, SimpleObject)]
struct CreateAvatarPayload {
    avatar_upload: AvatarUpload,
    upload: PhotoUpload,
}

/// The own picture.
#[derive(Default)]
pub(crate) struct AvatarMutation;

#[Object]
impl AvatarMutation {
    /// Set the own picture: the answer says how to upload it. The picture before is shown until the next is ready.
    async fn create_avatar(&self, ctx: &Context<'_>, input: CreateAvatarInput) -> Result<Option<CreateAvatarPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createAvatar", &input, key).await?;
        let new = &NewAvatar::from(wire::read::<CreateAvatarIn>(&input, &[])?);
        let services = ctx.services();
        let upload = services.presign_avatar(&web::context::current().client, actor, *new).await?;
        let work = |tx: Arc<Tx>| async move { add(&tx, actor, *new).await };
        let render = |outcome: domain::error::Result<&User, &domain::error::Error>| {
            answers::of(outcome, |user| answers::ok(&CreatedAvatarOut::of(user, new, &upload)))
        };
        let answer = services.idempotently("avatars.create", key.as_ref(), work, render).await?;
        Ok(Some(mutations::answered(ctx, &answer)?))
    }

    /// Take the own picture away, and an upload that is not ready.
    async fn delete_avatar(&self, ctx: &Context<'_>) -> Result<Option<DonePayload>> {
        let actor = ctx.signed_in()?;
        let work = |tx: Arc<Tx>| async move { delete(&tx, actor, |_| Ok(())).await };
        ctx.services().write("avatars.delete", work).await?;
        Ok(Some(DonePayload { ok: true }))
    }
}
