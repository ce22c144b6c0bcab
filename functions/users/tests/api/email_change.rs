//! `POST /v1/users/me/email`.

use serde_json::json;
use testkit::{Kit, PASSWORD};

use crate::api;

#[tokio::test]
async fn another_address_is_asked_for_with_the_password() {
    let kit = Kit::start().await;
    let (api, guest, other) = (api(&kit), kit.guest().await, kit.guest().await);
    let token = Some(guest.token.as_str());
    let path = "/v1/users/me/email";
    let body = json!({ "email": "ada.new@example.com", "password": PASSWORD });
    api.post(path, None, &body).await.problem(401, "unauthenticated");
    assert_eq!(api.post(path, token, &body).await.status, 202);
    let events = kit.events.taken();
    assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["user.email_change_requested"]);
    assert!(!events[0].data.to_string().contains("example.com"), "events name no address: {}", events[0].data);

    let faults = api.post(path, token, &json!({ "email": "no address" })).await.faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/password"]);
    let faults = api.post(path, token, &json!({ "email": "x@example.com", "password": "wrong" })).await.faults();
    assert_eq!(faults, [("/password".to_owned(), "wrong_password".to_owned())]);
    let taken = json!({ "email": other.email, "password": PASSWORD });
    api.post(path, token, &taken).await.problem(409, "email_taken");
    let own = json!({ "email": guest.email, "password": PASSWORD });
    assert_eq!(api.post(path, token, &own).await.faults(), [("/email".to_owned(), "unchanged".to_owned())]);
    assert_eq!(api.get("/v1/users/me", token).await.of_status(200)["email"], json!(guest.email));
}

#[tokio::test]
async fn the_same_key_asks_once() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let body = json!({ "email": "ada.new@example.com", "password": PASSWORD });
    for _ in 0..2 {
        let answer = api.post_keyed("/v1/users/me/email", Some(&guest.token), "key-1", &body).await;
        assert_eq!(answer.status, 202);
    }
    assert_eq!(kit.events.taken().len(), 1);
}
