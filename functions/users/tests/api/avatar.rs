//! `/v1/users/me/avatar`, and where pictures of people are seen.

use axum::http::Method;
use domain::id::AvatarId;
use serde_json::{Value, json};
use testkit::{Api, Kit, Person};

use crate::api;

const PATH: &str = "/v1/users/me/avatar";

async fn asked(api: &Api, person: &Person) -> Value {
    let body = json!({ "content_type": "image/jpeg", "bytes": 1_234 });
    api.post(PATH, Some(&person.token), &body).await.of_status(201)
}

fn sizes(id: AvatarId) -> Value {
    let url = |side: u32| format!("https://photos.roost.test/photos/{id}/{side}.jpg");
    json!({ "small": url(96), "large": url(400) })
}

#[tokio::test]
async fn an_upload_is_a_signed_put_of_that_type_and_size_and_changes_the_account() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.guest().await);
    let me = async || api.get("/v1/users/me", Some(&person.token)).await;
    let before = me().await;
    assert_eq!((&before.json()["avatar"], &before.json()["avatar_upload"]), (&Value::Null, &Value::Null));
    let made = asked(&api, &person).await;
    assert_eq!(made["upload"]["method"], "PUT");
    assert_eq!(made["upload"]["headers"], json!({ "content-type": "image/jpeg", "content-length": "1234" }));
    let url = made["upload"]["url"].as_str().expect("an address");
    for part in ["/uploads/avatar_", "X-Amz-Expires=900", "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"] {
        assert!(url.contains(part), "{part} is not in {url}");
    }
    let after = me().await;
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(after.json()["avatar_upload"], made["avatar_upload"]);
    assert_eq!(
        (&made["avatar_upload"]["status"], &made["avatar_upload"]["rejection"]),
        (&json!("pending"), &Value::Null)
    );
    let public = api.get(&format!("/v1/users/{}", person.id), None).await.of_status(200);
    assert_eq!(public["avatar"], Value::Null);
    assert_eq!(public.get("avatar_upload"), None, "others do not see what waits");
}

#[tokio::test]
async fn the_same_key_is_the_same_upload_and_asking_anew_replaces_it() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.unverified().await);
    let body = json!({ "content_type": "image/png", "bytes": 5 });
    let keyed = async |key: &str| api.post_keyed(PATH, Some(&person.token), key, &body).await.of_status(201);
    let first = keyed("one").await;
    assert_eq!(keyed("one").await, first);
    let second = keyed("two").await;
    assert_ne!(second["upload"]["url"], first["upload"]["url"]);
    let states = kit.database.rows("SELECT status FROM avatars ORDER BY status", &[]).await;
    let states: Vec<String> = states.iter().map(|row| row.get(0)).collect();
    assert_eq!(states, ["deleted", "pending"]);
}

#[tokio::test]
async fn what_may_be_uploaded_is_told_with_all_faults() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.guest().await);
    let faults = async |body: Value| {
        let faults = api.post(PATH, Some(&person.token), &body).await.faults();
        faults.into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    let refused = faults(json!({ "content_type": "image/svg+xml", "bytes": 10_485_761, "user_id": "x" })).await;
    assert_eq!(refused, ["/bytes out_of_range", "/content_type unknown_value", "/user_id unknown_field"]);
    assert_eq!(faults(json!({})).await, ["/bytes required", "/content_type required"]);
    assert_eq!(faults(json!({ "content_type": "image/png", "bytes": 0 })).await, ["/bytes out_of_range"]);
    let none: i64 = kit.database.value("SELECT count(*) FROM avatars", &[]).await;
    assert_eq!(none, 0);
}

#[tokio::test]
async fn a_picture_is_seen_by_everybody_but_not_of_who_is_suspended() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.guest().await);
    let id = kit.avatar(person.id).await;
    let path = format!("/v1/users/{}", person.id);
    assert_eq!(api.get(&path, None).await.of_status(200)["avatar"], sizes(id));
    assert_eq!(api.get("/v1/users/me", Some(&person.token)).await.of_status(200)["avatar"], sizes(id));
    kit.database.execute("UPDATE users SET suspended_at = now() WHERE id = $1", &[&person.id.uuid()]).await;
    assert_eq!(api.get(&path, None).await.of_status(200)["avatar"], Value::Null);
    kit.database.execute("UPDATE users SET suspended_at = NULL WHERE id = $1", &[&person.id.uuid()]).await;
    assert_eq!(api.get(&path, None).await.of_status(200)["avatar"], sizes(id));
}

#[tokio::test]
async fn taking_a_picture_away_takes_the_upload_too_and_is_done_once() {
    let kit = Kit::start().await;
    let (api, person, other) = (api(&kit), kit.guest().await, kit.guest().await);
    let (_, of_other) = (kit.avatar(person.id).await, kit.avatar(other.id).await);
    asked(&api, &person).await;
    api.call(Method::DELETE, PATH, None, &Value::Null).await.problem(401, "unauthenticated");
    let delete = async |tag: &str| {
        let authorization = format!("Bearer {}", person.token);
        let headers = [("authorization", authorization.as_str()), ("if-match", tag)];
        api.send(Method::DELETE, PATH, &headers, "").await
    };
    delete("\"another\"").await.problem(412, "precondition_failed");
    let tag = api.get("/v1/users/me", Some(&person.token)).await.header("etag").to_owned();
    assert_eq!(delete(&tag).await.status, 204);
    let me = api.get("/v1/users/me", Some(&person.token)).await;
    assert_ne!(me.header("etag"), tag);
    assert_eq!((&me.json()["avatar"], &me.json()["avatar_upload"]), (&Value::Null, &Value::Null));
    delete("*").await.problem(404, "not_found");
    let theirs = api.get(&format!("/v1/users/{}", other.id), None).await.of_status(200);
    assert_eq!(theirs["avatar"], sizes(of_other));
}
