//! `POST /v1/auth/login`.

use serde_json::json;
use testkit::{Kit, PASSWORD, redacted};

use crate::{api, sign_in};

#[tokio::test]
async fn signing_in_gives_a_pair_of_tokens_that_works() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.unverified().await);
    let answer = api.post("/v1/auth/login", None, &json!({ "email": guest.email, "password": PASSWORD })).await;
    let pair = answer.of_status(200);
    insta::assert_json_snapshot!(redacted(&pair, &["access_token", "refresh_token", "email"]), @r#"
    {
      "access_token": "[access_token]",
      "expires_in": 900,
      "refresh_token": "[refresh_token]",
      "token_type": "Bearer",
      "user": {
        "avatar": null,
        "avatar_upload": null,
        "bio": null,
        "created_at": "[instant]",
        "currency": "USD",
        "email": "[email]",
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
    }
    "#);
    assert_eq!(answer.header("cache-control"), "no-store");
    api.get("/v1/users/me", pair["access_token"].as_str()).await.of_status(200);
}

#[tokio::test]
async fn wrong_address_and_wrong_password_read_the_same() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let mut problems = Vec::new();
    for (email, password) in [(guest.email.as_str(), "wrong password"), ("nobody@example.com", PASSWORD), ("x", "y")] {
        let answer = api.post("/v1/auth/login", None, &json!({ "email": email, "password": password })).await;
        problems.push(redacted(&answer.problem(401, "invalid_credentials"), &["request_id"]));
    }
    problems.dedup();
    assert_eq!(problems.len(), 1);
}

#[tokio::test]
async fn a_body_without_address_or_password_is_told_what_it_lacks() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let faults = api.post("/v1/auth/login", None, &json!({ "user": "x" })).await.faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/password", "/user"]);
    let faults = api.post("/v1/auth/login", None, &json!({ "email": 1, "password": null })).await.faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    api.post("/v1/auth/login", None, &json!([])).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn each_sign_in_is_a_session_of_its_own() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (one, two) = (sign_in(&api, &guest.email).await, sign_in(&api, &guest.email).await);
    api.post("/v1/auth/logout", None, &json!({ "refresh_token": one["refresh_token"] })).await.of_status(204);
    api.post("/v1/auth/refresh", None, &json!({ "refresh_token": two["refresh_token"] })).await.of_status(200);
}
