//! Ports that remember what went through them and fail on demand.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::error::{Error, Result};
use domain::event::Event;
use domain::id::EventId;
use services::ports::{DeliveryClaim, DeliveryLog, EventPublisher, Mail, Mailer};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the queue does with events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventsMode {
    /// Takes them all.
    #[default]
    Take,
    /// Is down.
    Fail,
    /// Never answers.
    Hang,
    /// Takes the first of a batch and refuses the others.
    TakeFirst,
}

/// A queue that remembers what it took.
#[derive(Default)]
pub struct RecordedEvents {
    mode: Mutex<EventsMode>,
    taken: Mutex<Vec<Event>>,
}

impl RecordedEvents {
    /// From now on the queue does this.
    pub fn set(&self, mode: EventsMode) {
        *lock(&self.mode) = mode;
    }

    /// What it took, in order, twice where it took it twice.
    pub fn taken(&self) -> Vec<Event> {
        lock(&self.taken).clone()
    }
}

#[async_trait]
impl EventPublisher for RecordedEvents {
    async fn publish(&self, events: &[Event]) -> Result<Vec<EventId>> {
        assert!(events.len() <= 10, "the queue takes ten events a call, not {}", events.len());
        let mode = *lock(&self.mode);
        let events = match mode {
            EventsMode::Fail => return Err(Error::unavailable("the queue is down")),
            EventsMode::Hang => std::future::pending().await,
            EventsMode::Take => events,
            EventsMode::TakeFirst => &events[..1],
        };
        lock(&self.taken).extend_from_slice(events);
        Ok(events.iter().map(|event| event.id).collect())
    }
}

/// A mail provider that remembers what it sent.
#[derive(Default)]
pub struct RecordedMails {
    down: AtomicBool,
    sent: Mutex<Vec<Mail>>,
}

impl RecordedMails {
    /// Whether it refuses from now on.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// What it sent, in order.
    pub fn sent(&self) -> Vec<Mail> {
        lock(&self.sent).clone()
    }
}

#[async_trait]
impl Mailer for RecordedMails {
    async fn send(&self, mail: &Mail) -> Result<()> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the mail provider is down"));
        }
        // Others get their turn in the middle, as over a network.
        tokio::task::yield_now().await;
        lock(&self.sent).push(mail.clone());
        Ok(())
    }
}

/// A real log of deliveries that fails to mark the next ones as done.
pub struct UnreliableDeliveries {
    inner: Arc<dyn DeliveryLog>,
    failing_completions: AtomicU32,
}

impl UnreliableDeliveries {
    /// Fails `failing_completions` times, then works as `inner` does.
    pub fn new(inner: Arc<dyn DeliveryLog>, failing_completions: u32) -> Self {
        Self { inner, failing_completions: AtomicU32::new(failing_completions) }
    }
}

#[async_trait]
impl DeliveryLog for UnreliableDeliveries {
    async fn claim(&self, delivery_id: &str) -> Result<DeliveryClaim> {
        self.inner.claim(delivery_id).await
    }

    async fn complete(&self, delivery_id: &str) -> Result<()> {
        let left =
            self.failing_completions.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Ok(_) => Err(Error::unavailable("the table is down")),
            Err(_) => self.inner.complete(delivery_id).await,
        }
    }

    async fn release(&self, delivery_id: &str) -> Result<()> {
        self.inner.release(delivery_id).await
    }
}
