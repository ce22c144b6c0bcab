//! An account that outlives the simulator.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use serde_json::json;

use crate::harness::{Stripe, path_of, text};

/// A file of this test's own, gone with it.
struct DataFile(PathBuf);

impl DataFile {
    fn of(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("stripe-sim-{}-{test}.json", std::process::id())))
    }

    async fn open(&self) -> Stripe {
        Stripe::with(|config| config.data_file = Some(self.0.clone())).await
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[tokio::test]
async fn a_simulator_that_starts_again_knows_what_it_knew() {
    let file = DataFile::of("knows");
    let stripe = file.open().await;
    let form = "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa";
    let paid = stripe.post_with_key("/v1/payment_intents", form, "k1").await.ok();
    let declined = stripe.intent("").await;
    let card = "payment_method=pm_card_visa_chargeDeclined";
    stripe.post(&path_of(&declined, "/confirm"), card).await.refused(402, "card_declined");
    let lists = ["payment_intents", "charges", "events", "balance_transactions", "disputes", "refunds", "transfers"];
    let mut known = Vec::new();
    for list in lists {
        known.push(stripe.get(&format!("/v1/{list}?limit=100")).await.ok());
    }
    stripe.handle("/_sim/clock", json!({"advance_seconds": 3_600})).await.ok();
    // Until a webhook is taken, its event says that it is pending.
    stripe.next_kinds(4).await;
    stripe.simulator.shutdown().await.expect("kept");

    let stripe = file.open().await;
    for (list, known) in lists.iter().zip(&known).filter(|(list, _)| **list != "events") {
        assert_eq!(stripe.get(&format!("/v1/{list}?limit=100")).await.ok(), *known, "{list}");
    }
    let ids = |list: &serde_json::Value| {
        list["data"].as_array().expect("a list").iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&stripe.get("/v1/events?limit=100").await.ok()), ids(&known[2]));
    assert_eq!(stripe.post_with_key("/v1/payment_intents", form, "k1").await.ok()["id"], paid["id"]);
    assert_ne!(stripe.intent("").await["id"], paid["id"]);
    stripe.post("/v1/refunds", &format!("payment_intent={}", text(&paid["id"]))).await.ok();
    let clock = Stripe::send(stripe.raw(reqwest::Method::GET, "/_sim/clock")).await.ok();
    assert_eq!(clock["ahead_seconds"], 3_600);
}

#[tokio::test]
async fn what_no_webhook_has_told_of_is_told_after_the_next_start() {
    let file = DataFile::of("tells");
    let stripe = file.open().await;
    stripe.failing.store(usize::MAX, Ordering::SeqCst);
    stripe.paid().await;
    stripe.simulator.shutdown().await.expect("kept");
    let stripe = file.open().await;
    assert_eq!(stripe.next_kinds(2).await, ["payment_intent.created", "payment_intent.succeeded"]);
}
