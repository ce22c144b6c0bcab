//! What the account's endpoint gets to hear, and how.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::harness::{Stripe, path_of, text};

fn timestamp(signature: &str) -> i64 {
    let field = signature.split(',').find_map(|part| part.strip_prefix("t="));
    field.and_then(|field| field.parse().ok()).expect("a timestamp")
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_raw_body_with_each_secret() {
    let secrets = vec!["whsec_old".to_owned(), "whsec_new".to_owned()];
    let stripe = Stripe::with(|config| config.webhook_secrets = secrets.clone()).await;
    let intent = stripe.post_with_key("/v1/payment_intents", "amount=500&currency=usd", "k1").await.ok();
    let webhook = stripe.next_webhook().await;
    let expected = stripe_sim::sign(&secrets, timestamp(&webhook.signature), &webhook.body);
    assert_eq!(webhook.signature, expected);
    assert_eq!(webhook.signature.matches("v1=").count(), 2);
    assert_eq!(webhook.event["type"], "payment_intent.created");
    assert_eq!(webhook.event["data"]["object"], intent);
    assert_eq!(webhook.event["request"]["idempotency_key"], "k1");
}

#[tokio::test]
async fn each_step_of_a_payment_is_told_in_order() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&capture_method=manual").await;
    let confirm = path_of(&intent, "/confirm");
    stripe.post(&confirm, "payment_method=pm_card_visa_chargeDeclined").await.refused(402, "card_declined");
    stripe.post(&confirm, "payment_method=pm_card_threeDSecure2Required").await.ok();
    let handle = format!("/_sim/payment_intents/{}/authenticate", text(&intent["id"]));
    stripe.handle(&handle, json!({"outcome": "succeed"})).await.ok();
    stripe.post(&path_of(&intent, "/capture"), "").await.ok();
    stripe.post("/v1/refunds", &format!("payment_intent={}", text(&intent["id"]))).await.ok();
    let expected = [
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
    ];
    assert_eq!(stripe.next_kinds(expected.len()).await, expected);
    let open = stripe.intent("").await;
    stripe.post(&path_of(&open, "/cancel"), "").await.ok();
    assert_eq!(stripe.next_kinds(2).await, ["payment_intent.created", "payment_intent.canceled"]);
}

#[tokio::test]
async fn an_event_is_sent_until_the_endpoint_takes_it_and_those_of_its_payment_wait() {
    let stripe = Stripe::start().await;
    stripe.failing.store(3, Ordering::SeqCst);
    stripe.paid().await;
    assert_eq!(stripe.next_kinds(2).await, ["payment_intent.created", "payment_intent.succeeded"]);
    // The last attempt is noted after the endpoint has answered it.
    let delivered = loop {
        let log = stripe.get("/_sim/webhooks").await.ok();
        if log.as_array().expect("a list").iter().all(|delivery| delivery["status"] == "delivered") {
            break log;
        }
    };
    let statuses = |delivery: &Value| -> Vec<i64> {
        let attempts = delivery["attempts"].as_array().expect("a list");
        attempts.iter().filter_map(|attempt| attempt["response_status"].as_i64()).collect()
    };
    assert_eq!(statuses(&delivered[1]), [503, 503, 503, 200]);
    assert_eq!(statuses(&delivered[0]), [200]);
}

#[tokio::test]
async fn only_what_the_endpoint_subscribes_to_is_sent() {
    let stripe = Stripe::with(|config| config.webhook_events = vec!["charge.succeeded".to_owned()]).await;
    stripe.paid().await;
    assert_eq!(stripe.next_kinds(1).await, ["charge.succeeded"]);
    assert_eq!(stripe.get("/_sim/webhooks").await.ok().as_array().map(Vec::len), Some(1));
    assert_eq!(stripe.get("/v1/events").await.ok()["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn an_event_is_doubled_dropped_late_or_shuffled_as_the_script_says() {
    let stripe = Stripe::start().await;
    stripe.fault("webhook_twice", 1).await;
    stripe.intent("").await;
    let (one, other) = (stripe.next_webhook().await, stripe.next_webhook().await);
    assert_eq!(one.event["id"], other.event["id"]);

    stripe.fault("webhook_dropped", 1).await;
    stripe.paid().await;
    assert_eq!(stripe.next_kinds(1).await, ["payment_intent.succeeded"]);
    let log = stripe.get("/_sim/webhooks").await.ok();
    assert_eq!((&log[1]["type"], &log[1]["status"]), (&json!("payment_intent.created"), &json!("dropped")));

    stripe.fault("webhook_late", 1).await;
    stripe.paid().await;
    assert_eq!(stripe.next_kinds(2).await, ["payment_intent.succeeded", "payment_intent.created"]);

    stripe.fault("webhook_shuffled", 4).await;
    let intent = stripe.paid().await;
    stripe.post("/v1/refunds", &format!("payment_intent={}", text(&intent["id"]))).await.ok();
    let shuffled = stripe.next_kinds(4).await;
    assert_eq!(shuffled, ["charge.refunded", "refund.created", "payment_intent.succeeded", "payment_intent.created"]);

    stripe.fault("webhook_shuffled", 1).await;
    stripe.paid().await;
    assert_eq!(stripe.next_kinds(2).await, ["payment_intent.succeeded", "payment_intent.created"]);
}
