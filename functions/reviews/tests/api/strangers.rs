//! Who is refused before anything is looked at.

use axum::http::Method;
use domain::id::ReviewId;
use serde_json::{Value, json};
use testkit::Kit;

use crate::{api, path};

#[tokio::test]
async fn strangers_and_bad_tokens_are_401() {
    let kit = Kit::start().await;
    let (api, id) = (api(&kit), json!(ReviewId::new()));
    for token in [None, Some("x")] {
        for (method, path) in [
            (Method::POST, "/v1/reviews".to_owned()),
            (Method::PATCH, path(&id, "")),
            (Method::POST, path(&id, "/response")),
            (Method::POST, path(&id, "/report")),
        ] {
            api.call(method, &path, token, &json!({})).await.problem(401, "unauthenticated");
        }
    }
    api.get(&path(&id, ""), Some("x")).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_offered_405() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    for id in [json!(ReviewId::new()), json!(guest.id), json!("x")] {
        api.get(&path(&id, ""), None).await.problem(404, "not_found");
        let token = Some(guest.token.as_str());
        api.call(Method::PATCH, &path(&id, ""), token, &json!({})).await.problem(404, "not_found");
        api.post(&path(&id, "/response"), token, &json!({ "text": "x" })).await.problem(404, "not_found");
        api.post(&path(&id, "/report"), token, &json!({ "reason": "x" })).await.problem(404, "not_found");
    }
    let answer = api.call(Method::DELETE, "/v1/reviews", None, &Value::Null).await;
    answer.problem(405, "method_not_allowed");
}
