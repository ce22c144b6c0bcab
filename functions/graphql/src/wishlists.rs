//! Wishlists: properties that somebody keeps in mind, alone or with whoever has the link.

use std::sync::Arc;

use async_graphql::connection::EmptyFields;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use domain::id::{PropertyId, WishlistId};
use jiff::Timestamp;
use properties::wishlists::json::{CreateWishlistIn, PatchWishlistIn, WishlistItemOut, WishlistOut};
use serde::{Deserialize, Serialize};
use services::Tx;
use services::wishlists::{
    WishlistItem as StoredItem, WishlistPatch, WishlistView, add_item, create, delete, remove_item, update,
};
use web::answers;

use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::WishlistVisibility;
use crate::connections::{Item, Plain, connect, page};
use crate::loaders::{NewestItemsOf, PropertyOf};
use crate::properties::Property;
use crate::scalars::DateTime;
use crate::{limits, mutations, wire};

/// What cursors of this list belong to.
const LIST: &str = "/graphql/wishlists";

/// A wishlist.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Wishlist {
    pub(crate) id: ID,
    /// Whose it is.
    user_id: ID,
    name: String,
    visibility: WishlistVisibility,
    /// For the link; to its owner alone, while it is shared.
    share_token: Option<String>,
    /// How many properties the caller finds on it.
    item_count: i32,
    created_at: DateTime,
    updated_at: DateTime,
    /// By which link the caller came.
    #[serde(skip)]
    #[graphql(skip)]
    token: Option<String>,
}

impl Wishlist {
    fn of(view: &WishlistView) -> domain::error::Result<Self> {
        wire::object(&WishlistOut::of(&view.wishlist, view.is_own))
    }
}

/// What is on a wishlist.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
struct WishlistItem {
    property_id: ID,
    /// Whether it is on the market now; others than the owner see no item that is not.
    listed: bool,
    added_at: DateTime,
}

#[ComplexObject]
impl WishlistItem {
    /// The property itself; null while it is not listed.
    async fn property(&self, ctx: &Context<'_>) -> Result<Option<Property>> {
        if !self.listed {
            return Ok(None);
        }
        let view = ctx.loaders().load_one(PropertyOf(require_id(&self.property_id)?)).await?;
        Ok(view.as_ref().map(Property::of).transpose()?)
    }
}

#[ComplexObject]
impl Wishlist {
    /// What is on it, newest first. What is no longer listed stays on the owner's list; others do not find it.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn items(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<WishlistItem>>> {
        let (services, id) = (ctx.services(), require_id::<WishlistId>(&self.id)?);
        let page = page(&format!("{LIST}/{id}/items"), first, after)?;
        let after: Option<(Timestamp, PropertyId)> = page.position(services).await?;
        let found: Vec<StoredItem> = if after.is_none() {
            ctx.loaders().load_one(NewestItemsOf(id, page.limit + 1)).await?.unwrap_or_default()
        } else {
            let (token, limit) = (self.token.as_deref(), i64::from(page.limit) + 1);
            let found = services.wishlist_items(ctx.actor(), id, token, after, limit).await?;
            found.into_iter().map(|found| found.item).collect()
        };
        let item = |item: StoredItem| {
            let position = (item.added_at, item.property_id);
            Ok(Item { position, node: wire::object(&WishlistItemOut::from(&item))?, edge: EmptyFields })
        };
        let items = found.into_iter().map(item).collect::<domain::error::Result<_>>()?;
        Ok(Some(connect(services, &page, after.is_some(), items).await?))
    }
}

/// The wishlist of this id, if the caller may see it.
pub(crate) async fn find(ctx: &Context<'_>, id: &str, token: Option<String>) -> Result<Option<Wishlist>> {
    let Some(id) = parse_id(id) else { return Ok(None) };
    let view = if_visible(ctx.services().wishlist(ctx.actor(), id, token.as_deref()).await)?;
    let wishlist = view.as_ref().map(Wishlist::of).transpose()?;
    Ok(wishlist.map(|wishlist| Wishlist { token, ..wishlist }))
}

/// Wishlists.
#[derive(Default)]
pub(crate) struct WishlistQuery;

#[Object]
impl WishlistQuery {
    /// Own wishlists, newest first.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn wishlists(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Wishlist>>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let page = page(LIST, first, after)?;
        let before: Option<WishlistId> = page.position(services).await?;
        let found = services.wishlists(actor, before, i64::from(page.limit) + 1).await?;
        let item = |wishlist: services::wishlists::Wishlist| {
            let node = wire::object(&WishlistOut::of(&wishlist, true))?;
            Ok(Item { position: wishlist.id, node, edge: EmptyFields })
        };
        let items = found.into_iter().map(item).collect::<domain::error::Result<_>>()?;
        Ok(Some(connect(services, &page, before.is_some(), items).await?))
    }

    /// A wishlist of one's own, or one shared by the link with this token.
    async fn wishlist(&self, ctx: &Context<'_>, id: ID, token: Option<String>) -> Result<Option<Wishlist>> {
        find(ctx, &id, token).await
    }
}

/// A wishlist to begin.
#[derive(Serialize, InputObject)]
struct CreateWishlistInput {
    name: String,
    /// `PRIVATE` unless given.
    visibility: Option<WishlistVisibility>,
    idempotency_key: Option<String>,
}

/// What changes of a wishlist; what is left out stays.
#[derive(Serialize, InputObject)]
struct UpdateWishlistInput {
    wishlist_id: ID,
    name: Option<String>,
    /// `PRIVATE` takes the link away; `SHARED` gives a new one to a list that had none.
    visibility: Option<WishlistVisibility>,
}

/// Which wishlist to delete.
#[derive(InputObject)]
struct DeleteWishlistInput {
    wishlist_id: ID,
}

/// Which property, and on which wishlist.
#[derive(InputObject)]
struct WishlistItemInput {
    wishlist_id: ID,
    property_id: ID,
}

/// The wishlist as it now is.
#[derive(SimpleObject)]
struct WishlistPayload {
    wishlist: Wishlist,
}

/// The wishlist that is gone.
#[derive(SimpleObject)]
struct DeleteWishlistPayload {
    wishlist_id: ID,
}

/// Wishlists.
#[derive(Default)]
pub(crate) struct WishlistMutation;

#[Object]
impl WishlistMutation {
    /// Begin a wishlist. Somebody may have 100.
    async fn create_wishlist(&self, ctx: &Context<'_>, input: CreateWishlistInput) -> Result<Option<WishlistPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createWishlist", &input, key).await?;
        let CreateWishlistIn { name, visibility } = &wire::read(&input, &[])?;
        let work = |tx: Arc<Tx>| async move { create(&tx, actor, name, *visibility).await };
        let render = |outcome: domain::error::Result<&WishlistView, &domain::error::Error>| {
            answers::of(outcome, |view| answers::ok(&WishlistOut::of(&view.wishlist, true)))
        };
        let answer = ctx.services().idempotently("wishlists.create", key.as_ref(), work, render).await?;
        Ok(Some(WishlistPayload { wishlist: mutations::answered(ctx, &answer)? }))
    }

    /// Rename a wishlist, share it by link or make it private again.
    async fn update_wishlist(&self, ctx: &Context<'_>, input: UpdateWishlistInput) -> Result<Option<WishlistPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.wishlist_id)?;
        let patch = &WishlistPatch::from(wire::read::<PatchWishlistIn>(&input, &["wishlist_id"])?);
        let work = |tx: Arc<Tx>| async move { update(&tx, actor, id, patch, |_| Ok(())).await };
        payload(&ctx.services().write("wishlists.update", work).await?)
    }

    /// Delete a wishlist.
    async fn delete_wishlist(
        &self,
        ctx: &Context<'_>,
        input: DeleteWishlistInput,
    ) -> Result<Option<DeleteWishlistPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.wishlist_id)?;
        let work = |tx: Arc<Tx>| async move { delete(&tx, actor, id, |_| Ok(())).await };
        ctx.services().write("wishlists.delete", work).await?;
        Ok(Some(DeleteWishlistPayload { wishlist_id: input.wishlist_id }))
    }

    /// Put a property on a wishlist; one that is there stays where it is. A list holds 500.
    async fn add_wishlist_item(&self, ctx: &Context<'_>, input: WishlistItemInput) -> Result<Option<WishlistPayload>> {
        let actor = ctx.signed_in()?;
        let (id, property_id) = (require_id(&input.wishlist_id)?, require_id(&input.property_id)?);
        let work = |tx: Arc<Tx>| async move { add_item(&tx, actor, id, property_id).await };
        payload(&ctx.services().write("wishlists.add_item", work).await?)
    }

    /// Take a property off a wishlist.
    async fn remove_wishlist_item(
        &self,
        ctx: &Context<'_>,
        input: WishlistItemInput,
    ) -> Result<Option<WishlistPayload>> {
        let actor = ctx.signed_in()?;
        let (id, property_id) = (require_id(&input.wishlist_id)?, require_id(&input.property_id)?);
        let work = |tx: Arc<Tx>| async move { remove_item(&tx, actor, id, property_id, |_| Ok(())).await };
        payload(&ctx.services().write("wishlists.remove_item", work).await?)
    }
}

fn payload(view: &WishlistView) -> Result<Option<WishlistPayload>> {
    Ok(Some(WishlistPayload { wishlist: Wishlist::of(view)? }))
}
