//! Wire types of wishlists: what comes in, what goes out.

use domain::id::{PropertyId, UserId, WishlistId};
use domain::wishlist::{WishlistName, WishlistVisibility};
use jiff::Timestamp;
use serde::Serialize;
use services::wishlists::{ItemWithProperty, Wishlist, WishlistItem, WishlistPatch, WishlistView};
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text};

use crate::json::PropertyOut;

/// A wishlist to begin.
#[derive(ToSchema)]
pub struct CreateWishlistIn {
    /// What it is called.
    pub name: WishlistName,
    /// `private` unless given.
    #[schema(value_type = Option<WishlistVisibility>)]
    pub visibility: WishlistVisibility,
}

impl FromFields for CreateWishlistIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let name = fields.required("name", text);
        let visibility = fields.optional("visibility", text);
        Ok(Self { name: name?, visibility: visibility?.unwrap_or(WishlistVisibility::Private) })
    }
}

/// What changes of a wishlist; what is left out stays.
#[derive(ToSchema)]
pub struct PatchWishlistIn {
    name: Option<WishlistName>,
    /// `private` takes the link away; `shared` gives a new one to a list that had none.
    visibility: Option<WishlistVisibility>,
}

impl FromFields for PatchWishlistIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let name = fields.changed("name", text);
        let visibility = fields.changed("visibility", text);
        Ok(Self { name: name?, visibility: visibility? })
    }
}

impl From<PatchWishlistIn> for WishlistPatch {
    fn from(body: PatchWishlistIn) -> Self {
        Self { name: body.name, visibility: body.visibility }
    }
}

/// A wishlist.
#[derive(Serialize, ToSchema)]
pub struct WishlistOut {
    id: WishlistId,
    /// Whose it is.
    user_id: UserId,
    name: WishlistName,
    visibility: WishlistVisibility,
    /// For the link: whoever sends it as `?token=` may look. To its owner alone, null while the list is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    share_token: Option<Option<String>>,
    /// How many properties the caller finds on it.
    item_count: i64,
    /// All of them, newest first, at most 500. Left out where there are many wishlists.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<WishlistItemOut>>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl WishlistOut {
    /// The list as its owner or another sees it, without what is on it.
    pub fn of(wishlist: &Wishlist, is_own: bool) -> Self {
        let is_shared = wishlist.share_token.is_some();
        Self {
            id: wishlist.id,
            user_id: wishlist.user_id,
            name: wishlist.name.clone(),
            visibility: if is_shared { WishlistVisibility::Shared } else { WishlistVisibility::Private },
            share_token: is_own.then(|| wishlist.share_token.clone()),
            item_count: wishlist.item_count,
            items: None,
            created_at: wishlist.created_at,
            updated_at: wishlist.updated_at,
        }
    }
}

impl From<&WishlistView> for WishlistOut {
    fn from(view: &WishlistView) -> Self {
        let items = view.items.iter().map(WishlistItemOut::from).collect();
        Self { items: Some(items), ..Self::of(&view.wishlist, view.is_own) }
    }
}

/// What is on a wishlist.
#[derive(Serialize, ToSchema)]
pub struct WishlistItemOut {
    property_id: PropertyId,
    /// Whether it is on the market now; others than the owner see no item that is not.
    listed: bool,
    #[schema(value_type = String, format = "date-time")]
    added_at: Timestamp,
}

impl From<&WishlistItem> for WishlistItemOut {
    fn from(item: &WishlistItem) -> Self {
        Self { property_id: item.property_id, listed: item.is_listed, added_at: item.added_at }
    }
}

/// What is on a wishlist, with the property itself.
#[derive(Serialize, ToSchema)]
pub struct WishlistItemWithPropertyOut {
    #[serde(flatten)]
    item: WishlistItemOut,
    /// Null while it is not listed.
    #[schema(required)]
    property: Option<PropertyOut>,
}

impl From<&ItemWithProperty> for WishlistItemWithPropertyOut {
    fn from(found: &ItemWithProperty) -> Self {
        Self { item: WishlistItemOut::from(&found.item), property: found.property.as_ref().map(PropertyOut::from) }
    }
}
