//! In the place of what is on AWS: queues, tables and mails in memory, whose calls are points at which an act can be
//! killed, and which fail on demand.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::error::{Error, Result};
use domain::event::Event;
use domain::id::{EventId, NotificationId, SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use services::Services;
use services::ports::{
    DeliveryClaim, DeliveryLog, EventPublisher, Mail, Mailer, Notification, NotificationStore, Session, SessionStore,
    WebhookQueue,
};

use crate::mishap;

/// How long a worker has a delivery to itself, as in `adapters`.
const CLAIM: SignedDuration = SignedDuration::from_secs(30);

/// Messages on a queue, or with a worker that gives back what it has not done.
pub(crate) struct Queue<T> {
    waiting: Mutex<Vec<T>>,
    /// How many of the next calls fail.
    failures: AtomicU32,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), failures: AtomicU32::default() }
    }
}

impl<T> Queue<T> {
    /// The next so many calls fail.
    pub(crate) fn fail(&self, times: u32) {
        self.failures.store(times, Ordering::Relaxed);
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        locked(&self.waiting).len()
    }

    /// Puts a message on the queue.
    pub(crate) fn push(&self, message: T) {
        locked(&self.waiting).push(message);
    }

    /// Takes a message off it: the one at `at`, counted round. It comes back when it is dropped undone.
    pub(crate) fn take(&self, at: usize) -> Option<Taken<'_, T>> {
        let mut waiting = locked(&self.waiting);
        if waiting.is_empty() {
            return None;
        }
        let at = at % waiting.len();
        let message = waiting.remove(at);
        Some(Taken { queue: self, message: Some(message) })
    }

    async fn put(&self, message: T) -> Result<()> {
        self.answers().await?;
        self.push(message);
        mishap::point().await;
        Ok(())
    }

    async fn answers(&self) -> Result<()> {
        mishap::point().await;
        let left = self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() { Err(Error::unavailable("the queue is down")) } else { Ok(()) }
    }
}

/// A message that a worker is at.
pub(crate) struct Taken<'queue, T> {
    queue: &'queue Queue<T>,
    message: Option<T>,
}

impl<T> Taken<'_, T> {
    /// It is done and does not come again.
    pub(crate) fn done(mut self) {
        self.message = None;
    }

    /// What it says.
    pub(crate) fn message(&self) -> Option<&T> {
        self.message.as_ref()
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            self.queue.push(message);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Delivery {
    Claimed { until: SignedDuration },
    Done,
}

#[derive(Default)]
struct Deliveries {
    known: HashMap<String, Delivery>,
    /// Mails that went out, by the delivery they were claimed for.
    mails: HashMap<String, u32>,
    /// Deliveries whose worker was killed after its mail had gone out and before it could say so.
    unsaid: HashMap<String, u32>,
}

/// Everything that is not in PostgreSQL.
#[derive(Default)]
pub(crate) struct Stores {
    /// Events for the worker of notifications.
    pub(crate) events: Queue<Event>,
    /// Webhooks for theirs.
    pub(crate) webhooks: Queue<String>,
    /// Mails that fail.
    failing_mails: AtomicU32,
    /// The time by which claims end.
    now: Mutex<SignedDuration>,
    deliveries: Mutex<Deliveries>,
    inbox: Mutex<HashMap<(UserId, NotificationId), Notification>>,
    sessions: Mutex<HashMap<SessionId, Session>>,
    revoked: Mutex<HashSet<SessionId>>,
}

impl Stores {
    /// Puts these stores in the place of those on AWS.
    pub(crate) fn replace(self: &Arc<Self>, services: &mut Services) {
        services.events = Arc::clone(self) as _;
        services.webhook_queue = Arc::clone(self) as _;
        services.mailer = Arc::clone(self) as _;
        services.deliveries = Arc::clone(self) as _;
        services.notifications = Arc::clone(self) as _;
        services.sessions = Arc::clone(self) as _;
    }

    /// The next so many mails fail.
    pub(crate) fn fail_mails(&self, times: u32) {
        self.failing_mails.store(times, Ordering::Relaxed);
    }

    /// Everything works again.
    pub(crate) fn heal(&self) {
        self.events.fail(0);
        self.webhooks.fail(0);
        self.fail_mails(0);
    }

    /// Time goes by.
    pub(crate) fn advance(&self, by: SignedDuration) {
        *locked(&self.now) += by;
    }

    /// The worker of this delivery was killed: if its mail had gone out unsaid, another may follow.
    pub(crate) fn killed_at(&self, delivery_id: &str) {
        let mut deliveries = locked(&self.deliveries);
        let done = matches!(deliveries.known.get(delivery_id), Some(Delivery::Done));
        if !done && deliveries.mails.contains_key(delivery_id) {
            *deliveries.unsaid.entry(delivery_id.to_owned()).or_default() += 1;
        }
    }

    /// Deliveries of more mails than one and those that nobody could know of.
    pub(crate) fn mailed_twice(&self) -> Vec<String> {
        let deliveries = locked(&self.deliveries);
        let allowed = |id: &String| 1 + deliveries.unsaid.get(id).copied().unwrap_or(0);
        deliveries.mails.iter().filter(|(id, mails)| **mails > allowed(id)).map(|(id, _)| id.clone()).collect()
    }

    /// Deliveries that were begun and never done.
    pub(crate) fn undone(&self) -> Vec<String> {
        let deliveries = locked(&self.deliveries);
        let undone = deliveries.known.iter().filter(|(_, state)| !matches!(state, Delivery::Done));
        undone.map(|(id, _)| id.clone()).collect()
    }

    /// How many entries there are for events of this kind, by whom they are for: `(person, booking)`.
    pub(crate) fn entries(&self, kind: &str) -> Vec<(UserId, String)> {
        let inbox = locked(&self.inbox);
        let of_kind = inbox.values().filter(|entry| entry.kind.as_str() == kind);
        of_kind.map(|entry| (entry.user_id, entry.data["booking_id"].as_str().unwrap_or("").to_owned())).collect()
    }

    /// How many mails went out.
    pub(crate) fn mails(&self) -> u32 {
        locked(&self.deliveries).mails.values().sum()
    }
}

#[async_trait]
impl EventPublisher for Stores {
    async fn publish(&self, events: &[Event]) -> Result<Vec<EventId>> {
        self.events.answers().await?;
        for event in events {
            self.events.push(event.clone());
        }
        mishap::point().await;
        Ok(events.iter().map(|event| event.id).collect())
    }
}

#[async_trait]
impl WebhookQueue for Stores {
    async fn put(&self, body: &str) -> Result<()> {
        self.webhooks.put(body.to_owned()).await
    }
}

#[async_trait]
impl Mailer for Stores {
    async fn send(&self, _: &Mail) -> Result<()> {
        mishap::point().await;
        let left = self.failing_mails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() {
            return Err(Error::unavailable("the mail provider is down"));
        }
        let delivery = mishap::claim().ok_or_else(|| Error::internal("a mail that nobody has claimed"))?;
        *locked(&self.deliveries).mails.entry(delivery).or_default() += 1;
        mishap::point().await;
        Ok(())
    }
}

#[async_trait]
impl DeliveryLog for Stores {
    async fn claim(&self, delivery_id: &str) -> Result<DeliveryClaim> {
        mishap::point().await;
        let now = *locked(&self.now);
        let mut deliveries = locked(&self.deliveries);
        match deliveries.known.get(delivery_id) {
            Some(Delivery::Done) => return Ok(DeliveryClaim::Done),
            Some(Delivery::Claimed { until }) if *until > now => return Ok(DeliveryClaim::InProgress),
            _ => {}
        }
        deliveries.known.insert(delivery_id.to_owned(), Delivery::Claimed { until: now + CLAIM });
        mishap::claimed(delivery_id);
        Ok(DeliveryClaim::Mine)
    }

    async fn complete(&self, delivery_id: &str) -> Result<()> {
        mishap::point().await;
        locked(&self.deliveries).known.insert(delivery_id.to_owned(), Delivery::Done);
        mishap::point().await;
        Ok(())
    }

    async fn release(&self, delivery_id: &str) -> Result<()> {
        mishap::point().await;
        locked(&self.deliveries).known.remove(delivery_id);
        Ok(())
    }
}

#[async_trait]
impl NotificationStore for Stores {
    async fn remove_of_user(&self, user_id: UserId) -> Result<()> {
        locked(&self.inbox).retain(|(owner, _), _| *owner != user_id);
        Ok(())
    }

    async fn put(&self, entry: &Notification) -> Result<()> {
        mishap::point().await;
        locked(&self.inbox).entry((entry.user_id, entry.id)).or_insert_with(|| entry.clone());
        mishap::point().await;
        Ok(())
    }

    async fn page(&self, user_id: UserId, before: Option<NotificationId>, limit: u32) -> Result<Vec<Notification>> {
        let inbox = locked(&self.inbox);
        let mut page: Vec<Notification> = inbox
            .values()
            .filter(|entry| entry.user_id == user_id && before.is_none_or(|before| entry.id < before))
            .cloned()
            .collect();
        page.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        page.truncate(usize::try_from(limit).map_err(Error::internal)?);
        Ok(page)
    }

    async fn mark_read(&self, user_id: UserId, id: NotificationId, at: Timestamp) -> Result<Option<Notification>> {
        let mut inbox = locked(&self.inbox);
        Ok(inbox.get_mut(&(user_id, id)).map(|entry| {
            entry.read_at.get_or_insert(at);
            entry.clone()
        }))
    }
}

#[async_trait]
impl SessionStore for Stores {
    async fn create(&self, session: &Session) -> Result<()> {
        locked(&self.sessions).insert(session.id, session.clone());
        Ok(())
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(locked(&self.sessions).get(&id).cloned())
    }

    async fn replace(&self, session: &Session, expected_version: u64) -> Result<bool> {
        let mut sessions = locked(&self.sessions);
        let is_as_expected = sessions.get(&session.id).is_some_and(|kept| kept.version == expected_version);
        if is_as_expected {
            sessions.insert(session.id, session.clone());
        }
        Ok(is_as_expected)
    }

    async fn revoke(&self, id: SessionId) -> Result<()> {
        locked(&self.sessions).remove(&id);
        locked(&self.revoked).insert(id);
        Ok(())
    }

    async fn of_user(&self, user_id: UserId) -> Result<Vec<Session>> {
        Ok(locked(&self.sessions).values().filter(|session| session.user_id == user_id).cloned().collect())
    }

    async fn is_revoked(&self, id: SessionId) -> Result<bool> {
        Ok(locked(&self.revoked).contains(&id))
    }
}
