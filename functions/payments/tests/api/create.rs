//! `POST /v1/payments`.

use serde_json::json;

use crate::{Scene, new_key};

#[tokio::test]
async fn an_attempt_is_201_and_asked_for_again_200_the_same() {
    let scene = Scene::set().await;
    let created = scene.create(&scene.guest).await;
    let payment = created.of_status(201);
    assert_eq!(created.header("location"), format!("/v1/payments/{}", payment["id"].as_str().expect("an id")));
    assert_eq!(payment["status"], "requires_payment_method");
    assert_eq!((&payment["provider"], &payment["refunds"]), (&json!("stripe"), &json!([])));
    assert_eq!(payment["amount"], json!(scene.booking.price.total));
    assert_eq!(payment["booking_id"], json!(scene.booking.id));
    let again = scene.create(&scene.guest).await.of_status(200);
    for member in ["id", "client_secret", "amount", "status", "created_at"] {
        assert_eq!(again[member], payment[member], "{member}");
    }
    assert_eq!(scene.stripe.intents().await.len(), 1);
}

#[tokio::test]
async fn the_same_key_is_the_first_answer_byte_for_byte() {
    let scene = Scene::set().await;
    let (token, key, body) = (Some(scene.guest.token.as_str()), new_key(), scene.body());
    let first = scene.api.post_keyed("/v1/payments", token, &key, &body).await;
    first.of_status(201);
    let replayed = scene.api.post_keyed("/v1/payments", token, &key, &body).await;
    assert_eq!((replayed.status, &replayed.body), (201, &first.body));
    assert_eq!((first.header("idempotent-replayed"), replayed.header("idempotent-replayed")), ("", "true"));
    assert_eq!(replayed.header("location"), first.header("location"));
    let other = json!({ "booking_id": domain::id::BookingId::new() });
    let reused = scene.api.post_keyed("/v1/payments", token, &key, &other).await;
    reused.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_key_is_required() {
    let scene = Scene::set().await;
    let token = Some(scene.guest.token.as_str());
    scene.api.post("/v1/payments", token, &scene.body()).await.problem(400, "idempotency_key_missing");
    for key in ["", &"k".repeat(256)] {
        let answer = scene.api.post_keyed("/v1/payments", token, key, &scene.body()).await;
        answer.problem(400, "idempotency_key_invalid");
    }
    assert!(scene.stripe.intents().await.is_empty());
}

#[tokio::test]
async fn only_the_guest_of_the_booking_pays() {
    let scene = Scene::set().await;
    let answer = scene.api.post_keyed("/v1/payments", None, &new_key(), &scene.body()).await;
    answer.problem(401, "unauthenticated");
    let stranger = scene.kit.person().await;
    for person in [&scene.host, &stranger, &scene.kit.admin().await] {
        let refused = scene.create(person).await;
        assert_eq!(refused.faults(), [("/booking_id".to_owned(), "not_found".to_owned())]);
    }
    assert!(scene.stripe.intents().await.is_empty());
}

#[tokio::test]
async fn every_fault_of_the_body_is_named() {
    let scene = Scene::set().await;
    for (body, pointer, code) in [
        (json!({}), "/booking_id", "required"),
        (json!({ "booking_id": domain::id::BookingId::new() }), "/booking_id", "not_found"),
        (json!({ "booking_id": scene.booking.id, "amount": 1 }), "/amount", "unknown_field"),
    ] {
        let answer = scene.api.post_keyed("/v1/payments", Some(&scene.guest.token), &new_key(), &body).await;
        assert_eq!(answer.faults(), [(pointer.to_owned(), code.to_owned())], "{body}");
    }
}

#[tokio::test]
async fn nothing_is_due_for_a_booking_that_is_paid() {
    let scene = Scene::set().await;
    scene.paid().await;
    let problem = scene.create(&scene.guest).await.problem(409, "invalid_state");
    assert_eq!(problem["state"], "confirmed");
}

#[tokio::test]
async fn a_provider_that_is_down_is_503_in_time_and_the_same_key_works_later() {
    let scene = Scene::set().await;
    scene.stripe.fault("timeout_after", 2, "/v1/payment_intents").await;
    let (token, key) = (Some(scene.guest.token.as_str()), new_key());
    let answer = scene.api.post_keyed("/v1/payments", token, &key, &scene.body()).await;
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(scene.stripe.calls("POST", "/v1/payment_intents").await, 2, "who waits can't wait for more");
    let answer = scene.api.post_keyed("/v1/payments", token, &key, &scene.body()).await;
    answer.of_status(200);
    assert_eq!(answer.header("idempotent-replayed"), "");
    assert_eq!(scene.stripe.intents().await.len(), 1);
}

#[tokio::test]
async fn what_the_provider_does_not_take_is_a_conflict_that_is_kept() {
    let scene = Scene::set().await;
    for (booking, minor, currency) in
        [(&scene.booking, 10, "USD"), (&scene.booking, 0, "USD"), (&scene.booking, 10_000, "IRR")]
    {
        let sql = "UPDATE bookings SET currency = $2, price = jsonb_set(price, '{total}', $3), total_minor = $4 WHERE id = $1";
        let total = json!({ "amount": minor, "currency": currency });
        scene.kit.database.execute(sql, &[&booking.id.uuid(), &currency, &total, &i64::from(minor)]).await;
        let (token, key) = (Some(scene.guest.token.as_str()), new_key());
        let first = scene.api.post_keyed("/v1/payments", token, &key, &scene.body()).await;
        assert!(first.problem(409, "invalid_state")["state"].is_string());
        let again = scene.api.post_keyed("/v1/payments", token, &key, &scene.body()).await;
        assert_eq!((&again.body, again.header("idempotent-replayed")), (&first.body, "true"));
        scene.kit.database.batch("UPDATE payments SET status = 'canceled'").await;
    }
    assert!(scene.stripe.intents().await.is_empty());
}
