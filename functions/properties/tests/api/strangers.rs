//! Who is refused before anything is looked at.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Kit;

use crate::api;

#[tokio::test]
async fn strangers_and_bad_tokens_change_nothing() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let path = format!("/v1/properties/{}", kit.listed_property().await.id);
    for path in ["/v1/properties".to_owned(), format!("{path}/list"), format!("{path}/unlist")] {
        for token in [None, Some("x")] {
            let answer = api.call(Method::POST, &path, token, &json!({})).await;
            answer.problem(401, "unauthenticated");
        }
    }
    let answer = api.call(Method::PUT, &path, None, &Value::Null).await;
    answer.problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("GET"), "{}", answer.header("allow"));
}

#[tokio::test]
async fn unknown_objects_are_not_found_for_every_act() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    for id in [domain::id::PropertyId::new().to_string(), host.id.to_string(), "x".to_owned()] {
        for act in ["list", "unlist"] {
            let answer = api.post(&format!("/v1/properties/{id}/{act}"), Some(&host.token), &Value::Null).await;
            answer.problem(404, "not_found");
        }
    }
}
