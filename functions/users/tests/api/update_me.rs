//! `PATCH /v1/users/me`.

use axum::http::Method;
use serde_json::json;
use testkit::Kit;

use crate::api;

#[tokio::test]
async fn what_is_left_out_stays_and_null_empties() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let token = Some(guest.token.as_str());
    let before = api.get("/v1/users/me", token).await.of_status(200);
    let body = json!({
        "first_name": "Grace", "phone": "+351210000000", "locale": "pt-PT", "currency": "EUR", "bio": "I sail.\nMostly.",
        "languages": ["en", "pt-pt"], "time_zone": "atlantic/azores",
    });
    let user = api.call(Method::PATCH, "/v1/users/me", token, &body).await.of_status(200);
    assert_eq!(user["languages"], json!(["en", "pt-PT"]));
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Grace"), &before["last_name"]));
    assert_eq!((&user["phone"], &user["bio"]), (&body["phone"], &body["bio"]));
    assert_eq!(user["time_zone"], "Atlantic/Azores");
    let nothing = json!({ "phone": null, "bio": null, "languages": [], "time_zone": null });
    let user = api.call(Method::PATCH, "/v1/users/me", token, &nothing).await.of_status(200);
    assert_eq!(user["time_zone"], json!(null));
    assert_eq!((&user["phone"], &user["bio"], &user["languages"]), (&json!(null), &json!(null), &json!([])));
    assert_eq!((&user["first_name"], &user["locale"]), (&json!("Grace"), &json!("pt-PT")));
    let public = api.get(&format!("/v1/users/{}", guest.id), None).await.of_status(200);
    assert_eq!((&public["first_name"], public.get("phone")), (&json!("Grace"), None));
}

#[tokio::test]
async fn faults_are_told_at_once_and_nothing_changes() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let token = Some(guest.token.as_str());
    let faults = api
        .call(
            Method::PATCH,
            "/v1/users/me",
            token,
            &json!({ "first_name": null, "last_name": "Eve", "languages": ["en", "no language"], "time_zone": "+02:00" }),
        )
        .await;
    let pointers: Vec<String> = faults.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/first_name", "/languages/1", "/time_zone"]);
    assert_ne!(api.get("/v1/users/me", token).await.of_status(200)["last_name"], "Eve");
}

#[tokio::test]
async fn a_change_of_what_was_not_seen_is_refused() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let authorization = format!("Bearer {}", guest.token);
    let tag = api.get("/v1/users/me", Some(&guest.token)).await.header("etag").to_owned();
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/json"), ("if-match", tag.as_str())];
    let patch = async |name: &str| {
        api.send(Method::PATCH, "/v1/users/me", &headers, json!({ "first_name": name }).to_string()).await
    };
    let answer = patch("Grace").await;
    answer.of_status(200);
    assert_ne!(answer.header("etag"), tag);
    patch("Heidi").await.problem(412, "precondition_failed");
}
