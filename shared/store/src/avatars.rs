//! The table `avatars`. A person's pictures come with their account (`users`); here is what changes them. Whoever changes
//! one has locked the account.

use domain::error::{Error, Result};
use domain::id::{AvatarId, UserId};
use domain::photo::{PhotoRejection, PhotoStatus, PhotoType};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::Error as _;
use uuid::Uuid;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// A picture of a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Avatar {
    /// Identity.
    #[serde(deserialize_with = "avatar_id")]
    pub id: AvatarId,
    /// Where it stands.
    pub status: PhotoStatus,
    /// Where its sizes are served from, once it is ready.
    pub base_url: Option<String>,
    /// Why it was rejected.
    pub rejection: Option<PhotoRejection>,
    /// When its upload was asked for.
    pub created_at: Timestamp,
}

fn avatar_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<AvatarId, D::Error> {
    let text = String::deserialize(deserializer)?;
    Uuid::parse_str(&text).map(AvatarId::from_uuid).map_err(D::Error::custom)
}

/// Adds a picture in the place of any that waits for its upload or its check, or was rejected.
pub async fn replace_upload(tx: &Tx, id: AvatarId, user_id: UserId, content_type: PhotoType, bytes: u32) -> Result<()> {
    let sql = "-- avatars.retire_upload
               UPDATE avatars SET status = 'deleted' WHERE user_id = $1 AND status IN ('pending', 'rejected')";
    tx.execute(sql, &[&user_id.uuid()]).await?;
    let sql = "-- avatars.insert\nINSERT INTO avatars (id, user_id, content_type, bytes) VALUES ($1, $2, $3, $4)";
    let bytes = i32::try_from(bytes).map_err(Error::internal)?;
    tx.execute(sql, &[&id.uuid(), &user_id.uuid(), &content_type.as_str(), &bytes]).await?;
    Ok(())
}

/// Takes all pictures of a person away, whether shown or not; their objects follow. False when there was none.
pub async fn mark_all_deleted(tx: &Tx, user_id: UserId) -> Result<bool> {
    let sql = "-- avatars.mark_all_deleted
               UPDATE avatars SET status = 'deleted' WHERE user_id = $1 AND status <> 'deleted'";
    Ok(tx.execute(sql, &[&user_id.uuid()]).await? > 0)
}

/// What an upload was said to be.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// Whose picture it is.
    pub user_id: UserId,
    /// Its type.
    pub content_type: PhotoType,
    /// Its size.
    pub bytes: u32,
}

/// What the upload of a picture was said to be, while it waits for it.
pub async fn find_pending(queries: &impl Queries, id: AvatarId) -> Result<Option<Declared>> {
    let sql = "-- avatars.find_pending
               SELECT user_id, content_type, bytes FROM avatars WHERE id = $1 AND status = 'pending'";
    let row = queries.row(sql, &[&id.uuid()]).await?;
    let declared = row.map(|row| {
        Ok(Declared {
            user_id: UserId::from_uuid(row.read("user_id")?),
            content_type: row.parse("content_type")?,
            bytes: u32::try_from(row.read::<i32>("bytes")?).map_err(Error::internal)?,
        })
    });
    declared.transpose()
}

/// Locks a picture that waits for its upload; false when none does by that name.
pub async fn lock_pending(tx: &Tx, id: AvatarId) -> Result<bool> {
    let sql = "-- avatars.lock_pending\nSELECT 1 FROM avatars WHERE id = $1 AND status = 'pending' FOR UPDATE";
    Ok(tx.row(sql, &[&id.uuid()]).await?.is_some())
}

/// Whether a picture is there that is not deleted.
pub async fn is_kept(queries: &impl Queries, id: AvatarId) -> Result<bool> {
    let sql = "-- avatars.is_kept\nSELECT 1 FROM avatars WHERE id = $1 AND status <> 'deleted'";
    Ok(queries.row(sql, &[&id.uuid()]).await?.is_some())
}

/// Shows a pending picture in the place of the one shown before.
pub async fn show(tx: &Tx, id: AvatarId, user_id: UserId, base_url: &str) -> Result<()> {
    let sql = "-- avatars.retire_shown\nUPDATE avatars SET status = 'deleted' WHERE user_id = $1 AND status = 'ready'";
    tx.execute(sql, &[&user_id.uuid()]).await?;
    let sql = "-- avatars.mark_ready
               UPDATE avatars SET status = 'ready', base_url = $2 WHERE id = $1 AND status = 'pending'";
    tx.execute(sql, &[&id.uuid(), &base_url]).await?;
    Ok(())
}

/// Marks a pending picture as rejected.
pub async fn mark_rejected(tx: &Tx, id: AvatarId, why: PhotoRejection) -> Result<()> {
    let sql = "-- avatars.mark_rejected
               UPDATE avatars SET status = 'rejected', rejection = $2 WHERE id = $1 AND status = 'pending'";
    tx.execute(sql, &[&id.uuid(), &why.as_str()]).await?;
    Ok(())
}

/// Gives up pictures that were never uploaded within a day; gives the ids of those whose objects are to go, oldest first.
pub async fn take_abandoned(tx: &Tx, limit: i64) -> Result<Vec<AvatarId>> {
    let sql = "-- avatars.take_abandoned
               UPDATE avatars SET status = 'deleted'
               WHERE id IN (SELECT id FROM avatars
                            WHERE status = 'deleted'
                                OR (status = 'pending' AND created_at < app_now() - interval '1 day')
                            ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING id";
    let rows = tx.rows(sql, &[&limit]).await?;
    rows.iter().map(|row| Ok(AvatarId::from_uuid(row.read("id")?))).collect()
}

/// Forgets pictures whose objects are gone.
pub async fn forget(queries: &impl Queries, ids: &[AvatarId]) -> Result<u64> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.execute("-- avatars.forget\nDELETE FROM avatars WHERE id = ANY($1) AND status = 'deleted'", &[&ids]).await
}

/// Notes that the account is another than it was: its pictures are a part of it.
pub async fn touch_user(tx: &Tx, id: UserId) -> Result<()> {
    tx.execute("-- avatars.touch_user\nUPDATE users SET updated_at = app_now() WHERE id = $1", &[&id.uuid()]).await?;
    Ok(())
}
