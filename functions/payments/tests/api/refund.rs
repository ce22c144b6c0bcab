//! `POST /v1/payments/{id}/refunds`.

use serde_json::json;

use crate::{Scene, new_key};

#[tokio::test]
async fn the_host_gives_back_in_parts_and_the_status_tells() {
    let scene = Scene::set().await;
    let path = scene.paid().await;
    let (refunds, token) = (format!("{path}/refunds"), Some(scene.host.token.as_str()));
    let body = json!({ "amount": { "amount": 150, "currency": "USD" }, "reason": "No hot water." });
    let key = new_key();
    let first = scene.api.post_keyed(&refunds, token, &key, &body).await;
    let refund = first.of_status(201);
    assert_eq!((&refund["amount"], &refund["reason"]), (&body["amount"], &body["reason"]));
    let replayed = scene.api.post_keyed(&refunds, token, &key, &body).await;
    assert_eq!((replayed.status, &replayed.body), (201, &first.body));
    let payment = scene.api.get(&path, token).await.of_status(200);
    assert_eq!(payment["status"], "partially_refunded");
    assert_eq!(payment["refunds"].as_array().map(Vec::len), Some(1), "a replay gives nothing back");
    assert_eq!(payment["refunds"][0]["status"], "succeeded");
    scene.api.post_keyed(&refunds, token, &new_key(), &json!({ "reason": "The rest." })).await.of_status(201);
    assert_eq!(scene.api.get(&path, token).await.of_status(200)["status"], "refunded");
    let key = new_key();
    let over = scene.api.post_keyed(&refunds, token, &key, &body).await;
    assert_eq!(over.problem(409, "invalid_state")["left"]["amount"], 0);
    let replayed = scene.api.post_keyed(&refunds, token, &key, &body).await;
    assert_eq!((replayed.status, replayed.header("idempotent-replayed")), (409, "true"));
    assert_eq!(scene.stripe.balance().await, 0);
}

#[tokio::test]
async fn guests_may_not_strangers_see_nothing_and_admins_may() {
    let scene = Scene::set().await;
    let path = format!("{}/refunds", scene.paid().await);
    let body = json!({ "amount": { "amount": 1, "currency": "USD" }, "reason": "Why not." });
    let stranger = scene.kit.person().await;
    scene.api.post_keyed(&path, Some(&scene.guest.token), &new_key(), &body).await.problem(403, "forbidden");
    scene.api.post_keyed(&path, Some(&stranger.token), &new_key(), &body).await.problem(404, "not_found");
    scene.api.post_keyed(&path, None, &new_key(), &body).await.problem(401, "unauthenticated");
    assert!(scene.stripe.refunds().await.is_empty());
    let admin = scene.kit.admin().await;
    scene.api.post_keyed(&path, Some(&admin.token), &new_key(), &body).await.of_status(201);
}

#[tokio::test]
async fn a_key_a_reason_and_the_payments_currency_are_required() {
    let scene = Scene::set().await;
    let path = format!("{}/refunds", scene.paid().await);
    let token = Some(scene.host.token.as_str());
    scene.api.post(&path, token, &json!({ "reason": "x" })).await.problem(400, "idempotency_key_missing");
    let euros = json!({ "amount": { "amount": 1, "currency": "EUR" }, "reason": "x" });
    let dollars = |amount: i64| json!({ "amount": { "amount": amount, "currency": "USD" }, "reason": "x" });
    for (body, pointer, code) in [
        (json!({}), "/reason", "required"),
        (dollars(0), "/amount/amount", "out_of_range"),
        (dollars(-1), "/amount/amount", "out_of_range"),
        (euros, "/amount/currency", "currency_mismatch"),
        (json!({ "reason": "x", "why": 1 }), "/why", "unknown_field"),
    ] {
        let answer = scene.api.post_keyed(&path, token, &new_key(), &body).await;
        assert_eq!(answer.faults(), [(pointer.to_owned(), code.to_owned())], "{body}");
    }
    assert!(scene.stripe.refunds().await.is_empty());
}

#[tokio::test]
async fn nothing_is_given_back_of_what_was_not_captured() {
    let scene = Scene::set().await;
    let payment = scene.create(&scene.guest).await.of_status(201);
    let path = format!("/v1/payments/{}/refunds", payment["id"].as_str().expect("an id"));
    for body in [json!({ "reason": "x" }), json!({ "reason": "x", "amount": { "amount": 1, "currency": "USD" } })] {
        let answer = scene.api.post_keyed(&path, Some(&scene.host.token), &new_key(), &body).await;
        answer.problem(409, "invalid_state");
    }
    assert!(scene.stripe.refunds().await.is_empty());
}
