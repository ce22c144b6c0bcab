//! Threads: what guests and hosts write to each other, before a booking and about it. What happens to a booking stands
//! in its thread as well; the database writes that with the booking's timeline.

use domain::error::{Error, Invalid, Result};
use domain::event::EventKind;
use domain::id::{BookingId, PropertyId, ThreadId, UserId};
use domain::message::MessageText;
use domain::property::PropertyStatus;
use jiff::Timestamp;
use serde_json::json;
use store::bookings::Booking;
pub use store::messages::{Message, MessageContent};
pub use store::threads::Thread;
use store::tx::{Queries, Tx};
use store::users::User;

use crate::Services;
use crate::actor::{Actor, require_active};

/// A thread as one side of it sees it.
#[derive(Clone, Debug)]
pub struct ThreadView {
    /// The thread.
    pub thread: Thread,
    /// The other side.
    pub other: User,
    /// Messages of the other side that this one has not read.
    pub unread: u32,
}

/// Asks the host of a listing, without a booking. Asking again continues the thread there is, whether or not the
/// property is still listed.
///
/// # Errors
/// `validation_failed` when there is no such listing or it is the actor's own, `email_unverified`, `forbidden`.
pub async fn ask_host(tx: &Tx, actor: &Actor, property_id: PropertyId, text: &MessageText) -> Result<ThreadView> {
    let guest = writer(tx, actor).await?;
    let refused = |code, detail| Error::invalid_field("/property_id", Invalid::new(code, detail));
    // Locked as by who books it: the thread refers to it.
    let property = store::properties::find_for_booking(tx, property_id).await?;
    let property = property.ok_or_else(|| refused("not_found", "There is no such listing to ask about."))?;
    if property.host_id == actor.user_id {
        return Err(refused("own_property", "This listing is your own."));
    }
    let is_known = store::threads::id_of_guest(tx, actor.user_id, property_id).await?.is_some();
    if property.status != PropertyStatus::Listed && !is_known {
        return Err(refused("not_found", "There is no such listing to ask about."));
    }
    let thread_id = store::threads::of_guest(tx, actor.user_id, property_id, property.host_id).await?;
    write(tx, &guest, (thread_id, property_id), property.host_id, text).await?;
    view_in(tx, actor, thread_id).await
}

/// Writes to the other side of a thread of the actor's.
///
/// # Errors
/// `not_found`, `email_unverified`, `forbidden`.
pub async fn send(tx: &Tx, actor: &Actor, id: ThreadId, text: &MessageText) -> Result<Message> {
    let sender = writer(tx, actor).await?;
    let thread = own(tx, actor, id).await?;
    let other_id = if thread.guest_id == actor.user_id { thread.host_id } else { thread.guest_id };
    write(tx, &sender, (id, thread.property_id), other_id, text).await
}

/// Writes to the other side of a booking of the actor's.
///
/// # Errors
/// `not_found`, `email_unverified`, `forbidden`.
pub async fn send_about(tx: &Tx, actor: &Actor, id: BookingId, text: &MessageText) -> Result<Message> {
    let sender = writer(tx, actor).await?;
    let booking = own_booking(tx, actor, id).await?;
    let (guest_id, host_id, property_id) = (booking.guest_id, booking.host_id, booking.property_id);
    // Locked as by who books it: one made before there were threads has none yet, and that refers to the property.
    store::properties::find_for_booking(tx, property_id).await?;
    let thread_id = store::threads::of_guest(tx, guest_id, property_id, host_id).await?;
    let other_id = if guest_id == actor.user_id { host_id } else { guest_id };
    write(tx, &sender, (thread_id, property_id), other_id, text).await
}

/// Marks what the other side wrote in a thread as read.
///
/// # Errors
/// `not_found`.
pub async fn mark_read(tx: &Tx, actor: &Actor, id: ThreadId) -> Result<ThreadView> {
    if !store::threads::mark_read(tx, id, actor.user_id).await? {
        return Err(Error::not_found());
    }
    view_in(tx, actor, id).await
}

impl Services {
    /// A page of the actor's threads on either side, newest message first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn threads(
        &self,
        actor: &Actor,
        after: Option<(Timestamp, ThreadId)>,
        limit: i64,
    ) -> Result<Vec<ThreadView>> {
        let connection = self.db.connection().await?;
        let threads = store::threads::list_of_user(&connection, actor.user_id, after, limit).await?;
        views(&connection, actor, threads).await
    }

    /// A thread of the actor's.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn thread(&self, actor: &Actor, id: ThreadId) -> Result<ThreadView> {
        view_in(&self.db.connection().await?, actor, id).await
    }

    /// A page of a thread of the actor's, newest first. `before` is the place of the last message of the page before.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn messages(&self, actor: &Actor, id: ThreadId, before: Option<i64>, limit: i64) -> Result<Vec<Message>> {
        let connection = self.db.connection().await?;
        own(&connection, actor, id).await?;
        store::messages::list_of_thread(&connection, id, before, limit).await
    }

    /// The same of the thread that a booking of the actor's is in.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn messages_about(
        &self,
        actor: &Actor,
        id: BookingId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Message>> {
        let connection = self.db.connection().await?;
        let booking = own_booking(&connection, actor, id).await?;
        match store::threads::id_of_guest(&connection, booking.guest_id, booking.property_id).await? {
            Some(thread_id) => store::messages::list_of_thread(&connection, thread_id, before, limit).await,
            // Booked before there were threads, and nothing has happened since.
            None => Ok(Vec::new()),
        }
    }

    /// The threads of these bookings, in one statement. That they are the actor's was settled before.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn threads_of_bookings(&self, ids: &[BookingId]) -> Result<Vec<(BookingId, ThreadId)>> {
        store::threads::ids_of_bookings(&self.db.connection().await?, ids).await
    }

    /// The newest of these threads, at most `each` of one, in one statement. That they are the actor's was settled
    /// before.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn newest_messages(&self, ids: &[ThreadId], each: i64) -> Result<Vec<Message>> {
        store::messages::newest_of_threads(&self.db.connection().await?, ids, each).await
    }
}

async fn writer(tx: &Tx, actor: &Actor) -> Result<User> {
    let user = store::users::find(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    require_active(&user)?;
    Ok(user)
}

async fn write(
    tx: &Tx,
    sender: &User,
    (thread_id, property_id): (ThreadId, PropertyId),
    recipient_id: UserId,
    text: &MessageText,
) -> Result<Message> {
    let message = store::messages::write(tx, thread_id, sender.id, text).await?;
    let data = json!({
        "message_id": message.id, "thread_id": thread_id, "property_id": property_id,
        "sender_id": sender.id, "recipient_id": recipient_id,
    });
    store::outbox::insert(tx, EventKind::MessageReceived, &data).await?;
    Ok(message)
}

async fn own(queries: &impl Queries, actor: &Actor, id: ThreadId) -> Result<Thread> {
    store::threads::find(queries, id)
        .await?
        .filter(|thread| [thread.guest_id, thread.host_id].contains(&actor.user_id))
        .ok_or_else(Error::not_found)
}

async fn own_booking(queries: &impl Queries, actor: &Actor, id: BookingId) -> Result<Booking> {
    store::bookings::find(queries, id)
        .await?
        .filter(|booking| [booking.guest_id, booking.host_id].contains(&actor.user_id))
        .ok_or_else(Error::not_found)
}

async fn view_in(queries: &impl Queries, actor: &Actor, id: ThreadId) -> Result<ThreadView> {
    let thread = own(queries, actor, id).await?;
    let mut views = views(queries, actor, vec![thread]).await?;
    views.pop().ok_or_else(Error::not_found)
}

async fn views(queries: &impl Queries, actor: &Actor, threads: Vec<Thread>) -> Result<Vec<ThreadView>> {
    let other_of = |thread: &Thread| {
        if thread.guest_id == actor.user_id { thread.host_id } else { thread.guest_id }
    };
    let ids: Vec<UserId> = threads.iter().map(other_of).collect();
    let others = store::users::find_many(queries, &ids).await?;
    let view = |thread: Thread| {
        let other_id = other_of(&thread);
        let other = others.iter().find(|user| user.id == other_id).cloned();
        let other = other.ok_or_else(|| Error::internal("a thread with nobody"))?;
        let unread = if thread.guest_id == actor.user_id { thread.guest_unread } else { thread.host_unread };
        Ok(ThreadView { thread, other, unread })
    };
    threads.into_iter().map(view).collect()
}
