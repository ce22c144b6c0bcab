//! `GET /v1/payments/{id}` and `GET /v1/payments`.

use serde_json::{Value, json};

use crate::Scene;

#[tokio::test]
async fn guest_host_and_admin_see_a_payment_without_its_secret_and_nobody_else_does() {
    let scene = Scene::set().await;
    let path = scene.paid().await;
    let list = format!("/v1/payments?booking_id={}", scene.booking.id);
    for person in [&scene.guest, &scene.host, &scene.kit.admin().await] {
        let payment = scene.api.get(&path, Some(&person.token)).await.of_status(200);
        assert_eq!(payment["status"], "succeeded");
        assert_eq!(payment.get("client_secret"), None);
        let page = scene.api.get(&list, Some(&person.token)).await.of_status(200);
        assert_eq!((&page["data"], &page["next_cursor"]), (&json!([payment]), &Value::Null));
    }
    let stranger = scene.kit.person().await;
    for path in [&path, &list] {
        scene.api.get(path, Some(&stranger.token)).await.problem(404, "not_found");
        scene.api.get(path, None).await.problem(401, "unauthenticated");
    }
    let other = domain::id::PaymentId::new().to_string();
    for id in [other.as_str(), &scene.booking.id.to_string(), "x", "%00"] {
        scene.api.get(&format!("/v1/payments/{id}"), Some(&scene.guest.token)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_list_needs_its_booking_and_takes_nothing_it_does_not_know() {
    let scene = Scene::set().await;
    let token = Some(scene.guest.token.as_str());
    scene.api.get("/v1/payments", token).await.problem(422, "validation_failed");
    let list = format!("/v1/payments?booking_id={}", scene.booking.id);
    assert_eq!(scene.api.get(&list, token).await.of_status(200)["data"], json!([]));
    scene.api.get(&format!("{list}&status=paid"), token).await.problem(422, "validation_failed");
}
