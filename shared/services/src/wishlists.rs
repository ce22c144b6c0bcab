//! Wishlists: properties that somebody keeps in mind, alone or with whoever has the link.

use std::collections::HashMap;

use domain::error::{Error, ErrorCode, Result};
use domain::id::{PropertyId, UserId, WishlistId};
use domain::property::PropertyStatus;
use domain::wishlist::{MAX_ITEMS_OF_WISHLIST, MAX_WISHLISTS_OF_USER, WishlistName, WishlistVisibility};
use jiff::Timestamp;
use store::tx::{Queries, Tx};
pub use store::wishlists::{Wishlist, WishlistItem};

use crate::Services;
use crate::actor::Actor;
use crate::one_time_tokens::random_word;
use crate::properties::{PropertyView, seen_by};

/// What a `PATCH` changes: a field left out stays.
#[derive(Clone, Debug, Default)]
pub struct WishlistPatch {
    /// What it is called.
    pub name: Option<WishlistName>,
    /// Who may look.
    pub visibility: Option<WishlistVisibility>,
}

/// A wishlist as one viewer may see it.
#[derive(Clone, Debug)]
pub struct WishlistView {
    /// The list.
    pub wishlist: Wishlist,
    /// Whether the viewer is its owner, who sees its link and what is no longer listed.
    pub is_own: bool,
    /// All that the viewer finds on it, newest first.
    pub items: Vec<WishlistItem>,
}

/// An item with its property, while that is listed.
#[derive(Clone, Debug)]
pub struct ItemWithProperty {
    /// What is on the list.
    pub item: WishlistItem,
    /// The property as the viewer may see it; none while it is not listed.
    pub property: Option<PropertyView>,
}

/// Begins a wishlist.
///
/// # Errors
/// `too_many_wishlists`, `not_found` when the account is gone.
pub async fn create(
    tx: &Tx,
    actor: &Actor,
    name: &WishlistName,
    visibility: WishlistVisibility,
) -> Result<WishlistView> {
    // Locked, so that of two at once the second counts the first.
    store::users::find_for_update(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    if store::wishlists::count_of_user(tx, actor.user_id).await? >= MAX_WISHLISTS_OF_USER {
        let detail = format!("You have {MAX_WISHLISTS_OF_USER} wishlists: delete one first.");
        return Err(Error::new(ErrorCode::TooManyWishlists, detail));
    }
    let share_token = (visibility == WishlistVisibility::Shared).then(random_word);
    let wishlist = store::wishlists::insert(tx, WishlistId::new(), actor.user_id, name, share_token.as_deref()).await?;
    Ok(WishlistView { wishlist, is_own: true, items: Vec::new() })
}

/// Renames a wishlist of the actor's, shares it or makes it private. Shared anew, it has another link than before.
/// `is_as_seen` holds the caller's `If-Match` against it as it is.
///
/// # Errors
/// `precondition_failed`, `not_found`.
pub async fn update(
    tx: &Tx,
    actor: &Actor,
    id: WishlistId,
    patch: &WishlistPatch,
    is_as_seen: impl Fn(&WishlistView) -> Result<()> + Send,
) -> Result<WishlistView> {
    let mut view = own(tx, actor, id).await?;
    is_as_seen(&view)?;
    let before = (view.wishlist.name.clone(), view.wishlist.share_token.clone());
    if let Some(name) = &patch.name {
        view.wishlist.name = name.clone();
    }
    match patch.visibility {
        Some(WishlistVisibility::Private) => view.wishlist.share_token = None,
        Some(WishlistVisibility::Shared) => {
            view.wishlist.share_token = view.wishlist.share_token.take().or_else(|| Some(random_word()));
        }
        None => {}
    }
    if before == (view.wishlist.name.clone(), view.wishlist.share_token.clone()) {
        return Ok(view);
    }
    let wishlist = store::wishlists::update(tx, &view.wishlist).await?;
    Ok(WishlistView { wishlist, ..view })
}

/// Deletes a wishlist of the actor's.
///
/// # Errors
/// `precondition_failed`, `not_found`.
pub async fn delete(
    tx: &Tx,
    actor: &Actor,
    id: WishlistId,
    is_as_seen: impl Fn(&WishlistView) -> Result<()> + Send,
) -> Result<()> {
    is_as_seen(&own(tx, actor, id).await?)?;
    store::wishlists::delete(tx, id).await
}

/// Puts a property that the actor may see on a list of the actor's; one that is there stays where it is.
///
/// # Errors
/// `wishlist_full`, `not_found` for the list or the property.
pub async fn add_item(tx: &Tx, actor: &Actor, id: WishlistId, property_id: PropertyId) -> Result<WishlistView> {
    let before = own(tx, actor, id).await?;
    if before.items.iter().any(|item| item.property_id == property_id) {
        return Ok(before);
    }
    if seen_by(tx, Some(actor), &[property_id]).await?.is_empty() {
        return Err(Error::not_found());
    }
    if before.wishlist.item_count >= MAX_ITEMS_OF_WISHLIST {
        let detail = format!("There are {MAX_ITEMS_OF_WISHLIST} properties on this list: take one off first.");
        return Err(Error::new(ErrorCode::WishlistFull, detail));
    }
    store::wishlists::add_item(tx, id, property_id).await?;
    changed(tx, actor, before.wishlist).await
}

/// Takes a property off a list of the actor's. `is_as_seen` holds the caller's `If-Match` against the list.
///
/// # Errors
/// `precondition_failed`, `not_found` for the list, or when the property is not on it.
pub async fn remove_item(
    tx: &Tx,
    actor: &Actor,
    id: WishlistId,
    property_id: PropertyId,
    is_as_seen: impl Fn(&WishlistView) -> Result<()> + Send,
) -> Result<WishlistView> {
    let before = own(tx, actor, id).await?;
    is_as_seen(&before)?;
    if !store::wishlists::remove_item(tx, id, property_id).await? {
        return Err(Error::not_found());
    }
    changed(tx, actor, before.wishlist).await
}

impl Services {
    /// A page of the actor's wishlists, newest first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn wishlists(&self, actor: &Actor, before: Option<WishlistId>, limit: i64) -> Result<Vec<Wishlist>> {
        store::wishlists::list_of_user(&self.db.connection().await?, actor.user_id, before, limit).await
    }

    /// A wishlist with all that is on it: the actor's own, or one shared by the link with this token.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn wishlist(&self, actor: Option<&Actor>, id: WishlistId, token: Option<&str>) -> Result<WishlistView> {
        let connection = self.db.connection().await?;
        let viewer = actor.map(|actor| actor.user_id);
        let (wishlist, is_own) = visible(&connection, viewer, id, token).await?;
        let items = store::wishlists::items(&connection, id, viewer, None, MAX_ITEMS_OF_WISHLIST).await?;
        Ok(WishlistView { wishlist, is_own, items })
    }

    /// A page of what is on such a wishlist, with the properties that are listed.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn wishlist_items(
        &self,
        actor: Option<&Actor>,
        id: WishlistId,
        token: Option<&str>,
        after: Option<(Timestamp, PropertyId)>,
        limit: i64,
    ) -> Result<Vec<ItemWithProperty>> {
        let connection = self.db.connection().await?;
        let viewer = actor.map(|actor| actor.user_id);
        visible(&connection, viewer, id, token).await?;
        let items = store::wishlists::items(&connection, id, viewer, after, limit).await?;
        let ids: Vec<PropertyId> = items.iter().map(|item| item.property_id).collect();
        let views = seen_by(&connection, actor, &ids).await?.into_iter();
        let mut listed: HashMap<PropertyId, PropertyView> = views
            .filter(|view| view.property.status == PropertyStatus::Listed)
            .map(|view| (view.property.id, view))
            .collect();
        Ok(items
            .into_iter()
            .map(|item| ItemWithProperty { property: listed.remove(&item.property_id), item })
            .collect())
    }

    /// The newest that the actor finds on each of these wishlists, at most `each` of one, in one statement. Whether the
    /// actor may see the lists was settled before.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn newest_wishlist_items(
        &self,
        actor: Option<&Actor>,
        ids: &[WishlistId],
        each: i64,
    ) -> Result<Vec<WishlistItem>> {
        let viewer = actor.map(|actor| actor.user_id);
        store::wishlists::newest_items(&self.db.connection().await?, ids, viewer, each).await
    }
}

/// The list, and whether it is the viewer's own.
async fn visible(
    queries: &impl Queries,
    viewer: Option<UserId>,
    id: WishlistId,
    token: Option<&str>,
) -> Result<(Wishlist, bool)> {
    let wishlist = store::wishlists::find(queries, id, viewer).await?.ok_or_else(Error::not_found)?;
    let is_own = viewer == Some(wishlist.user_id);
    let has_link = token.is_some() && wishlist.share_token.as_deref() == token;
    if is_own || has_link { Ok((wishlist, is_own)) } else { Err(Error::not_found()) }
}

/// The actor's own list, locked, with all that is on it.
async fn own(tx: &Tx, actor: &Actor, id: WishlistId) -> Result<WishlistView> {
    let wishlist = store::wishlists::find_for_update(tx, id, actor.user_id).await?.ok_or_else(Error::not_found)?;
    with_items(tx, actor, wishlist).await
}

/// The list after what is on it has changed.
async fn changed(tx: &Tx, actor: &Actor, wishlist: Wishlist) -> Result<WishlistView> {
    let wishlist = store::wishlists::update(tx, &wishlist).await?;
    with_items(tx, actor, wishlist).await
}

async fn with_items(tx: &Tx, actor: &Actor, wishlist: Wishlist) -> Result<WishlistView> {
    let viewer = Some(actor.user_id);
    let items = store::wishlists::items(tx, wishlist.id, viewer, None, MAX_ITEMS_OF_WISHLIST).await?;
    Ok(WishlistView { wishlist, is_own: true, items })
}
