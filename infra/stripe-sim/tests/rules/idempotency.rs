//! One key, one effect.

use std::time::Duration;

use crate::harness::{Stripe, path_of};

const PATH: &str = "/v1/payment_intents";

async fn count(stripe: &Stripe) -> Option<usize> {
    stripe.get(PATH).await.ok()["data"].as_array().map(Vec::len)
}

#[tokio::test]
async fn the_same_call_with_the_same_key_gets_the_first_answer() {
    let stripe = Stripe::start().await;
    let form = "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa";
    let first = stripe.post_with_key(PATH, form, "k1").await;
    let again = stripe.post_with_key(PATH, form, "k1").await;
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(first.ok(), again.ok());
    assert_eq!(count(&stripe).await, Some(1));
}

#[tokio::test]
async fn another_call_with_the_same_key_is_refused() {
    let stripe = Stripe::start().await;
    let intent = stripe.post_with_key(PATH, "amount=500&currency=usd", "k1").await.ok();
    for (path, form) in [(PATH.to_owned(), "amount=501&currency=usd"), (path_of(&intent, "/cancel"), "")] {
        let answer = stripe.post_with_key(&path, form, "k1").await;
        assert_eq!(answer.refused(400, "")["type"], "idempotency_error");
    }
    let long = "k".repeat(256);
    assert_eq!(stripe.post_with_key(PATH, "amount=500&currency=usd", &long).await.status, 400);
}

#[tokio::test]
async fn a_second_call_while_the_first_is_under_way_conflicts() {
    let stripe = Stripe::with(|config| config.latency = Duration::from_millis(500)).await;
    let call = || stripe.post_with_key(PATH, "amount=500&currency=usd", "k1");
    let (one, other) = tokio::join!(call(), call());
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    let intent = won.ok();
    lost.refused(409, "idempotency_key_in_use");
    assert_eq!(call().await.ok(), intent);
}

#[tokio::test]
async fn a_decline_is_kept_and_a_faulty_parameter_is_not() {
    let stripe = Stripe::start().await;
    let declined = "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa_chargeDeclined";
    let first = stripe.post_with_key(PATH, declined, "k1").await;
    let again = stripe.post_with_key(PATH, declined, "k1").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.refused(402, "card_declined"), again.refused(402, "card_declined"));
    assert_eq!(count(&stripe).await, Some(1));
    stripe.post_with_key(PATH, "amount=500", "k2").await.refused(400, "parameter_missing");
    stripe.post_with_key(PATH, "amount=500&currency=usd", "k2").await.ok();
}

#[tokio::test]
async fn the_work_goes_on_when_the_caller_hangs_up() {
    let stripe = Stripe::with(|config| config.latency = Duration::from_millis(1_500)).await;
    let form = "amount=500&currency=usd";
    let request = crate::harness::form_body(stripe.keyed(reqwest::Method::POST, PATH), form);
    let hung_up = request.header("idempotency-key", "k1").timeout(Duration::from_secs(1)).send().await;
    assert!(hung_up.is_err_and(|error| error.is_timeout()));
    let kept = loop {
        let answer = stripe.post_with_key(PATH, form, "k1").await;
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!(kept.header("idempotent-replayed"), "true");
    assert_eq!(count(&stripe).await, Some(1));
}
