//! What goes wrong on request.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Stripe, form_body};

const PATH: &str = "/v1/payment_intents";
const FORM: &str = "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa";

async fn count(stripe: &Stripe) -> Option<usize> {
    stripe.get(PATH).await.ok()["data"].as_array().map(Vec::len)
}

#[tokio::test]
async fn a_failing_answer_does_nothing_and_the_same_key_works_afterwards() {
    let stripe = Stripe::start().await;
    for (kind, status, code) in
        [("http_500", 500, ""), ("http_409", 409, "idempotency_key_in_use"), ("http_429", 429, "rate_limit")]
    {
        stripe.fault(kind, 2).await;
        stripe.post_with_key(PATH, FORM, kind).await.refused(status, code);
        stripe.post_with_key(PATH, FORM, kind).await.refused(status, code);
        assert_eq!(stripe.post_with_key(PATH, FORM, kind).await.ok()["status"], "succeeded");
    }
    assert_eq!(count(&stripe).await, Some(3));
}

#[tokio::test]
async fn a_failure_once_the_work_began_is_kept_for_the_key_and_another_key_works() {
    let stripe = Stripe::start().await;
    for (kind, charges) in [("http_500_kept", 0), ("http_500_after", 1)] {
        let before = count(&stripe).await.expect("a list");
        stripe.fault(kind, 1).await;
        stripe.post_with_key(PATH, FORM, kind).await.refused(500, "");
        let again = stripe.post_with_key(PATH, FORM, kind).await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        again.refused(500, "");
        assert_eq!(count(&stripe).await, Some(before + charges));
        stripe.post_with_key(PATH, FORM, &format!("{kind}-again")).await.ok();
        assert_eq!(count(&stripe).await, Some(before + charges + 1));
    }
}

#[tokio::test]
async fn a_reset_ends_the_connection_and_does_nothing() {
    let stripe = Stripe::start().await;
    stripe.fault("reset", 1).await;
    let cut = form_body(stripe.keyed(Method::POST, PATH), FORM).send().await;
    assert!(cut.is_err_and(|error| error.is_request()));
    assert_eq!(count(&stripe).await, Some(0));
}

#[tokio::test]
async fn a_reset_after_the_work_ends_the_connection_and_the_same_key_tells_of_it() {
    let stripe = Stripe::start().await;
    stripe.fault("reset_after", 1).await;
    let request = form_body(stripe.keyed(Method::POST, PATH), FORM).header("idempotency-key", "k1");
    let cut = request.send().await;
    assert!(cut.is_err_and(|error| error.is_request()));
    assert_eq!(count(&stripe).await, Some(1));
    assert_eq!(stripe.post_with_key(PATH, FORM, "k1").await.header("idempotent-replayed"), "true");
    assert_eq!(count(&stripe).await, Some(1));
}

#[tokio::test]
async fn a_timeout_comes_after_the_charge_and_the_same_key_tells_of_it() {
    let stripe = Stripe::start().await;
    stripe.fault("timeout_after", 1).await;
    let request = form_body(stripe.keyed(Method::POST, PATH), FORM).header("idempotency-key", "k1");
    let silent = request.timeout(Duration::from_secs(1)).send().await;
    assert!(silent.is_err_and(|error| error.is_timeout()));
    assert_eq!(count(&stripe).await, Some(1));
    let told = stripe.post_with_key(PATH, FORM, "k1").await;
    assert_eq!(told.header("idempotent-replayed"), "true");
    assert_eq!(told.ok()["status"], "succeeded");
    assert_eq!(count(&stripe).await, Some(1));
}

#[tokio::test]
async fn a_fault_keeps_to_its_path_and_goes_when_the_script_is_cleared() {
    let stripe = Stripe::start().await;
    let script = json!({"kind": "http_500", "times": 5, "path": "/refunds"});
    stripe.handle("/_sim/faults", script).await.ok();
    stripe.post(PATH, FORM).await.ok();
    assert_eq!(stripe.get("/v1/refunds").await.status, 500);
    Stripe::send(stripe.raw(Method::DELETE, "/_sim/faults")).await.ok();
    stripe.get("/v1/refunds").await.ok();
    for bad in [json!({"kind": "earthquake"}), json!({"kind": "reset", "often": 1}), json!([])] {
        assert_eq!(stripe.handle("/_sim/faults", bad).await.status, 400);
    }
}

#[tokio::test]
async fn calls_are_logged_newest_first_without_card_numbers() {
    let stripe = Stripe::start().await;
    stripe.fault("http_500", 1).await;
    let form = "type=card&card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2034";
    assert_eq!(stripe.post_with_key("/v1/payment_methods", form, "k1").await.status, 500);
    stripe.post_with_key("/v1/payment_methods", form, "k1").await.ok();
    let log = stripe.get("/_sim/requests").await.ok();
    assert_eq!(
        (&log[0]["status"], &log[0]["fault"], &log[0]["idempotency_key"]),
        (&json!(200), &json!(null), &json!("k1"))
    );
    assert_eq!((&log[1]["status"], &log[1]["fault"]), (&json!(500), &json!("http_500")));
    assert!(!log.to_string().contains("4242"));
}

#[tokio::test]
async fn a_stop_ends_calls_that_wait_for_nothing() {
    let stripe = Stripe::start().await;
    stripe.fault("timeout_after", 1).await;
    let request = stripe.keyed(Method::GET, PATH);
    let waiting = tokio::spawn(async move { request.send().await });
    while stripe.get("/_sim/requests").await.ok() == json!([]) {}
    stripe.simulator.shutdown().await.expect("a clean end");
    assert!(waiting.await.expect("no panic").is_err());
}
