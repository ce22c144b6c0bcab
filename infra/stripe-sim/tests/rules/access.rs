//! Who may call, in which version, with which parameters.

use reqwest::Method;

use crate::harness::{Stripe, form_body, path_of, text};

#[tokio::test]
async fn a_call_without_the_secret_key_is_refused() {
    let stripe = Stripe::start().await;
    let path = "/v1/payment_intents";
    assert_eq!(Stripe::send(stripe.raw(Method::GET, path)).await.status, 401);
    assert_eq!(Stripe::send(stripe.raw(Method::GET, path).bearer_auth("sk_test_other")).await.status, 401);
    let key = stripe.simulator.config().secret_key.clone();
    assert_eq!(Stripe::send(stripe.raw(Method::GET, path).basic_auth(key, None::<&str>)).await.status, 200);
}

#[tokio::test]
async fn a_publishable_key_reaches_one_intent_by_its_secret_only() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("&metadata[booking]=book_1").await;
    let guest = |path: &str| stripe.raw(Method::GET, path).bearer_auth("pk_test_any");
    Stripe::send(guest("/v1/payment_intents")).await.refused(403, "secret_key_required");
    Stripe::send(guest(&path_of(&intent, ""))).await.refused(400, "parameter_missing");
    let wrong = path_of(&intent, "?client_secret=wrong");
    Stripe::send(guest(&wrong)).await.refused(400, "payment_intent_invalid_parameter");
    let right = path_of(&intent, &format!("?client_secret={}", text(&intent["client_secret"])));
    let seen = Stripe::send(guest(&right)).await.ok();
    assert_eq!(seen["amount"], 12_550);
    assert!(seen.get("metadata").is_none() && seen.get("latest_charge").is_none());
}

#[tokio::test]
async fn a_guest_pays_by_client_secret_as_stripe_js_does() {
    let stripe = Stripe::start().await;
    let intent = stripe.intent("").await;
    let form = format!("client_secret={}&payment_method=pm_card_visa", text(&intent["client_secret"]));
    let keyed = format!("{form}&key=pk_test_any");
    let request = stripe.raw(Method::POST, &path_of(&intent, "/confirm"));
    assert_eq!(Stripe::send(form_body(request, &keyed)).await.ok()["status"], "succeeded");
    // A local guest has no publishable key.
    let other = stripe.intent("").await;
    let form = form.replace(text(&intent["client_secret"]), text(&other["client_secret"]));
    let request = stripe.raw(Method::POST, &path_of(&other, "/confirm"));
    assert_eq!(Stripe::send(form_body(request, &form)).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn only_the_pinned_version_is_spoken() {
    let stripe = Stripe::start().await;
    let call = |version: &str| stripe.keyed(Method::GET, "/v1/payment_intents").header("stripe-version", version);
    let answer = Stripe::send(call(stripe_sim::API_VERSION)).await;
    assert_eq!((answer.status, answer.header("stripe-version")), (200, stripe_sim::API_VERSION));
    for version in ["2019-12-03", "2026-10-28", "latest", ""] {
        assert_eq!(Stripe::send(call(version)).await.status, 400, "{version}");
    }
}

#[tokio::test]
async fn unknown_parameters_are_refused_by_name() {
    let stripe = Stripe::start().await;
    let create = async |form: &str| stripe.post("/v1/payment_intents", form).await;
    let error = create("amount=500&currency=usd&ammount=1").await.refused(400, "parameter_unknown");
    assert_eq!(error["param"], "ammount");
    let form = "amount=500&currency=usd&payment_method_data[type]=card&payment_method_data[card][number]=4242424242424242\
                &payment_method_data[card][exp_month]=1&payment_method_data[card][exp_year]=2034\
                &payment_method_data[card][pin]=1";
    let error = create(form).await.refused(400, "parameter_unknown");
    assert_eq!(error["param"], "payment_method_data[card][pin]");
    create("amount=500&currency=usd&customer=cus_1").await.refused(400, "simulator_unsupported");
    create("amount=500&currency=usd&payment_method_types[]=card")
        .await
        .refused(400, "payment_method_types_no_longer_supported");
    stripe.get("/v1/charges/ch_1?colour=red").await.refused(400, "parameter_unknown");
}

#[tokio::test]
async fn a_json_body_is_refused() {
    let stripe = Stripe::start().await;
    let request = stripe.keyed(Method::POST, "/v1/payment_intents").json(&serde_json::json!({"amount": 500}));
    assert_eq!(Stripe::send(request).await.status, 400);
}

#[tokio::test]
async fn what_is_not_there_is_a_404_in_a_path_and_a_400_in_a_parameter() {
    let stripe = Stripe::start().await;
    stripe.get("/v1/payment_intents/pi_none").await.refused(404, "resource_missing");
    stripe.get("/v1/charges/ch_none").await.refused(404, "resource_missing");
    stripe.post("/v1/refunds", "charge=ch_none").await.refused(400, "resource_missing");
    stripe.get("/v1/no_such_thing").await.refused(404, "");
    assert_eq!(stripe.get("/elsewhere").await.status, 404);
}
