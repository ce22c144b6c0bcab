//! How a PaymentIntent comes from being due to being paid, or not.

use serde_json::json;

use crate::harness::{Stripe, path_of, text};

#[tokio::test]
async fn an_intent_starts_without_a_way_to_pay() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&metadata[booking]=book_1&description=Stay").await;
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(12_550), &json!("usd")));
    assert_eq!(intent["metadata"], json!({"booking": "book_1"}));
    assert!(text(&intent["client_secret"]).starts_with(&format!("{}_secret_", text(&intent["id"]))));
    assert_eq!(stripe.get(&path_of(&intent, "")).await.ok(), intent);
    let with_card = stripe.intent("&payment_method=pm_card_visa").await;
    assert_eq!(with_card["status"], "requires_confirmation");
    assert!(text(&with_card["payment_method"]).starts_with("pm_"));
}

#[tokio::test]
async fn amounts_and_currencies_that_cannot_be_charged_are_refused() {
    let stripe = Stripe::start().await;
    for (form, code) in [
        ("currency=usd", "parameter_missing"),
        ("amount=500", "parameter_missing"),
        ("amount=&currency=usd", "parameter_invalid_empty"),
        ("amount=12.5&currency=usd", "parameter_invalid_integer"),
        ("amount=0&currency=usd", "parameter_invalid_integer"),
        ("amount=49&currency=usd", "amount_too_small"),
        ("amount=100000000&currency=usd", "amount_too_large"),
        ("amount=500&currency=USD", ""),
    ] {
        stripe.post("/v1/payment_intents", form).await.refused(400, code);
    }
}

#[tokio::test]
async fn a_good_card_pays_at_once() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid().await;
    assert_eq!((&intent["status"], &intent["amount_received"]), (&json!("succeeded"), &json!(12_550)));
    let charge = stripe.charge_of(&intent).await;
    assert_eq!(
        (&charge["captured"], &charge["paid"], &charge["amount_captured"]),
        (&json!(true), &json!(true), &json!(12_550))
    );
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    let transaction =
        stripe.get(&format!("/v1/balance_transactions/{}", text(&charge["balance_transaction"]))).await.ok();
    assert_eq!((&transaction["fee"], &transaction["net"]), (&json!(394), &json!(12_156)));
    stripe.post(&path_of(&intent, "/confirm"), "").await.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn a_declined_card_leaves_the_intent_open_for_another() {
    let stripe = Stripe::start().await;
    for (card, number, decline_code) in [
        ("pm_card_visa_chargeDeclined", "4000000000000002", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "4000000000009995", "insufficient_funds"),
    ] {
        let by_number = format!(
            "payment_method_data[type]=card&payment_method_data[card][number]={number}\
             &payment_method_data[card][exp_month]=8&payment_method_data[card][exp_year]=2034"
        );
        for choice in [format!("payment_method={card}"), by_number] {
            let intent = stripe.intent("").await;
            let error = stripe.post(&path_of(&intent, "/confirm"), &choice).await.refused(402, "card_declined");
            assert_eq!((&error["decline_code"], &error["type"]), (&json!(decline_code), &json!("card_error")));
            assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
            let after = stripe.get(&path_of(&intent, "")).await.ok();
            assert_eq!(after["last_payment_error"]["decline_code"], decline_code);
            assert_eq!(stripe.charge_of(&after).await["status"], "failed");
            let retried = stripe.post(&path_of(&intent, "/confirm"), "payment_method=pm_card_visa").await.ok();
            assert_eq!((&retried["status"], &retried["last_payment_error"]), (&json!("succeeded"), &json!(null)));
        }
    }
}

#[tokio::test]
async fn three_d_secure_waits_for_the_holder() {
    let stripe = Stripe::start().await;
    for (outcome, status) in [("succeed", "succeeded"), ("fail", "requires_payment_method")] {
        let intent = stripe.intent("&confirm=true&payment_method=pm_card_threeDSecure2Required").await;
        assert_eq!((&intent["status"], &intent["latest_charge"]), (&json!("requires_action"), &json!(null)));
        assert_eq!(intent["next_action"]["type"], "use_stripe_sdk");
        let handle = format!("/_sim/payment_intents/{}/authenticate", text(&intent["id"]));
        let after = stripe.handle(&handle, json!({"outcome": outcome})).await.ok();
        assert_eq!(after["status"], status);
        let code = &after["last_payment_error"]["code"];
        assert_eq!(code.as_str(), (outcome == "fail").then_some("payment_intent_authentication_failure"));
        stripe.handle(&handle, json!({"outcome": outcome})).await.refused(400, "payment_intent_unexpected_state");
    }
    let form = "amount=500&currency=usd&confirm=true&payment_method=pm_card_threeDSecure2Required\
                &return_url=https://example.com/back";
    let intent = stripe.post("/v1/payment_intents", form).await.ok();
    assert_eq!(intent["next_action"]["redirect_to_url"]["return_url"], "https://example.com/back");
    let form = form.replace("&return_url=https://example.com/back", "&off_session=true");
    stripe.post("/v1/payment_intents", &form).await.refused(402, "authentication_required");
}

#[tokio::test]
async fn manual_capture_authorises_first_and_takes_up_to_that() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&capture_method=manual&confirm=true&payment_method=pm_card_visa").await;
    assert_eq!((&intent["status"], &intent["amount_capturable"]), (&json!("requires_capture"), &json!(12_550)));
    let charge = stripe.charge_of(&intent).await;
    let created = charge["created"].as_i64().expect("seconds");
    assert_eq!(charge["captured"], false);
    assert_eq!(charge["payment_method_details"]["card"]["capture_before"], created + 7 * 86_400);
    let capture = path_of(&intent, "/capture");
    stripe.post(&capture, "amount_to_capture=12551").await.refused(400, "amount_too_large");
    let captured = stripe.post(&capture, "amount_to_capture=10000").await.ok();
    assert_eq!((&captured["status"], &captured["amount_received"]), (&json!("succeeded"), &json!(10_000)));
    let charge = stripe.charge_of(&intent).await;
    assert_eq!((&charge["amount_captured"], &charge["amount"]), (&json!(10_000), &json!(12_550)));
    stripe.post(&capture, "").await.refused(400, "payment_intent_unexpected_state");
    stripe.post("/v1/refunds", &format!("payment_intent={}&amount=10001", text(&intent["id"]))).await.refused(400, "");
}

#[tokio::test]
async fn an_authorisation_runs_out_at_capture_before() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&capture_method=manual&confirm=true&payment_method=pm_card_visa").await;
    stripe.handle("/_sim/clock", json!({"advance_seconds": 7 * 86_400})).await.ok();
    let after = stripe.get(&path_of(&intent, "")).await.ok();
    assert_eq!((&after["status"], &after["cancellation_reason"]), (&json!("canceled"), &json!("automatic")));
    stripe.post(&path_of(&intent, "/capture"), "").await.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn an_open_intent_can_be_cancelled_and_a_paid_one_cannot() {
    let stripe = Stripe::start().await;
    let open = stripe.intent("").await;
    let cancelled = stripe.post(&path_of(&open, "/cancel"), "cancellation_reason=abandoned").await.ok();
    assert_eq!((&cancelled["status"], &cancelled["cancellation_reason"]), (&json!("canceled"), &json!("abandoned")));
    stripe.post(&path_of(&open, "/cancel"), "").await.refused(400, "payment_intent_unexpected_state");
    let confirm = stripe.post(&path_of(&open, "/confirm"), "payment_method=pm_card_visa").await;
    confirm.refused(400, "payment_intent_unexpected_state");
    let paid = stripe.paid().await;
    stripe.post(&path_of(&paid, "/cancel"), "").await.refused(400, "payment_intent_unexpected_state");
    let held = stripe.intent("&capture_method=manual&confirm=true&payment_method=pm_card_visa").await;
    stripe.post(&path_of(&held, "/cancel"), "").await.ok();
    let charge = stripe.charge_of(&held).await;
    assert_eq!((&charge["captured"], &charge["refunded"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn an_update_changes_what_is_due_while_nothing_is_paid() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&metadata[a]=1&metadata[b]=2").await;
    let changed = stripe.post(&path_of(&intent, ""), "amount=9900&metadata[a]=&metadata[c]=3").await.ok();
    assert_eq!((&changed["amount"], &changed["metadata"]), (&json!(9_900), &json!({"b": "2", "c": "3"})));
    let paid = stripe.paid().await;
    stripe.post(&path_of(&paid, ""), "amount=9900").await.refused(400, "payment_intent_unexpected_state");
    let noted = stripe.post(&path_of(&paid, ""), "metadata[a]=1").await.ok();
    assert_eq!((&noted["status"], &noted["metadata"]["a"]), (&json!("succeeded"), &json!("1")));
}

#[tokio::test]
async fn confirming_without_a_card_is_refused() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("").await;
    stripe.post(&path_of(&intent, "/confirm"), "").await.refused(400, "payment_intent_unexpected_state");
    stripe.post(&path_of(&intent, "/confirm"), "payment_method=pm_none").await.refused(400, "resource_missing");
}
