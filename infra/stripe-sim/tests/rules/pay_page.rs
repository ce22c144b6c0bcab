//! Paying by hand in a browser.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, Stripe, form_body, path_of, text};

fn secret(intent: &Value) -> String {
    format!("client_secret={}", text(&intent["client_secret"]))
}

async fn submit(stripe: &Stripe, path: &str, form: &str) -> Answer {
    Stripe::send(form_body(stripe.raw(Method::POST, path), form)).await
}

async fn view(stripe: &Stripe, path: &str) -> Answer {
    Stripe::send(stripe.raw(Method::GET, path)).await
}

#[tokio::test]
async fn a_guest_pays_on_the_page() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("").await;
    let path = format!("/pay/{}", text(&intent["id"]));
    let shown = view(&stripe, &format!("{path}?{}", secret(&intent))).await;
    assert!(shown.body.as_str().is_some_and(|html| html.contains("125.50 USD") && html.contains("<form")));
    let paid = submit(&stripe, &path, &format!("{}&number=4242+4242+4242+4242", secret(&intent))).await;
    assert_eq!(paid.status, 303);
    let after = view(&stripe, paid.header("location")).await;
    assert!(after.body.as_str().is_some_and(|html| html.contains("succeeded") && !html.contains("<form")));
}

#[tokio::test]
async fn a_decline_leaves_the_form_for_another_card() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("").await;
    let path = format!("/pay/{}", text(&intent["id"]));
    let declined = submit(&stripe, &path, &format!("{}&number=4000000000009995", secret(&intent))).await;
    assert_eq!(declined.status, 402);
    let html = text(&declined.body);
    assert!(html.contains("insufficient funds") && html.contains("<form"));
}

#[tokio::test]
async fn three_d_secure_is_a_second_page_and_leads_back_to_the_shop() {
    let stripe = Stripe::start().await;
    for (outcome, status, redirect_status) in
        [("succeed", "succeeded", "succeeded"), ("fail", "requires_payment_method", "failed")]
    {
        let intent = stripe.intent("").await;
        let path = format!("/pay/{}", text(&intent["id"]));
        let form = format!("{}&number=4000002760003184&return_url=https://example.com/b?x=1", secret(&intent));
        let asked = submit(&stripe, &path, &form).await;
        let question = asked.header("location").replace(&stripe.simulator.url(), "");
        assert!(view(&stripe, &question).await.body.as_str().is_some_and(|html| html.contains("125.50 USD")));
        let (page, _) = question.split_once('?').expect("a query");
        let back = submit(&stripe, page, &format!("{}&outcome={outcome}", secret(&intent))).await;
        let location = back.header("location");
        assert!(location.starts_with("https://example.com/b?x=1&payment_intent=pi_"), "{location}");
        assert!(location.ends_with(&format!("redirect_status={redirect_status}")), "{location}");
        assert_eq!(stripe.get(&path_of(&intent, "")).await.ok()["status"], status);
    }
}

#[tokio::test]
async fn the_page_needs_the_intent_s_secret_and_echoes_nothing_raw() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&confirm=true&payment_method=pm_card_threeDSecure2Required").await;
    let path = format!("/pay/{}", text(&intent["id"]));
    assert_eq!(view(&stripe, &path).await.status, 400);
    assert_eq!(submit(&stripe, &path, "client_secret=x&number=4242424242424242").await.status, 400);
    let guess = submit(&stripe, &format!("{path}/authenticate"), "client_secret=x&outcome=succeed").await;
    assert_eq!(guess.status, 400);
    assert_eq!(stripe.get(&path_of(&intent, "")).await.ok()["status"], "requires_action");
    let crooked = view(&stripe, &format!("{path}?{}&return_url=%22%3E%3Cscript%3E", secret(&intent))).await;
    assert!(crooked.body.as_str().is_some_and(|html| !html.contains("<script>")));
}
