//! Money that the holder of a card takes back.

use serde_json::json;

use crate::harness::{Stripe, text};

#[tokio::test]
async fn a_disputed_charge_cannot_be_refunded() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&confirm=true&payment_method=pm_card_createDispute").await;
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(stripe.charge_of(&intent).await["disputed"], true);
    let of_intent = format!("payment_intent={}", text(&intent["id"]));
    let listed = stripe.get(&format!("/v1/disputes?{of_intent}")).await.ok();
    let dispute = &listed["data"][0];
    assert_eq!((&dispute["amount"], &dispute["status"]), (&json!(12_550), &json!("needs_response")));
    stripe.post("/v1/refunds", &of_intent).await.refused(400, "charge_disputed");
    let kinds = stripe.next_kinds(3).await;
    assert_eq!(kinds, ["payment_intent.created", "payment_intent.succeeded", "charge.dispute.created"]);
}

#[tokio::test]
async fn a_dispute_is_decided_once() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&capture_method=manual&confirm=true&payment_method=pm_card_createDispute").await;
    let none = stripe.get("/v1/disputes").await.ok();
    assert_eq!(none["data"], json!([]), "nothing is taken yet");
    stripe.post(&format!("/v1/payment_intents/{}/capture", text(&intent["id"])), "").await.ok();
    let dispute = stripe.get("/v1/disputes").await.ok()["data"][0].clone();
    let handle = format!("/_sim/disputes/{}/close", text(&dispute["id"]));
    let won = stripe.handle(&handle, json!({"status": "won"})).await.ok();
    assert_eq!(won["status"], "won");
    let net = |row: &serde_json::Value| row["net"].as_i64().expect("a number");
    let rows = won["balance_transactions"].as_array().expect("a list");
    assert_eq!(rows.iter().map(net).collect::<Vec<_>>(), [-14_050, 14_050]);
    assert_eq!(stripe.handle(&handle, json!({"status": "lost"})).await.status, 400);
}
