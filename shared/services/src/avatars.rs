//! Pictures of people: asking for an upload, taking one away; and what is made of an upload, once however often it is told
//! of. The picture that is shown stays until the next one is ready. Whether bytes are an image is `photo_images`' business.

use domain::error::{Error, Result};
use domain::id::{AvatarId, UserId};
use domain::photo::{PhotoRejection, PhotoType};
use domain::throttle::Policy;
pub use store::avatars::Avatar;
use store::tx::Tx;
use store::users::User;

use crate::Services;
use crate::actor::{Actor, own_account};
use crate::photo_images::{Variants, squares};
use crate::photos::SWEPT_AT_ONCE;
use crate::ports::PhotoUpload;
use crate::throttles::{Client, Rule};

/// A picture to be uploaded.
#[derive(Clone, Copy, Debug)]
pub struct NewAvatar {
    /// Its id.
    pub id: AvatarId,
    /// Its type.
    pub content_type: PhotoType,
    /// Its size.
    pub bytes: u32,
}

/// Has a picture of the caller be uploaded, in the place of any other upload that is not ready; gives the account with it.
///
/// # Errors
/// `not_found` when the account is gone.
pub async fn add(tx: &Tx, actor: &Actor, new: NewAvatar) -> Result<User> {
    own_account(tx, actor).await?;
    store::avatars::replace_upload(tx, new.id, actor.user_id, new.content_type, new.bytes).await?;
    store::avatars::touch_user(tx, actor.user_id).await?;
    own_account(tx, actor).await
}

/// Takes the caller's picture away, and an upload that is not ready. `is_as_seen` may refuse.
///
/// # Errors
/// `not_found` when there is neither; those of `is_as_seen`.
pub async fn delete(tx: &Tx, actor: &Actor, is_as_seen: impl Fn(&User) -> Result<()>) -> Result<()> {
    is_as_seen(&own_account(tx, actor).await?)?;
    if !store::avatars::mark_all_deleted(tx, actor.user_id).await? {
        return Err(Error::not_found());
    }
    store::avatars::touch_user(tx, actor.user_id).await
}

impl Services {
    /// The request by which a picture is uploaded. Each picture costs a worker's time, so there are so many a person.
    ///
    /// # Errors
    /// `rate_limited`; `unavailable`.
    pub async fn presign_avatar(&self, client: &Client, actor: &Actor, new: NewAvatar) -> Result<PhotoUpload> {
        let rules = [Rule::calls(client), Rule::each(Policy::Avatar, &[&actor.user_id.to_string()])];
        let _counted = self.throttle(client, &rules).await?;
        self.photos.presign_upload(new.id.into(), new.content_type, new.bytes).await
    }

    /// Takes the objects of pictures away that nobody shows any more: deleted and replaced ones, and those that were not
    /// uploaded within a day. What fails is tried again in the next pass.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sweep_avatars(&self) -> Result<u64> {
        let gone = self
            .write("avatars.sweep", |tx| async move { store::avatars::take_abandoned(&tx, SWEPT_AT_ONCE).await })
            .await?;
        for id in &gone {
            self.photos.delete_all((*id).into()).await?;
        }
        store::avatars::forget(&self.db.connection().await?, &gone).await
    }

    /// Makes of an upload what it is worth: squares and a picture that is shown, or one that is rejected. Told again, it
    /// only tidies up.
    ///
    /// # Errors
    /// `unavailable`; then it must be told again.
    pub async fn process_avatar(&self, id: AvatarId) -> Result<()> {
        let declared = store::avatars::find_pending(&self.db.connection().await?, id).await?;
        if let Some(declared) = declared {
            let made = self.made_of(id.into(), (declared.content_type, declared.bytes), squares).await?;
            let Some(outcome) = &made else { return Ok(()) };
            let base_url = self.photos.base_url();
            self.write("avatars.process", |tx| async move {
                settle(&tx, (declared.user_id, id), outcome.as_ref().map_err(|why| *why), base_url).await
            })
            .await?;
        }
        // The upload has served; and when the person has taken the picture away meanwhile, so have its squares.
        if store::avatars::is_kept(&self.db.connection().await?, id).await? {
            self.photos.delete_upload(id.into()).await
        } else {
            self.photos.delete_all(id.into()).await
        }
    }
}

/// Shows or rejects a picture, if it still waits for that.
async fn settle(
    tx: &Tx,
    (user_id, id): (UserId, AvatarId),
    outcome: Result<&Variants, PhotoRejection>,
    base_url: &str,
) -> Result<()> {
    store::users::find_for_update(tx, user_id).await?;
    // It may have been replaced or taken away meanwhile, or be swept just now.
    if !store::avatars::lock_pending(tx, id).await? {
        return Ok(());
    }
    match outcome {
        Ok(_) => store::avatars::show(tx, id, user_id, base_url).await?,
        Err(why) => store::avatars::mark_rejected(tx, id, why).await?,
    }
    store::avatars::touch_user(tx, user_id).await
}
