//! What objects of one level ask for together: one SQL statement a kind and level, whatever the page size.
//! Loaders belong to one request and its caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use domain::error::Error;
use domain::id::{BookingId, PaymentId, PropertyId, ThreadId, UserId, WishlistId};
use services::booking_changes::BookingChange;
use services::bookings::Booking;
use services::payments::{Dispute, PaymentView};
use services::properties::PropertyView;
use services::refunds::Refund;
use services::reviews::ListedReview;
use services::threads::Message;
use services::users::User;
use services::wishlists::WishlistItem;
use services::{Actor, Services};

/// Loads for one caller.
pub(crate) struct Loaders {
    services: Arc<Services>,
    actor: Option<Actor>,
}

impl Loaders {
    /// Loaders for one request.
    pub(crate) fn of(services: Arc<Services>, actor: Option<Actor>) -> DataLoader<Self> {
        DataLoader::new(Self { services, actor }, tokio::spawn)
    }
}

/// A public profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ProfileOf(pub(crate) UserId);

/// A property as the caller may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PropertyOf(pub(crate) PropertyId);

/// A booking, if the caller may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BookingOf(pub(crate) BookingId);

/// The newest reviews of a property, at most so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NewestReviewsOf(pub(crate) PropertyId, pub(crate) u32);

/// The payments of a booking that the caller has seen already, newest first, without their refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PaymentsOf(pub(crate) BookingId);

/// The newest change of a booking that the caller has seen already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ChangeOf(pub(crate) BookingId);

/// The refunds of a payment that the caller has seen already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RefundsOf(pub(crate) PaymentId);

/// The disputes of a payment that the caller has seen already, as far as the caller may see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DisputesOf(pub(crate) PaymentId);

/// The newest on a wishlist that the caller has seen already, at most so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NewestItemsOf(pub(crate) WishlistId, pub(crate) u32);

/// The thread of a booking that the caller has seen already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ThreadOf(pub(crate) BookingId);

/// The newest in a thread that the caller has seen already, at most so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NewestMessagesOf(pub(crate) ThreadId, pub(crate) u32);

impl Loader<ProfileOf> for Loaders {
    type Value = User;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ProfileOf]) -> Result<HashMap<ProfileOf, User>, Arc<Error>> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let users = self.services.users(&ids).await?;
        Ok(users.into_iter().map(|user| (ProfileOf(user.id), user)).collect())
    }
}

impl Loader<PropertyOf> for Loaders {
    type Value = PropertyView;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[PropertyOf]) -> Result<HashMap<PropertyOf, PropertyView>, Arc<Error>> {
        let ids: Vec<PropertyId> = keys.iter().map(|key| key.0).collect();
        let views = self.services.properties(self.actor.as_ref(), &ids).await?;
        Ok(views.into_iter().map(|view| (PropertyOf(view.property.id), view)).collect())
    }
}

impl Loader<BookingOf> for Loaders {
    type Value = Booking;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[BookingOf]) -> Result<HashMap<BookingOf, Booking>, Arc<Error>> {
        let Some(actor) = &self.actor else { return Ok(HashMap::new()) };
        let ids: Vec<BookingId> = keys.iter().map(|key| key.0).collect();
        let bookings = self.services.bookings_of_ids(actor, &ids).await?;
        Ok(bookings.into_iter().map(|booking| (BookingOf(booking.id), booking)).collect())
    }
}

impl Loader<NewestReviewsOf> for Loaders {
    type Value = Vec<ListedReview>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[NewestReviewsOf]) -> Result<HashMap<NewestReviewsOf, Vec<ListedReview>>, Arc<Error>> {
        let most = keys.iter().map(|key| key.1).max().unwrap_or(0);
        let mut ids: Vec<PropertyId> = keys.iter().map(|key| key.0).collect();
        // The same property may be asked about with two lengths.
        ids.sort_unstable();
        ids.dedup();
        let found = self.services.newest_reviews(&ids, i64::from(most)).await?;
        let of_key = |key: &NewestReviewsOf| {
            let own = found.iter().filter(|listed| listed.review.property_id == key.0);
            (*key, own.take(key.1 as usize).cloned().collect())
        };
        Ok(keys.iter().map(of_key).collect())
    }
}

impl Loader<PaymentsOf> for Loaders {
    type Value = Vec<PaymentView>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[PaymentsOf]) -> Result<HashMap<PaymentsOf, Vec<PaymentView>>, Arc<Error>> {
        let ids: Vec<BookingId> = keys.iter().map(|key| key.0).collect();
        let payments = self.services.payments_of_bookings(&ids).await?;
        Ok(grouped(payments, |view| PaymentsOf(view.payment.booking_id)))
    }
}

impl Loader<ChangeOf> for Loaders {
    type Value = BookingChange;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ChangeOf]) -> Result<HashMap<ChangeOf, BookingChange>, Arc<Error>> {
        let ids: Vec<BookingId> = keys.iter().map(|key| key.0).collect();
        let changes = self.services.changes_of_bookings(&ids).await?;
        Ok(changes.into_iter().map(|change| (ChangeOf(change.booking_id), change)).collect())
    }
}

impl Loader<RefundsOf> for Loaders {
    type Value = Vec<Refund>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[RefundsOf]) -> Result<HashMap<RefundsOf, Vec<Refund>>, Arc<Error>> {
        let ids: Vec<PaymentId> = keys.iter().map(|key| key.0).collect();
        let refunds = self.services.refunds_of_payments(&ids).await?;
        Ok(grouped(refunds, |refund| RefundsOf(refund.payment_id)))
    }
}

impl Loader<DisputesOf> for Loaders {
    type Value = Vec<Dispute>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[DisputesOf]) -> Result<HashMap<DisputesOf, Vec<Dispute>>, Arc<Error>> {
        let Some(actor) = &self.actor else { return Ok(HashMap::new()) };
        let ids: Vec<PaymentId> = keys.iter().map(|key| key.0).collect();
        let disputes = self.services.disputes_of_payments(actor, &ids).await?;
        Ok(grouped(disputes, |dispute| DisputesOf(dispute.payment_id)))
    }
}

impl Loader<NewestItemsOf> for Loaders {
    type Value = Vec<WishlistItem>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[NewestItemsOf]) -> Result<HashMap<NewestItemsOf, Vec<WishlistItem>>, Arc<Error>> {
        let most = keys.iter().map(|key| key.1).max().unwrap_or(0);
        let ids: Vec<WishlistId> = keys.iter().map(|key| key.0).collect();
        let found = self.services.newest_wishlist_items(self.actor.as_ref(), &ids, i64::from(most)).await?;
        let of_key = |key: &NewestItemsOf| {
            let own = found.iter().filter(|item| item.wishlist_id == key.0);
            (*key, own.take(key.1 as usize).copied().collect())
        };
        Ok(keys.iter().map(of_key).collect())
    }
}

impl Loader<ThreadOf> for Loaders {
    type Value = ThreadId;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ThreadOf]) -> Result<HashMap<ThreadOf, ThreadId>, Arc<Error>> {
        let ids: Vec<BookingId> = keys.iter().map(|key| key.0).collect();
        let found = self.services.threads_of_bookings(&ids).await?;
        Ok(found.into_iter().map(|(booking_id, id)| (ThreadOf(booking_id), id)).collect())
    }
}

impl Loader<NewestMessagesOf> for Loaders {
    type Value = Vec<Message>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[NewestMessagesOf]) -> Result<HashMap<NewestMessagesOf, Vec<Message>>, Arc<Error>> {
        let most = keys.iter().map(|key| key.1).max().unwrap_or(0);
        let mut ids: Vec<ThreadId> = keys.iter().map(|key| key.0).collect();
        // The same thread may be asked about with two lengths.
        ids.sort_unstable();
        ids.dedup();
        let found = self.services.newest_messages(&ids, i64::from(most)).await?;
        let of_key = |key: &NewestMessagesOf| {
            let own = found.iter().filter(|message| message.thread_id == key.0);
            (*key, own.take(key.1 as usize).cloned().collect())
        };
        Ok(keys.iter().map(of_key).collect())
    }
}

fn grouped<K: Hash + Eq, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for value in values {
        groups.entry(key(&value)).or_default().push(value);
    }
    groups
}
