//! The tables `wishlists` and `wishlist_items`. Who looks decides what is read: the owner everything, others only what is
//! listed.

use domain::error::{Error, Result};
use domain::id::{PropertyId, UserId, WishlistId};
use domain::wishlist::WishlistName;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// A wishlist.
#[derive(Clone, Debug)]
pub struct Wishlist {
    /// Identity.
    pub id: WishlistId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: WishlistName,
    /// The secret of the link by which others may look; none while it is private.
    pub share_token: Option<String>,
    /// How many properties the viewer finds on it.
    pub item_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed: its name, its visibility, or what is on it.
    pub updated_at: Timestamp,
}

/// A property on a wishlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WishlistItem {
    /// The list.
    pub wishlist_id: WishlistId,
    /// The property.
    pub property_id: PropertyId,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether it is listed now.
    pub is_listed: bool,
}

/// The columns of `wishlists w` as the viewer `$2` sees them.
const COLUMNS: &str = "w.id, w.user_id, w.name, w.share_token, w.created_at, w.updated_at, \
    CASE WHEN w.user_id = $2 THEN (SELECT count(*) FROM wishlist_items i WHERE i.wishlist_id = w.id) \
         ELSE (SELECT count(*) FROM wishlist_items i JOIN properties p ON p.id = i.property_id \
               WHERE i.wishlist_id = w.id AND p.status = 'listed') END AS item_count";

/// Inserts a wishlist.
pub async fn insert(
    tx: &Tx,
    id: WishlistId,
    user_id: UserId,
    name: &WishlistName,
    share_token: Option<&str>,
) -> Result<Wishlist> {
    let sql = format!(
        "-- wishlists.insert
         INSERT INTO wishlists AS w (id, user_id, name, share_token) VALUES ($1, $2, $3, $4) RETURNING {COLUMNS}"
    );
    let row = tx.row(&sql, &[&id.uuid(), &user_id.uuid(), &name.as_str(), &share_token]).await?;
    from_row(&row.ok_or_else(|| Error::internal("INSERT … RETURNING gave no row"))?)
}

/// How many wishlists somebody has.
pub async fn count_of_user(queries: &impl Queries, user_id: UserId) -> Result<i64> {
    let sql = "-- wishlists.count_of_user\nSELECT count(*) AS wishlists FROM wishlists WHERE user_id = $1";
    queries.row(sql, &[&user_id.uuid()]).await?.map_or(Ok(0), |row| row.read("wishlists"))
}

/// The wishlist of this id as the viewer sees it, whether or not the viewer may.
pub async fn find(queries: &impl Queries, id: WishlistId, viewer: Option<UserId>) -> Result<Option<Wishlist>> {
    let sql = format!("-- wishlists.find\nSELECT {COLUMNS} FROM wishlists w WHERE w.id = $1");
    queries.row(&sql, &[&id.uuid(), &viewer.map(|id| id.uuid())]).await?.as_ref().map(from_row).transpose()
}

/// The same for its owner, and nobody changes it or what is on it until this transaction ends.
pub async fn find_for_update(tx: &Tx, id: WishlistId, owner: UserId) -> Result<Option<Wishlist>> {
    let sql = format!(
        "-- wishlists.find_for_update
         SELECT {COLUMNS} FROM wishlists w WHERE w.id = $1 AND w.user_id = $2 FOR UPDATE OF w"
    );
    tx.row(&sql, &[&id.uuid(), &owner.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// A page of somebody's own wishlists, newest first.
pub async fn list_of_user(
    queries: &impl Queries,
    user_id: UserId,
    before: Option<WishlistId>,
    limit: i64,
) -> Result<Vec<Wishlist>> {
    let sql = format!(
        "-- wishlists.list_of_user
         SELECT {COLUMNS} FROM wishlists w
         WHERE w.user_id = $2 AND ($1::uuid IS NULL OR w.id < $1)
         ORDER BY w.id DESC LIMIT $3"
    );
    let before = before.map(|id| id.uuid());
    queries.rows(&sql, &[&before, &user_id.uuid(), &limit]).await?.iter().map(from_row).collect()
}

/// Changes a wishlist that its owner has locked.
pub async fn update(tx: &Tx, wishlist: &Wishlist) -> Result<Wishlist> {
    let sql = format!(
        "-- wishlists.update
         UPDATE wishlists w SET name = $3, share_token = $4, updated_at = app_now()
         WHERE w.id = $1 AND w.user_id = $2 RETURNING {COLUMNS}"
    );
    let Wishlist { id, user_id, name, share_token, .. } = wishlist;
    let row = tx.row(&sql, &[&id.uuid(), &user_id.uuid(), &name.as_str(), share_token]).await?;
    from_row(&row.ok_or_else(|| Error::internal("a locked wishlist is gone"))?)
}

/// Deletes a wishlist with all that is on it.
pub async fn delete(tx: &Tx, id: WishlistId) -> Result<()> {
    let sql = "-- wishlists.delete\nDELETE FROM wishlists WHERE id = $1";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}

/// Puts a property on a locked wishlist.
pub async fn add_item(tx: &Tx, id: WishlistId, property_id: PropertyId) -> Result<()> {
    let sql = "-- wishlist_items.add
               INSERT INTO wishlist_items (wishlist_id, property_id) VALUES ($1, $2)
               ON CONFLICT ON CONSTRAINT wishlist_items_pkey DO NOTHING";
    tx.execute(sql, &[&id.uuid(), &property_id.uuid()]).await?;
    Ok(())
}

/// Takes a property off a locked wishlist; says whether it was there.
pub async fn remove_item(tx: &Tx, id: WishlistId, property_id: PropertyId) -> Result<bool> {
    let sql = "-- wishlist_items.remove\nDELETE FROM wishlist_items WHERE wishlist_id = $1 AND property_id = $2";
    Ok(tx.execute(sql, &[&id.uuid(), &property_id.uuid()]).await? > 0)
}

/// A page of what the viewer finds on a wishlist, newest first. `after` is the last item of the page before.
pub async fn items(
    queries: &impl Queries,
    id: WishlistId,
    viewer: Option<UserId>,
    after: Option<(Timestamp, PropertyId)>,
    limit: i64,
) -> Result<Vec<WishlistItem>> {
    let sql = "-- wishlist_items.page
               SELECT i.wishlist_id, i.property_id, i.added_at, p.status = 'listed' AS is_listed
               FROM wishlists w
               JOIN wishlist_items i ON i.wishlist_id = w.id
               JOIN properties p ON p.id = i.property_id
               WHERE w.id = $1 AND (p.status = 'listed' OR w.user_id = $2)
                   AND ($3::timestamptz IS NULL OR (i.added_at, i.property_id) < ($3, $4))
               ORDER BY i.added_at DESC, i.property_id DESC LIMIT $5";
    let (added_at, property_id) = (after.map(|it| it.0), after.map(|it| it.1.uuid()));
    let viewer = viewer.map(|id| id.uuid());
    let rows = queries.rows(sql, &[&id.uuid(), &viewer, &added_at, &property_id, &limit]).await?;
    rows.iter().map(item_from_row).collect()
}

/// The newest that the viewer finds on each of these wishlists, at most `each` of one, in one statement; newest first
/// within a list.
pub async fn newest_items(
    queries: &impl Queries,
    ids: &[WishlistId],
    viewer: Option<UserId>,
    each: i64,
) -> Result<Vec<WishlistItem>> {
    let sql = "-- wishlist_items.newest_of_wishlists
               SELECT newest.* FROM wishlists w
               CROSS JOIN LATERAL (
                   SELECT i.wishlist_id, i.property_id, i.added_at, p.status = 'listed' AS is_listed
                   FROM wishlist_items i JOIN properties p ON p.id = i.property_id
                   WHERE i.wishlist_id = w.id AND (p.status = 'listed' OR w.user_id = $2)
                   ORDER BY i.added_at DESC, i.property_id DESC LIMIT $3) newest
               WHERE w.id = ANY($1)
               ORDER BY newest.wishlist_id, newest.added_at DESC, newest.property_id DESC";
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = queries.rows(sql, &[&ids, &viewer.map(|id| id.uuid()), &each]).await?;
    rows.iter().map(item_from_row).collect()
}

fn item_from_row(row: &Row) -> Result<WishlistItem> {
    Ok(WishlistItem {
        wishlist_id: WishlistId::from_uuid(row.read("wishlist_id")?),
        property_id: PropertyId::from_uuid(row.read("property_id")?),
        added_at: row.read("added_at")?,
        is_listed: row.read("is_listed")?,
    })
}

fn from_row(row: &Row) -> Result<Wishlist> {
    Ok(Wishlist {
        id: WishlistId::from_uuid(row.read("id")?),
        user_id: UserId::from_uuid(row.read("user_id")?),
        name: row.parse("name")?,
        share_token: row.read("share_token")?,
        item_count: row.read("item_count")?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
