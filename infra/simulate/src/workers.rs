//! The provider's webhooks on their way in, and the workers of the two queues.

use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use testkit::WEBHOOK_SECRET;

use crate::acts::Went;
use crate::random::Random;
use crate::world::World;

/// The provider tells of nothing else.
const KINDS: [&str; 6] = ["payment_intent.", "refund.", "charge.refunded", "charge.dispute.", "account.", "payout."];

impl World {
    /// The provider sends what has happened since, badly.
    pub(crate) async fn deliver(&self, mut random: Random) -> Went {
        let mut sent = Vec::new();
        let fresh = self.new_events().await;
        let held = std::mem::take(&mut *self.late_events.borrow_mut());
        let (mut dropped, mut late) = (0, 0);
        for event in held.into_iter().chain(fresh) {
            match random.below(100) {
                0..10 => dropped += 1,
                10..25 => {
                    late += 1;
                    self.late_events.borrow_mut().push(event);
                }
                25..37 => sent.extend([event.clone(), event]),
                _ => sent.push(event),
            }
        }
        if random.chance(30) {
            random.shuffle(&mut sent);
        }
        let went = format!("{} sent, {dropped} dropped, {late} late", sent.len());
        // Whoever is killed in the middle has not sent the others: the provider tries again.
        let mut unsent = Unsent { world: self, events: sent };
        while let Some(event) = unsent.events.last().cloned() {
            if !self.webhook(&event).await? {
                break;
            }
            unsent.events.pop();
        }
        Ok(went)
    }

    /// Sends everything that is left, once and in order.
    pub(crate) async fn deliver_all(&self) -> Result<(), String> {
        let fresh = self.new_events().await;
        let held = std::mem::take(&mut *self.late_events.borrow_mut());
        for event in held.into_iter().chain(fresh) {
            if !self.webhook(&event).await? {
                return Err("a webhook was not taken though nothing went wrong".to_owned());
            }
        }
        Ok(())
    }

    /// Sends one webhook; false when it must be sent again.
    async fn webhook(&self, event: &str) -> Result<bool, String> {
        let signature = stripe_sim::sign(&[WEBHOOK_SECRET.to_owned()], Timestamp::now().as_second(), event);
        let headers = [("stripe-signature", signature.as_str()), ("content-type", "application/json")];
        let answer = self.api.send(Method::POST, "/v1/webhooks/stripe", &headers, event.to_owned()).await;
        match answer.status {
            200 => Ok(true),
            503 if !self.calm.get() => Ok(false),
            status => Err(format!("a webhook was answered {status}: {}", answer.json())),
        }
    }

    /// What has happened at the provider since somebody looked last, oldest first.
    async fn new_events(&self) -> Vec<String> {
        let seen = self.seen_event.borrow().clone();
        let mut newest_first: Vec<Value> = Vec::new();
        loop {
            let after =
                newest_first.last().map(|event| format!("&starting_after={}", event["id"].as_str().unwrap_or("")));
            let page = self.stripe.get(&format!("/v1/events?limit=100{}", after.unwrap_or_default())).await;
            let events = page["data"].as_array().cloned().unwrap_or_default();
            let until = events.iter().position(|event| event["id"].as_str() == seen.as_deref());
            newest_first.extend(events.into_iter().take(until.unwrap_or(usize::MAX)));
            if until.is_some() || page["has_more"] != true {
                break;
            }
        }
        if let Some(newest) = newest_first.first() {
            *self.seen_event.borrow_mut() = newest["id"].as_str().map(str::to_owned);
        }
        let told = |event: &&Value| KINDS.iter().any(|kind| event["type"].as_str().unwrap_or("").starts_with(kind));
        newest_first.iter().rev().filter(told).map(Value::to_string).collect()
    }

    /// The worker of webhooks takes some messages in any order.
    pub(crate) async fn hear(&self, mut random: Random, messages: u32) -> Went {
        let (mut done, mut failed) = (0, 0);
        for _ in 0..messages {
            let Some(taken) = self.stores.webhooks.take(random.below(1_000)) else { break };
            let Some(event) = taken.message() else { break };
            match self.kit.services.apply_stripe_event(event).await {
                Ok(()) => {
                    taken.done();
                    done += 1;
                }
                Err(_) => failed += 1,
            }
        }
        Ok(format!("{done} heard, {failed} failed, {} left", self.stores.webhooks.len()))
    }

    /// The worker of notifications takes some messages in any order.
    pub(crate) async fn notify(&self, mut random: Random, messages: u32, again: bool) -> Went {
        let (mut done, mut failed) = (0, 0);
        for _ in 0..messages {
            let Some(taken) = self.stores.events.take(random.below(1_000)) else { break };
            let Some(event) = taken.message() else { break };
            match self.kit.services.notify(event).await {
                Ok(()) => {
                    done += 1;
                    if !again {
                        taken.done();
                    }
                }
                Err(_) => failed += 1,
            }
        }
        Ok(format!("{done} told, {failed} failed, {} left", self.stores.events.len()))
    }

    /// Both workers go through everything that waits, once; gives what failed.
    pub(crate) async fn work_off(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for _ in 0..self.stores.webhooks.len() {
            let Some(taken) = self.stores.webhooks.take(0) else { break };
            let Some(event) = taken.message() else { break };
            match self.kit.services.apply_stripe_event(event).await {
                Ok(()) => taken.done(),
                Err(error) => failures.push(format!("{error:?} for the webhook {event}")),
            }
        }
        for _ in 0..self.stores.events.len() {
            let Some(taken) = self.stores.events.take(0) else { break };
            let Some(event) = taken.message() else { break };
            match self.kit.services.notify(event).await {
                Ok(()) => taken.done(),
                Err(error) => failures.push(format!("{error:?} for the event {event:?}")),
            }
        }
        failures
    }
}

/// Webhooks that the provider still has to send; they come later if nobody sends them now.
struct Unsent<'world> {
    world: &'world World,
    events: Vec<String>,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        self.world.late_events.borrow_mut().append(&mut self.events);
    }
}
