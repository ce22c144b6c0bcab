//! `POST /v1/users`.

use serde_json::json;
use testkit::{Kit, redacted};

use crate::{api, registration};

#[tokio::test]
async fn an_account_is_made_and_the_mail_that_verifies_it_asked_for() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let answer = api.post("/v1/users", None, &registration("Ada@Example.com")).await;
    let user = answer.of_status(201);
    assert_eq!(answer.header("location"), "/v1/users/me");
    insta::assert_json_snapshot!(redacted(&user, &[]), @r#"
    {
      "avatar": null,
      "avatar_upload": null,
      "bio": null,
      "created_at": "[instant]",
      "currency": "USD",
      "email": "Ada@Example.com",
      "email_verified": false,
      "first_name": "Ada",
      "id": "[user]",
      "languages": [],
      "last_name": "Lovelace",
      "locale": "en",
      "phone": null,
      "role": "user",
      "time_zone": null,
      "totp_enabled": false,
      "updated_at": "[instant]"
    }
    "#);
    let events = kit.events.taken();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind.as_str(), &events[0].data["user_id"]), ("user.registered", &user["id"]));
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_spelling() {
    let kit = Kit::start().await;
    let api = api(&kit);
    api.post("/v1/users", None, &registration("ada@example.com")).await.of_status(201);
    let again = registration("ADA@EXAMPLE.COM");
    api.post("/v1/users", None, &again).await.problem(409, "email_taken");
    let (one, two) = (registration("bob@example.com"), registration("Bob@example.com"));
    let (one, two) = tokio::join!(api.post("/v1/users", None, &one), api.post("/v1/users", None, &two));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let kit = Kit::start().await;
    let body = json!({
        "email": "no address", "password": "short", "first_name": "", "phone": "12", "locale": "not a language!",
        "currency": "XXXX", "role": "admin", "nul": "\u{0}",
    });
    let faults = api(&kit).post("/v1/users", None, &body).await.faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/currency", "/email", "/first_name", "/last_name", "/locale", "/nul", "/password", "/phone", "/role"]
    );
    for text in ["A\u{0}da", "A\nda", " "] {
        let mut body = registration("ada@example.com");
        body["first_name"] = text.into();
        let faults = api(&kit).post("/v1/users", None, &body).await.faults();
        assert_eq!(faults.len(), 1, "{text:?}");
    }
    let accounts: i64 = kit.database.value("SELECT count(*) FROM users", &[]).await;
    assert_eq!(accounts, 0);
}

#[tokio::test]
async fn the_same_key_and_request_give_the_first_answer_byte_for_byte() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let first = api.post_keyed("/v1/users", None, "key-1", &registration("ada@example.com")).await;
    first.of_status(201);
    // The same as parsed JSON, though not as text.
    let text = r#"{ "last_name":"Lovelace", "first_name":"\u0041da", "password":"correct horse battery staple", "email":"ada@example.com" }"#;
    let headers = [("content-type", "application/json"), ("idempotency-key", "key-1")];
    let second = api.send(axum::http::Method::POST, "/v1/users", &headers, text).await;
    assert_eq!((second.status, &second.body), (201, &first.body));
    assert_eq!(second.header("location"), "/v1/users/me");
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    let other = api.post_keyed("/v1/users", None, "key-1", &registration("bob@example.com")).await;
    other.problem(422, "idempotency_key_reused");
    for key in ["", " ", &"k".repeat(256)] {
        let answer = api.post_keyed("/v1/users", None, key, &registration("bob@example.com")).await;
        answer.problem(400, "idempotency_key_invalid");
    }
}

#[tokio::test]
async fn a_conflict_is_replayed_and_an_invalid_request_is_not() {
    let kit = Kit::start().await;
    let api = api(&kit);
    api.post("/v1/users", None, &registration("ada@example.com")).await.of_status(201);
    let first = api.post_keyed("/v1/users", None, "taken", &registration("ada@example.com")).await;
    first.problem(409, "email_taken");
    kit.database.batch("DELETE FROM users").await;
    let second = api.post_keyed("/v1/users", None, "taken", &registration("ada@example.com")).await;
    assert_eq!((second.status, &second.body, second.header("idempotent-replayed")), (409, &first.body, "true"));
    api.post_keyed("/v1/users", None, "fresh", &json!({})).await.problem(422, "validation_failed");
    api.post_keyed("/v1/users", None, "fresh", &registration("eve@example.com")).await.of_status(201);
}
