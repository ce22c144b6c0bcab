//! Giving back what was taken, and never more.

use serde_json::json;

use crate::harness::{Stripe, path_of, text};

#[tokio::test]
async fn refunds_add_up_to_what_was_captured_and_no_more() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid().await;
    let of_intent = format!("payment_intent={}", text(&intent["id"]));
    stripe.post("/v1/refunds", &format!("{of_intent}&amount=12551")).await.refused(400, "");
    let part = stripe.post("/v1/refunds", &format!("{of_intent}&amount=2550&reason=requested_by_customer")).await.ok();
    assert_eq!((&part["amount"], &part["status"]), (&json!(2_550), &json!("succeeded")));
    let charge = stripe.charge_of(&intent).await;
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(2_550), &json!(false)));
    let error = stripe.post("/v1/refunds", &format!("{of_intent}&amount=10001")).await.refused(400, "");
    assert_eq!(error["message"], "Refund amount (100.01 USD) is greater than unrefunded amount on charge (100.00 USD)");
    let rest = stripe.post("/v1/refunds", &format!("charge={}", text(&intent["latest_charge"]))).await.ok();
    assert_eq!(rest["amount"], 10_000);
    assert_eq!(stripe.charge_of(&intent).await["refunded"], true);
    stripe.post("/v1/refunds", &of_intent).await.refused(400, "charge_already_refunded");
    stripe.post("/v1/refunds", &format!("{of_intent}&amount=1")).await.refused(400, "charge_already_refunded");
    let listed = stripe.get(&format!("/v1/refunds?{of_intent}")).await.ok();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(stripe.get(&format!("/v1/refunds/{}", text(&rest["id"]))).await.ok(), rest);
}

#[tokio::test]
async fn what_was_not_captured_is_not_refunded() {
    let stripe = Stripe::start().await;
    stripe.post("/v1/refunds", "").await.refused(400, "parameter_missing");
    let open = stripe.intent("").await;
    stripe.post("/v1/refunds", &format!("payment_intent={}", text(&open["id"]))).await.refused(400, "");
    let held = stripe.intent("&capture_method=manual&confirm=true&payment_method=pm_card_visa").await;
    stripe.post("/v1/refunds", &format!("payment_intent={}", text(&held["id"]))).await.refused(400, "");
    let charge = format!("charge={}", text(&held["latest_charge"]));
    stripe.post("/v1/refunds", &charge).await.refused(400, "charge_not_refundable");
    stripe.post("/v1/refunds", &format!("{charge}&amount=0")).await.refused(400, "parameter_invalid_integer");
}

#[tokio::test]
async fn a_refund_that_fails_later_gives_the_charge_its_amount_back() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&confirm=true&payment_method=pm_card_refundFail").await;
    let refund = stripe.post("/v1/refunds", &format!("payment_intent={}", text(&intent["id"]))).await.ok();
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(stripe.get(&format!("/v1/refunds/{}", text(&refund["id"]))).await.ok()["status"], "failed");
    assert_eq!(stripe.charge_of(&intent).await["amount_refunded"], 0);
    let pending = stripe.intent("&confirm=true&payment_method=pm_card_pendingRefund").await;
    let refund = stripe.post("/v1/refunds", &format!("payment_intent={}", text(&pending["id"]))).await.ok();
    assert_eq!(refund["status"], "pending");
    assert_eq!(stripe.get(&format!("/v1/refunds/{}", text(&refund["id"]))).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn an_intent_stays_succeeded_when_it_is_refunded() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid().await;
    stripe.post("/v1/refunds", &format!("payment_intent={}", text(&intent["id"]))).await.ok();
    let after = stripe.get(&path_of(&intent, "?expand[]=latest_charge.refunds")).await.ok();
    assert_eq!((&after["status"], &after["amount_received"]), (&json!("succeeded"), &json!(12_550)));
    assert_eq!(after["latest_charge"]["refunds"]["data"][0]["amount"], 12_550);
}
