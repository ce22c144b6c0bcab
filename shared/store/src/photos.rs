//! The table `photos`. A property's photos come with it (`properties`); here is what changes them. Whoever changes one
//! has locked its property.

use domain::error::{Error, Result};
use domain::id::{PhotoId, PropertyId, UserId};
use domain::photo::{PhotoRejection, PhotoStatus, PhotoType};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::Error as _;
use uuid::Uuid;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// A photo of a property.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Photo {
    /// Identity.
    #[serde(deserialize_with = "photo_id")]
    pub id: PhotoId,
    /// Where it stands.
    pub status: PhotoStatus,
    /// What it shows.
    pub caption: Option<String>,
    /// Upright width in pixels, once it is ready.
    pub width: Option<u32>,
    /// Upright height in pixels, once it is ready.
    pub height: Option<u32>,
    /// Where its variants are served from, once it is ready.
    pub base_url: Option<String>,
    /// Why it was rejected.
    pub rejection: Option<PhotoRejection>,
    /// When its upload was asked for.
    pub created_at: Timestamp,
}

fn photo_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<PhotoId, D::Error> {
    let text = String::deserialize(deserializer)?;
    Uuid::parse_str(&text).map(PhotoId::from_uuid).map_err(D::Error::custom)
}

/// Adds a photo behind the others.
pub async fn insert(tx: &Tx, id: PhotoId, property_id: PropertyId, content_type: PhotoType, bytes: u32) -> Result<()> {
    let sql = "-- photos.insert
               INSERT INTO photos (id, property_id, content_type, bytes, sort_order)
               SELECT $1, $2, $3, $4, coalesce(max(sort_order) + 1, 0) FROM photos WHERE property_id = $2";
    let bytes = i32::try_from(bytes).map_err(Error::internal)?;
    tx.execute(sql, &[&id.uuid(), &property_id.uuid(), &content_type.as_str(), &bytes]).await?;
    Ok(())
}

/// The property of a photo that is not deleted.
pub async fn property_of(queries: &impl Queries, id: PhotoId) -> Result<Option<PropertyId>> {
    let sql = "-- photos.property_of\nSELECT property_id FROM photos WHERE id = $1 AND status <> 'deleted'";
    let row = queries.row(sql, &[&id.uuid()]).await?;
    row.map(|row| Ok(PropertyId::from_uuid(row.read("property_id")?))).transpose()
}

/// Says what a photo shows, or nothing.
pub async fn set_caption(tx: &Tx, id: PhotoId, caption: Option<&str>) -> Result<()> {
    tx.execute("-- photos.set_caption\nUPDATE photos SET caption = $2 WHERE id = $1", &[&id.uuid(), &caption]).await?;
    Ok(())
}

/// Puts photos into this order.
pub async fn set_order(tx: &Tx, ids: &[PhotoId]) -> Result<()> {
    let sql = "-- photos.set_order
               UPDATE photos SET sort_order = wanted.place
               FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) WHERE photos.id = wanted.id";
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    tx.execute(sql, &[&ids]).await?;
    Ok(())
}

/// Takes a photo away; its objects follow.
pub async fn mark_deleted(tx: &Tx, id: PhotoId) -> Result<()> {
    tx.execute("-- photos.mark_deleted\nUPDATE photos SET status = 'deleted' WHERE id = $1", &[&id.uuid()]).await?;
    Ok(())
}

/// What an upload was said to be.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The property.
    pub property_id: PropertyId,
    /// Its type.
    pub content_type: PhotoType,
    /// Its size.
    pub bytes: u32,
}

/// What the upload of a photo was said to be, while it waits for it.
pub async fn find_pending(queries: &impl Queries, id: PhotoId) -> Result<Option<Declared>> {
    let sql = "-- photos.find_pending
               SELECT property_id, content_type, bytes FROM photos WHERE id = $1 AND status = 'pending'";
    let row = queries.row(sql, &[&id.uuid()]).await?;
    let declared = row.map(|row| {
        Ok(Declared {
            property_id: PropertyId::from_uuid(row.read("property_id")?),
            content_type: row.parse("content_type")?,
            bytes: u32::try_from(row.read::<i32>("bytes")?).map_err(Error::internal)?,
        })
    });
    declared.transpose()
}

/// The photos of a host's property that wait for their upload or its check.
pub async fn pending_of(queries: &impl Queries, id: PropertyId, host_id: UserId) -> Result<Vec<PhotoId>> {
    let sql = "-- photos.pending_of
               SELECT photo.id FROM photos photo JOIN properties ON properties.id = photo.property_id
               WHERE photo.property_id = $1 AND properties.host_id = $2 AND photo.status = 'pending'
               ORDER BY photo.sort_order, photo.id";
    let rows = queries.rows(sql, &[&id.uuid(), &host_id.uuid()]).await?;
    rows.iter().map(|row| Ok(PhotoId::from_uuid(row.read("id")?))).collect()
}

/// Marks a pending photo as ready; false when it is no longer pending.
pub async fn mark_ready(tx: &Tx, id: PhotoId, (width, height): (u32, u32), base_url: &str) -> Result<bool> {
    let sql = "-- photos.mark_ready
               UPDATE photos SET status = 'ready', width = $2, height = $3, base_url = $4
               WHERE id = $1 AND status = 'pending'";
    let pixels = |pixels: u32| i32::try_from(pixels).map_err(Error::internal);
    Ok(tx.execute(sql, &[&id.uuid(), &pixels(width)?, &pixels(height)?, &base_url]).await? > 0)
}

/// Marks a pending photo as rejected; false when it is no longer pending.
pub async fn mark_rejected(tx: &Tx, id: PhotoId, why: PhotoRejection) -> Result<bool> {
    let sql = "-- photos.mark_rejected
               UPDATE photos SET status = 'rejected', rejection = $2 WHERE id = $1 AND status = 'pending'";
    Ok(tx.execute(sql, &[&id.uuid(), &why.as_str()]).await? > 0)
}

/// Gives up photos that were never uploaded within a day; gives the ids of those whose objects are to go, oldest first.
pub async fn take_abandoned(tx: &Tx, limit: i64) -> Result<Vec<PhotoId>> {
    let sql = "-- photos.take_abandoned
               UPDATE photos SET status = 'deleted'
               WHERE id IN (SELECT id FROM photos
                            WHERE status = 'deleted'
                                OR (status = 'pending' AND created_at < app_now() - interval '1 day')
                            ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING id";
    let rows = tx.rows(sql, &[&limit]).await?;
    rows.iter().map(|row| Ok(PhotoId::from_uuid(row.read("id")?))).collect()
}

/// Forgets photos whose objects are gone.
pub async fn forget(queries: &impl Queries, ids: &[PhotoId]) -> Result<u64> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.execute("-- photos.forget\nDELETE FROM photos WHERE id = ANY($1) AND status = 'deleted'", &[&ids]).await
}

/// Notes that the property is another than it was: its photos are a part of it.
pub async fn touch_property(tx: &Tx, id: PropertyId) -> Result<()> {
    let sql = "-- photos.touch_property\nUPDATE properties SET updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}
