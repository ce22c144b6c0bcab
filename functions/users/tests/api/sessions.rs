//! `GET /v1/auth/sessions` and `DELETE /v1/auth/sessions/{id}`.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Kit, PASSWORD, redacted};

use crate::{api, sign_in};

#[tokio::test]
async fn devices_are_listed_with_the_one_that_asks_and_can_be_signed_out() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let old = sign_in(&api, &guest.email).await;
    let login = json!({ "email": guest.email, "password": PASSWORD }).to_string();
    let headers = [("content-type", "application/json"), ("user-agent", "Browser/1.0 (Telephone)")];
    let new = api.send(Method::POST, "/v1/auth/login", &headers, login).await.of_status(200);
    let token = new["access_token"].as_str();

    let list = api.get("/v1/auth/sessions", token).await.of_status(200);
    let sessions = list["data"].as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    insta::assert_json_snapshot!(redacted(&sessions[0], &[]), @r#"
    {
      "created_at": "[instant]",
      "current": true,
      "device": "Browser/1.0 (Telephone)",
      "expires_at": "[instant]",
      "id": "[sess]",
      "last_used_at": "[instant]"
    }
    "#);
    assert_eq!((&sessions[1]["current"], &sessions[1]["device"]), (&Value::Bool(false), &Value::Null));

    let path = format!("/v1/auth/sessions/{}", sessions[1]["id"].as_str().expect("an id"));
    let answer = api.call(Method::DELETE, &path, token, &Value::Null).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    api.call(Method::DELETE, &path, token, &Value::Null).await.problem(404, "not_found");
    let refresh = json!({ "refresh_token": old["refresh_token"] });
    api.post("/v1/auth/refresh", None, &refresh).await.problem(401, "unauthenticated");
    api.get("/v1/users/me", old["access_token"].as_str()).await.problem(401, "unauthenticated");
    let left = api.get("/v1/auth/sessions", token).await.of_status(200);
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn nobody_signs_another_out() {
    let kit = Kit::start().await;
    let (api, guest, stranger) = (api(&kit), kit.guest().await, kit.guest().await);
    let pair = sign_in(&api, &guest.email).await;
    let token = pair["access_token"].as_str();
    let list = api.get("/v1/auth/sessions", token).await.of_status(200);
    let path = format!("/v1/auth/sessions/{}", list["data"][0]["id"].as_str().expect("an id"));
    api.call(Method::DELETE, &path, Some(&stranger.token), &Value::Null).await.problem(404, "not_found");
    api.call(Method::DELETE, "/v1/auth/sessions/sess_01h455vb4pex5vsknk084sn02q", token, &Value::Null)
        .await
        .problem(404, "not_found");
    assert_eq!(api.get("/v1/auth/sessions", token).await.of_status(200)["data"].as_array().map(Vec::len), Some(1));
}
