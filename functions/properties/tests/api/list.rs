//! `POST /v1/properties/{id}/list`.

use serde_json::{Value, json};
use testkit::Kit;

use crate::{api, complete};

#[tokio::test]
async fn a_complete_draft_is_published_and_then_found() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let draft = api.post("/v1/properties", Some(&host.token), &complete()).await.of_status(201);
    let id = draft["id"].as_str().expect("an id");
    kit.photo(id.parse().expect("an id")).await;
    let path = format!("/v1/properties/{id}/list");
    for _ in 0..2 {
        let listed = api.post(&path, Some(&host.token), &Value::Null).await.of_status(200);
        assert_eq!((&listed["id"], &listed["status"]), (&draft["id"], &"listed".into()));
    }
    let found = api.get("/v1/properties?bbox=2,48,3,49", None).await.of_status(200);
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let list = async |body: Value| {
        let draft = api.post("/v1/properties", Some(&host.token), &body).await.of_status(201);
        let path = format!("/v1/properties/{}/list", draft["id"].as_str().expect("an id"));
        api.post(&path, Some(&host.token), &Value::Null).await.problem(409, "not_ready")["missing"].clone()
    };
    assert_eq!(list(json!({})).await, json!(["title", "location", "base_price", "photos"]));
    for member in ["title", "location", "base_price"] {
        let mut body = complete();
        body.as_object_mut().expect("an object").remove(member);
        assert_eq!(list(body).await, json!([member, "photos"]));
    }
}

#[tokio::test]
async fn only_its_verified_host_publishes_a_property() {
    let kit = Kit::start().await;
    let (api, host, other) = (api(&kit), kit.host().await, kit.guest().await);
    let draft = kit.draft(&host, |_| {}).await;
    let path = format!("/v1/properties/{}/list", draft.id);
    api.post(&path, None, &Value::Null).await.problem(401, "unauthenticated");
    api.post(&path, Some(&other.token), &Value::Null).await.problem(404, "not_found");
    kit.list(&host, draft.id).await;
    api.post(&path, Some(&other.token), &Value::Null).await.problem(403, "forbidden");
    let unverified = kit.unverified().await;
    let draft = kit.draft(&unverified, |_| {}).await;
    kit.photo(draft.id).await;
    let path = format!("/v1/properties/{}/list", draft.id);
    api.post(&path, Some(&unverified.token), &Value::Null).await.problem(403, "email_unverified");
    kit.database
        .execute(
            "UPDATE properties SET status = 'suspended', suspended_from = 'draft' WHERE id = $1",
            &[&draft.id.uuid()],
        )
        .await;
    kit.database.execute("UPDATE users SET email_verified_at = now() WHERE id = $1", &[&unverified.id.uuid()]).await;
    let problem = api.post(&path, Some(&unverified.token), &Value::Null).await.problem(409, "invalid_state");
    assert_eq!(problem["state"], "suspended");
}
