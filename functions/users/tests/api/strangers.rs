//! Who is refused before anything is looked at.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Kit;

use crate::api;

#[tokio::test]
async fn strangers_and_bad_tokens_are_401_where_a_caller_is_needed() {
    let kit = Kit::start().await;
    for (method, path) in [(Method::GET, "/v1/users/me"), (Method::POST, "/v1/auth/email/resend")] {
        for token in [None, Some("x")] {
            let answer = api(&kit).call(method.clone(), path, token, &Value::Null).await;
            answer.problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_refused_everywhere() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let guest = kit.guest().await;
    for path in ["/v1/users/me", "/.well-known/jwks.json", &format!("/v1/users/{}", guest.id)] {
        let answer = api.get(&format!("{path}?extra=1"), Some(&guest.token)).await;
        answer.problem(422, "validation_failed");
    }
    let answer = api.call(Method::DELETE, "/v1/auth/login", None, &Value::Null).await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
    api.get("/v1/users/me/nothing", None).await.problem(404, "not_found");
    let json_body = json!({ "email": "a@b.c", "password": "x" }).to_string();
    let wrong_type = api.send(Method::POST, "/v1/auth/login", &[("content-type", "text/plain")], json_body).await;
    wrong_type.problem(415, "unsupported_media_type");
    let not_json = api.send(Method::POST, "/v1/auth/login", &[("content-type", "application/json")], "{").await;
    not_json.problem(400, "malformed_json");
}
