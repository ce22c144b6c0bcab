//! Any object by its id, whose prefix tells the kind.

use async_graphql::{Context, ID, Interface, Object, Result};
use domain::id::{BookingId, PaymentId, PayoutId, PropertyId, ReviewId, ThreadId, UserId, WishlistId};

use crate::bookings::{self, Booking};
use crate::caller::{RequestExt, parse_id};
use crate::loaders::ProfileOf;
use crate::payments::{self, Payment};
use crate::payouts::{self, Payout};
use crate::properties::{self, Property};
use crate::reviews::{self, Review};
use crate::threads::{self, Thread};
use crate::users::User;
use crate::wishlists::{self, Wishlist};

/// What has an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "&ID"))]
#[expect(clippy::large_enum_variant, reason = "there is one a request")]
pub(crate) enum Node {
    User(User),
    Property(Property),
    Booking(Booking),
    Payment(Payment),
    Payout(Payout),
    Review(Review),
    Thread(Thread),
    Wishlist(Wishlist),
}

/// Any object.
#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object of this id; null when there is none that the caller may see.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        let Some((prefix, _)) = id.split_once('_') else { return Ok(None) };
        Ok(match prefix {
            UserId::PREFIX => profile(ctx, &id).await?.map(Node::User),
            PropertyId::PREFIX => properties::find(ctx, &id).await?.map(Node::Property),
            BookingId::PREFIX => bookings::find(ctx, &id).await?.map(Node::Booking),
            PaymentId::PREFIX => payments::find(ctx, &id).await?.map(Node::Payment),
            PayoutId::PREFIX => payouts::find(ctx, &id).await?.map(Node::Payout),
            ReviewId::PREFIX => reviews::find(ctx, &id).await?.map(Node::Review),
            ThreadId::PREFIX => threads::find(ctx, &id).await?.map(Node::Thread),
            WishlistId::PREFIX => wishlists::find(ctx, &id, None).await?.map(Node::Wishlist),
            _ => None,
        })
    }
}

async fn profile(ctx: &Context<'_>, id: &str) -> Result<Option<User>> {
    let Some(id) = parse_id(id) else { return Ok(None) };
    let user = ctx.loaders().load_one(ProfileOf(id)).await?;
    Ok(user.as_ref().map(User::of).transpose()?)
}
