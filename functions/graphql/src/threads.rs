//! Threads: what guests and hosts write to each other.

use std::sync::Arc;

use async_graphql::connection::EmptyFields;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use bookings::threads::json::{CreateThreadIn, MessageOut, SendMessageIn, ThreadOut};
use domain::error::Error;
use domain::id::{BookingId, ThreadId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use services::Tx;
use services::threads::{Message as StoredMessage, ThreadView, ask_host, mark_read, send, send_about};
use web::{PageRequest, answers};

use crate::bookings::Booking;
use crate::caller::{RequestExt, if_visible, parse_id, require_id};
use crate::codes::{MessageKind, Party, ThreadEvent};
use crate::connections::{Item, Plain, connect, page};
use crate::loaders::{BookingOf, NewestMessagesOf, ProfileOf, PropertyOf, ThreadOf};
use crate::properties::Property;
use crate::scalars::DateTime;
use crate::users::User;
use crate::{limits, mutations, wire};

/// What cursors of this list belong to.
const LIST: &str = "/graphql/threads";

/// One entry of a thread: what a side wrote, or what happened to a booking.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Message {
    id: ID,
    thread_id: ID,
    kind: MessageKind,
    /// Who wrote it; null for `SYSTEM`.
    sender_id: Option<ID>,
    /// The words; null for `SYSTEM`.
    text: Option<String>,
    /// What happened; null for `MESSAGE`.
    event: Option<ThreadEvent>,
    /// To which booking; null for `MESSAGE`.
    booking_id: Option<ID>,
    /// Who caused it; null for `MESSAGE`.
    by: Option<Party>,
    created_at: DateTime,
}

#[ComplexObject]
impl Message {
    /// Who wrote it; null for `SYSTEM`.
    async fn sender(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = &self.sender_id else { return Ok(None) };
        let sender = ctx.loaders().load_one(ProfileOf(require_id(id)?)).await?;
        Ok(sender.as_ref().map(User::of).transpose()?)
    }
}

/// What a thread is about, as both sides know it even when the property is no longer to be seen.
#[derive(Clone, Debug, Deserialize)]
struct About {
    id: ID,
    title: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Other {
    id: ID,
}

/// The conversation of a guest and a host about a property; to the two of them.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Thread {
    pub(crate) id: ID,
    guest_id: ID,
    host_id: ID,
    /// The guest's bookings of the property, newest first.
    booking_ids: Vec<ID>,
    last_message: Message,
    /// Messages of the other side since the caller last marked the thread as read.
    unread_count: i32,
    created_at: DateTime,
    /// When the last message was written.
    updated_at: DateTime,
    #[graphql(skip)]
    property: About,
    #[graphql(skip)]
    other_party: Other,
}

impl Thread {
    fn of(view: &ThreadView) -> domain::error::Result<Self> {
        wire::object(&ThreadOut::from(view))
    }
}

#[ComplexObject]
impl Thread {
    /// What it is about.
    async fn property_id(&self) -> &ID {
        &self.property.id
    }

    /// What the property is called.
    async fn property_title(&self) -> Option<&str> {
        self.property.title.as_deref()
    }

    /// What it is about; null when it is no longer to be seen.
    async fn property(&self, ctx: &Context<'_>) -> Result<Option<Property>> {
        let view = ctx.loaders().load_one(PropertyOf(require_id(&self.property.id)?)).await?;
        Ok(view.as_ref().map(Property::of).transpose()?)
    }

    /// The one the caller writes with.
    async fn other_party(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let other = ctx.loaders().load_one(ProfileOf(require_id(&self.other_party.id)?)).await?;
        Ok(other.as_ref().map(User::of).transpose()?)
    }

    /// The guest's bookings of the property, newest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn bookings(&self, ctx: &Context<'_>) -> Result<Vec<Booking>> {
        let keys: Vec<BookingOf> =
            self.booking_ids.iter().map(|id| require_id(id).map(BookingOf)).collect::<domain::error::Result<_>>()?;
        let found = ctx.loaders().load_many(keys.iter().copied()).await?;
        let seen = keys.iter().filter_map(|key| found.get(key)).map(Booking::of);
        Ok(seen.collect::<domain::error::Result<_>>()?)
    }

    /// What is in it, newest first.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Message>>> {
        messages_of(ctx, require_id(&self.id)?, first, after).await.map(Some)
    }
}

/// A page of a thread that the caller has seen.
async fn messages_of(
    ctx: &Context<'_>,
    id: ThreadId,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Plain<Message>> {
    let page = page(&format!("{LIST}/{id}/messages"), first, after)?;
    let before: Option<i64> = page.position(ctx.services()).await?;
    let found = match before {
        None => ctx.loaders().load_one(NewestMessagesOf(id, page.limit + 1)).await?.unwrap_or_default(),
        Some(_) => ctx.services().messages(ctx.signed_in()?, id, before, i64::from(page.limit) + 1).await?,
    };
    connected(ctx, &page, before.is_some(), &found).await
}

/// A page of the thread that a booking, which the caller has seen, is in. Null for who is not a party of it.
pub(crate) async fn messages_of_booking(
    ctx: &Context<'_>,
    booking_id: BookingId,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Plain<Message>> {
    match ctx.loaders().load_one(ThreadOf(booking_id)).await? {
        Some(id) => messages_of(ctx, id, first, after).await,
        // Booked before there were threads, and nothing has happened since.
        None => connected(ctx, &page(LIST, first, None)?, false, &[]).await,
    }
}

async fn connected(
    ctx: &Context<'_>,
    page: &PageRequest,
    has_previous: bool,
    found: &[StoredMessage],
) -> Result<Plain<Message>> {
    let item = |message: &StoredMessage| {
        let node = wire::object(&MessageOut::from(message))?;
        Ok(Item { position: message.position, node, edge: EmptyFields })
    };
    let items = found.iter().map(item).collect::<domain::error::Result<_>>()?;
    Ok(connect(ctx.services(), page, has_previous, items).await?)
}

/// The thread of this id, if the caller may see it.
pub(crate) async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Thread>> {
    let actor = ctx.signed_in()?;
    let Some(id) = parse_id(id) else { return Ok(None) };
    let view = if_visible(ctx.services().thread(actor, id).await)?;
    Ok(view.as_ref().map(Thread::of).transpose()?)
}

/// Threads.
#[derive(Default)]
pub(crate) struct ThreadQuery;

#[Object]
impl ThreadQuery {
    /// A thread, to its guest and its host.
    async fn thread(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Thread>> {
        find(ctx, &id).await
    }

    /// Own threads, as guest and as host, newest message first.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn threads(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Plain<Thread>>> {
        let (services, actor) = (ctx.services(), ctx.signed_in()?);
        let page = page(LIST, first, after)?;
        let after: Option<(Timestamp, ThreadId)> = page.position(services).await?;
        let found = services.threads(actor, after, i64::from(page.limit) + 1).await?;
        let item = |view: &ThreadView| {
            let position = (view.thread.last_message_at, view.thread.id);
            Ok(Item { position, node: Thread::of(view)?, edge: EmptyFields })
        };
        let items = found.iter().map(item).collect::<domain::error::Result<_>>()?;
        Ok(Some(connect(services, &page, after.is_some(), items).await?))
    }
}

/// A question to the host of a listing.
#[derive(Serialize, InputObject)]
struct CreateThreadInput {
    property_id: ID,
    /// 1 to 5,000 characters.
    text: String,
    idempotency_key: Option<String>,
}

/// What to write, and to whom: the other side of a thread, or of a booking.
#[derive(Serialize, InputObject)]
struct SendMessageInput {
    /// This or `bookingId`.
    thread_id: Option<ID>,
    /// This or `threadId`.
    booking_id: Option<ID>,
    /// 1 to 5,000 characters.
    text: String,
    idempotency_key: Option<String>,
}

/// The thread whose messages were read.
#[derive(Serialize, InputObject)]
struct MarkThreadReadInput {
    thread_id: ID,
    idempotency_key: Option<String>,
}

/// The thread as it now is.
#[derive(SimpleObject)]
struct ThreadPayload {
    thread: Thread,
}

/// What was written.
#[derive(SimpleObject)]
struct SendMessagePayload {
    message: Message,
}

/// Threads.
#[derive(Default)]
pub(crate) struct ThreadMutation;

#[Object]
impl ThreadMutation {
    /// Ask the host of a listing. There is one thread a guest and property: asking again continues it.
    async fn create_thread(&self, ctx: &Context<'_>, input: CreateThreadInput) -> Result<Option<ThreadPayload>> {
        let actor = ctx.signed_in()?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "createThread", &input, key).await?;
        let CreateThreadIn { property_id, text } = &wire::read(&input, &[])?;
        let work = |tx: Arc<Tx>| async move { ask_host(&tx, actor, *property_id, text).await };
        let answer = ctx.services().idempotently("threads.create", key.as_ref(), work, rendered).await?;
        Ok(Some(ThreadPayload { thread: mutations::answered(ctx, &answer)? }))
    }

    /// Write to the other side of a thread or of a booking.
    async fn send_message(&self, ctx: &Context<'_>, input: SendMessageInput) -> Result<Option<SendMessagePayload>> {
        let actor = ctx.signed_in()?;
        let to = addressee(&input)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "sendMessage", &input, key).await?;
        let SendMessageIn { text } = &wire::read(&input, &["thread_id", "booking_id"])?;
        let work = |tx: Arc<Tx>| async move {
            match to {
                Addressee::OfThread(id) => send(&tx, actor, id, text).await,
                Addressee::OfBooking(id) => send_about(&tx, actor, id, text).await,
            }
        };
        let render = |outcome: domain::error::Result<&StoredMessage, &Error>| {
            answers::of(outcome, |message| answers::ok(&MessageOut::from(message)))
        };
        let answer = ctx.services().idempotently("threads.send", key.as_ref(), work, render).await?;
        Ok(Some(SendMessagePayload { message: mutations::answered(ctx, &answer)? }))
    }

    /// Mark what the other side wrote as read.
    async fn mark_thread_read(&self, ctx: &Context<'_>, input: MarkThreadReadInput) -> Result<Option<ThreadPayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id(&input.thread_id)?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "markThreadRead", &input, key).await?;
        let work = |tx: Arc<Tx>| async move { mark_read(&tx, actor, id).await };
        let answer = ctx.services().idempotently("threads.mark_read", key.as_ref(), work, rendered).await?;
        Ok(Some(ThreadPayload { thread: mutations::answered(ctx, &answer)? }))
    }
}

/// To whom a message goes.
#[derive(Clone, Copy)]
enum Addressee {
    OfThread(ThreadId),
    OfBooking(BookingId),
}

fn addressee(input: &SendMessageInput) -> domain::error::Result<Addressee> {
    match (&input.thread_id, &input.booking_id) {
        (Some(id), None) => require_id(id).map(Addressee::OfThread),
        (None, Some(id)) => require_id(id).map(Addressee::OfBooking),
        _ => {
            let invalid = domain::error::Invalid::new("required", "Give either a thread or a booking.");
            Err(Error::invalid_field("/thread_id", invalid))
        }
    }
}

fn rendered(outcome: domain::error::Result<&ThreadView, &Error>) -> services::SavedAnswer {
    answers::of(outcome, |view| answers::ok(&ThreadOut::from(view)))
}
