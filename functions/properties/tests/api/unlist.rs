//! `POST /v1/properties/{id}/unlist`.

use serde_json::Value;
use testkit::Kit;

use crate::api;

#[tokio::test]
async fn an_unlisted_property_is_gone_for_strangers_and_may_come_back() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let path = format!("/v1/properties/{}", property.id);
    for _ in 0..2 {
        let unlisted = api.post(&format!("{path}/unlist"), Some(&host.token), &Value::Null).await.of_status(200);
        assert_eq!(unlisted["status"], "unlisted");
    }
    api.get(&path, None).await.problem(404, "not_found");
    api.get(&path, Some(&host.token)).await.of_status(200);
    assert_eq!(api.get("/v1/properties", None).await.of_status(200)["data"], Value::Array(Vec::new()));
    let listed = api.post(&format!("{path}/list"), Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!(listed["status"], "listed");
    assert_eq!(api.get("/v1/properties", None).await.of_status(200)["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_draft_can_t_be_unlisted_and_nobody_s_else_either() {
    let kit = Kit::start().await;
    let (api, host, other) = (api(&kit), kit.host().await, kit.guest().await);
    let draft = kit.draft(&host, |_| {}).await;
    let path = format!("/v1/properties/{}/unlist", draft.id);
    assert_eq!(api.post(&path, Some(&host.token), &Value::Null).await.problem(409, "invalid_state")["state"], "draft");
    api.post(&path, Some(&other.token), &Value::Null).await.problem(404, "not_found");
    api.post(&path, None, &Value::Null).await.problem(401, "unauthenticated");
    kit.list(&host, draft.id).await;
    api.post(&path, Some(&other.token), &Value::Null).await.problem(403, "forbidden");
}
