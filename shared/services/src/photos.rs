//! Photos of a property: asking for an upload, order and captions, taking one away; and what is made of an upload, once
//! however often it is told of. Whether bytes are an image is `photo_images`' business.

use domain::error::{Error, ErrorCode, Result};
use domain::id::{PhotoId, PropertyId};
use domain::photo::{Caption, ImageId, MAX_PHOTOS, PhotoRejection, PhotoStatus, PhotoType};
use domain::property::PropertyStatus;
use serde_json::json;
pub use store::photos::Photo;
use store::tx::Tx;

use crate::Services;
use crate::actor::Actor;
use crate::photo_images::{Variants, variants};
use crate::properties::{PropertyView, own_property};

/// Photos the sweeper takes at a time: each costs calls of the storage.
pub(crate) const SWEPT_AT_ONCE: i64 = 20;

/// A photo to be uploaded.
#[derive(Clone, Copy, Debug)]
pub struct NewPhoto {
    /// Its id.
    pub id: PhotoId,
    /// Its type.
    pub content_type: PhotoType,
    /// Its size.
    pub bytes: u32,
}

/// What changes of a photo: `None` leaves it, `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct PhotoPatch {
    /// What it shows.
    pub caption: Option<Option<Caption>>,
    /// Its place among the property's photos, from 0; beyond the last is the last.
    pub position: Option<usize>,
}

/// Adds a photo behind the others, to be uploaded; gives the property with it.
///
/// # Errors
/// `too_many_photos`, `forbidden`, `not_found`.
pub async fn add(tx: &Tx, actor: &Actor, property_id: PropertyId, new: NewPhoto) -> Result<PropertyView> {
    let property = own_property(tx, actor, property_id).await?;
    if property.photos.len() >= MAX_PHOTOS {
        return Err(Error::new(ErrorCode::TooManyPhotos, format!("A property has at most {MAX_PHOTOS} photos.")));
    }
    store::photos::insert(tx, new.id, property_id, new.content_type, new.bytes).await?;
    touched(tx, property_id).await
}

/// Changes a photo's caption or place; gives the property with it. `is_as_seen` may refuse.
///
/// # Errors
/// Those of `is_as_seen`; `forbidden`, `not_found`.
pub async fn update(
    tx: &Tx,
    actor: &Actor,
    (property_id, id): (PropertyId, PhotoId),
    patch: &PhotoPatch,
    is_as_seen: impl Fn(&PropertyView) -> Result<()>,
) -> Result<PropertyView> {
    let property = own_property(tx, actor, property_id).await?;
    let mut ids: Vec<PhotoId> = property.photos.iter().map(|photo| photo.id).collect();
    let from = ids.iter().position(|other| *other == id).ok_or_else(Error::not_found)?;
    is_as_seen(&PropertyView { property, exact_place: true })?;
    if let Some(caption) = &patch.caption {
        store::photos::set_caption(tx, id, caption.as_ref().map(Caption::as_str)).await?;
    }
    if let Some(to) = patch.position {
        ids.remove(from);
        ids.insert(to.min(ids.len()), id);
        store::photos::set_order(tx, &ids).await?;
    }
    touched(tx, property_id).await
}

/// Takes a photo away. A listed property keeps one that is ready. `is_as_seen` may refuse.
///
/// # Errors
/// `not_ready` for the last good photo of a listed property; those of `is_as_seen`; `forbidden`, `not_found`.
pub async fn delete(
    tx: &Tx,
    actor: &Actor,
    (property_id, id): (PropertyId, PhotoId),
    is_as_seen: impl Fn(&PropertyView) -> Result<()>,
) -> Result<()> {
    let property = own_property(tx, actor, property_id).await?;
    let photo = property.photos.iter().find(|photo| photo.id == id).ok_or_else(Error::not_found)?;
    let is_other_ready = |other: &Photo| other.id != id && other.status == PhotoStatus::Ready;
    let is_last = photo.status != PhotoStatus::Rejected && !property.photos.iter().any(is_other_ready);
    let is_listed = property.status == PropertyStatus::Listed;
    is_as_seen(&PropertyView { property, exact_place: true })?;
    if is_listed && is_last {
        let detail = "A listed property keeps a photo: add another first, or unlist the property.";
        return Err(Error::new(ErrorCode::NotReady, detail).with("missing", json!(["photos"])));
    }
    store::photos::mark_deleted(tx, id).await?;
    store::photos::touch_property(tx, property_id).await
}

/// The property after a change of its photos.
async fn touched(tx: &Tx, id: PropertyId) -> Result<PropertyView> {
    store::photos::touch_property(tx, id).await?;
    let property = store::properties::find_for_update(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok(PropertyView { property, exact_place: true })
}

impl Services {
    /// A photo of the caller's property that was uploaded and waits for its check: it counts when the property is
    /// listed, so that no host waits for the worker.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn uploaded_photo(&self, actor: &Actor, id: PropertyId) -> Result<Option<PhotoId>> {
        let pending = store::photos::pending_of(&self.db.connection().await?, id, actor.user_id).await?;
        for photo_id in pending {
            if self.photos.is_uploaded(photo_id.into()).await? {
                return Ok(Some(photo_id));
            }
        }
        Ok(None)
    }

    /// Takes the objects of photos away that nobody shows any more: deleted ones, and those that were not uploaded
    /// within a day. What fails is tried again in the next pass.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sweep_photos(&self) -> Result<u64> {
        let gone = self
            .write("photos.sweep", |tx| async move { store::photos::take_abandoned(&tx, SWEPT_AT_ONCE).await })
            .await?;
        for id in &gone {
            self.photos.delete_all((*id).into()).await?;
        }
        store::photos::forget(&self.db.connection().await?, &gone).await
    }

    /// Makes of an upload what it is worth: variants and a photo that is ready, or one that is rejected. Told again, it
    /// only tidies up.
    ///
    /// # Errors
    /// `unavailable`; then it must be told again.
    pub async fn process_upload(&self, id: PhotoId) -> Result<()> {
        let declared = store::photos::find_pending(&self.db.connection().await?, id).await?;
        let Some(declared) = declared else { return self.tidy_up(id).await };
        let made = self.made_of(id.into(), (declared.content_type, declared.bytes), variants).await?;
        let Some(outcome) = &made else { return Ok(()) };
        let base_url = self.photos.base_url();
        self.write("photos.process", |tx| async move {
            settle(&tx, declared.property_id, id, outcome.as_ref().map_err(|why| *why), base_url).await
        })
        .await?;
        self.tidy_up(id).await
    }

    /// The upload has served; and when the host has taken the photo away meanwhile, so have its variants.
    async fn tidy_up(&self, id: PhotoId) -> Result<()> {
        match store::photos::property_of(&self.db.connection().await?, id).await? {
            Some(_) => self.photos.delete_upload(id.into()).await,
            None => self.photos.delete_all(id.into()).await,
        }
    }

    /// What is made of an upload that was declared so, kept in the storage, or why it can't be shown; none when it is not
    /// there.
    pub(crate) async fn made_of(
        &self,
        id: ImageId,
        (content_type, bytes): (PhotoType, u32),
        make: fn(&[u8], PhotoType) -> Result<Variants, PhotoRejection>,
    ) -> Result<Option<Result<Variants, PhotoRejection>>> {
        let Some(upload) = self.photos.upload(id, bytes).await? else { return Ok(None) };
        let outcome = if upload.len() as u64 == u64::from(bytes) {
            Self::compute(move || make(&upload, content_type)).await?
        } else {
            Err(PhotoRejection::WrongSize)
        };
        if let Ok(made) = &outcome {
            for (width, jpeg) in &made.jpegs {
                self.photos.put_variant(id, *width, jpeg.clone()).await?;
            }
        }
        Ok(Some(outcome))
    }
}

async fn settle(
    tx: &Tx,
    property_id: PropertyId,
    id: PhotoId,
    outcome: Result<&Variants, PhotoRejection>,
    base_url: &str,
) -> Result<()> {
    store::properties::find_for_update(tx, property_id).await?;
    let is_changed = match outcome {
        Ok(made) => store::photos::mark_ready(tx, id, (made.width, made.height), base_url).await?,
        Err(why) => store::photos::mark_rejected(tx, id, why).await?,
    };
    if is_changed { store::photos::touch_property(tx, property_id).await } else { Ok(()) }
}
