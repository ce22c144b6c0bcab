//! Sending events to the account's endpoint: signed, in order within a subject (a payment, say), again and again until a 2xx, and as
//! badly as the fault script says. Must not change what happened.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::faults::FaultKind;
use crate::shared::Shared;
use crate::signature::sign;
use crate::state::{State, Word, wall_clock};

const FIRST_RETRY_AFTER: Duration = Duration::from_millis(100);
const LAST_RETRY_AFTER: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    Pending,
    /// An attempt failed and another will follow.
    Retrying,
    Delivered,
    /// Lost by the fault script.
    Dropped,
}

#[derive(Debug, Serialize)]
pub(crate) struct Attempt {
    /// Seconds since 1970.
    at: i64,
    /// The endpoint's answer, if there was one.
    response_status: Option<u16>,
    error: Option<String>,
}

/// One sending of one event.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    id: usize,
    event: String,
    #[serde(rename = "type")]
    kind: Word,
    subject: String,
    url: String,
    status: DeliveryStatus,
    fault: Option<FaultKind>,
    attempts: Vec<Attempt>,
    #[serde(skip)]
    body: String,
}

/// Every sending so far, and what waits behind what.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    all: Vec<Delivery>,
    /// By subject: what follows the delivery under way. No entry: nothing is under way.
    waiting: HashMap<String, VecDeque<usize>>,
    /// Held back to be sent newest first.
    held: Vec<usize>,
}

impl Deliveries {
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.all.iter().rev()
    }

    /// How many sendings of an event are not done.
    pub(crate) fn pending(&self, event: &str) -> usize {
        let open = |status| matches!(status, DeliveryStatus::Pending | DeliveryStatus::Retrying);
        self.all.iter().filter(|delivery| delivery.event == event && open(delivery.status)).count()
    }

    /// The events of all sendings that are not done, in their order, each once.
    pub(crate) fn unsent(&self) -> Vec<String> {
        let open = |delivery: &&Delivery| matches!(delivery.status, DeliveryStatus::Pending | DeliveryStatus::Retrying);
        let mut events: Vec<String> = Vec::new();
        for delivery in self.all.iter().filter(open) {
            if !events.contains(&delivery.event) {
                events.push(delivery.event.clone());
            }
        }
        events
    }
}

/// Puts an event on its way, by the script if it has something to say.
pub(crate) fn dispatch(shared: &Arc<Shared>, state: &mut State, event_id: &str) {
    let Some(url) = shared.config.webhook_url.clone() else { return };
    let Some(event) = state.events.get(event_id) else { return };
    if !shared.config.sends(&event.kind) {
        return;
    }
    let (kind, subject) = (event.kind.clone(), event.subject.clone());
    // Stripe sends the same indented text that its API answers with.
    let body = format!("{:#}", event.to_json(1));
    let fault = state.faults.take_for_event(&kind);
    let record = |state: &mut State, status| {
        let id = state.deliveries.all.len();
        state.deliveries.all.push(Delivery {
            id,
            event: event_id.to_owned(),
            kind: kind.clone(),
            subject: subject.clone(),
            url: url.clone(),
            status,
            fault,
            attempts: Vec::new(),
            body: body.clone(),
        });
        id
    };
    let joins_held = state.deliveries.held.len() == 1 && !state.faults.has_left(FaultKind::WebhookShuffled);
    match fault {
        Some(FaultKind::WebhookDropped) => {
            record(state, DeliveryStatus::Dropped);
        }
        Some(FaultKind::WebhookTwice) => {
            for _ in 0..2 {
                let id = record(state, DeliveryStatus::Pending);
                enqueue(shared, state, &subject, id);
            }
        }
        Some(FaultKind::WebhookLate) => {
            let id = record(state, DeliveryStatus::Pending);
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                if pause(&shared, shared.config.webhook_delay).await {
                    deliver(&shared, id).await;
                }
            });
        }
        Some(FaultKind::WebhookShuffled) => {
            let id = record(state, DeliveryStatus::Pending);
            hold(shared, state, id);
        }
        _ if joins_held => {
            let id = record(state, DeliveryStatus::Pending);
            hold(shared, state, id);
        }
        _ => {
            let id = record(state, DeliveryStatus::Pending);
            enqueue(shared, state, &subject, id);
        }
    }
}

/// Sends a delivery after those of the same subject that are not done.
fn enqueue(shared: &Arc<Shared>, state: &mut State, subject: &str, id: usize) {
    if let Some(waiting) = state.deliveries.waiting.get_mut(subject) {
        waiting.push_back(id);
        return;
    }
    state.deliveries.waiting.insert(subject.to_owned(), VecDeque::new());
    let (shared, subject) = (Arc::clone(shared), subject.to_owned());
    tokio::spawn(async move {
        let mut next = Some(id);
        while let Some(id) = next {
            deliver(&shared, id).await;
            next = shared.locked(|state| {
                let waiting = state.deliveries.waiting.get_mut(&subject);
                let following = waiting.and_then(VecDeque::pop_front);
                if following.is_none() {
                    state.deliveries.waiting.remove(&subject);
                }
                following
            });
        }
    });
}

/// Keeps a delivery back until the shuffle is complete, or nothing more comes.
fn hold(shared: &Arc<Shared>, state: &mut State, id: usize) {
    state.deliveries.held.push(id);
    if state.deliveries.held.len() >= 2 && !state.faults.has_left(FaultKind::WebhookShuffled) {
        let held = std::mem::take(&mut state.deliveries.held);
        send_newest_first(shared, held);
    } else if state.deliveries.held.len() == 1 {
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            if pause(&shared, shared.config.webhook_delay).await {
                let held = shared.locked(|state| match state.deliveries.held.first() == Some(&id) {
                    true => std::mem::take(&mut state.deliveries.held),
                    false => Vec::new(),
                });
                send_newest_first(&shared, held);
            }
        });
    }
}

fn send_newest_first(shared: &Arc<Shared>, held: Vec<usize>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        for id in held.into_iter().rev() {
            deliver(&shared, id).await;
        }
    });
}

/// Waits; false if the simulator ended meanwhile.
async fn pause(shared: &Shared, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = shared.stopped() => false,
    }
}

/// Sends one delivery until the endpoint takes it or the simulator ends.
async fn deliver(shared: &Arc<Shared>, id: usize) {
    let mut retry_after = FIRST_RETRY_AFTER;
    loop {
        let sending = shared.locked(|state| {
            let delivery = state.deliveries.all.get(id);
            delivery.map(|delivery| (delivery.url.clone(), delivery.body.clone()))
        });
        let Some((url, body)) = sending else { return };
        let attempt = tokio::select! {
            attempt = send(shared, &url, body) => attempt,
            () = shared.stopped() => return,
        };
        let done = attempt.response_status.is_some_and(|status| (200..300).contains(&status));
        if !done {
            tracing::warn!(delivery = id, status = attempt.response_status, error = attempt.error, "webhook not taken");
        }
        shared.locked(|state| {
            if let Some(delivery) = state.deliveries.all.get_mut(id) {
                delivery.status = if done { DeliveryStatus::Delivered } else { DeliveryStatus::Retrying };
                delivery.attempts.push(attempt);
            }
        });
        if done || !pause(shared, retry_after).await {
            return;
        }
        retry_after = (retry_after * 2).min(LAST_RETRY_AFTER);
    }
}

async fn send(shared: &Shared, url: &str, body: String) -> Attempt {
    // The semaphore is never closed; without a permit the sending still is right, only not bounded.
    let _permit = shared.webhook_permits.acquire().await.ok();
    let at = wall_clock();
    let request = shared
        .client
        .post(url)
        .timeout(ANSWER_WITHIN)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("stripe-signature", sign(&shared.config.webhook_secrets, at, &body))
        .body(body);
    match request.send().await {
        Ok(answer) => Attempt { at, response_status: Some(answer.status().as_u16()), error: None },
        Err(error) => Attempt { at, response_status: None, error: Some(error.to_string()) },
    }
}
