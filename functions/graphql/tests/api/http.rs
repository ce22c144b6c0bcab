//! GraphQL over HTTP.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Kit};

use crate::api;

const MODERN: &str = "application/graphql-response+json";

async fn post(kit: &Kit, accept: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("accept", accept)];
    api(kit).send(Method::POST, "/graphql", &headers, body.to_string()).await
}

#[tokio::test]
async fn what_could_not_be_executed_is_200_as_json_and_400_as_graphql_response() {
    let kit = Kit::start().await;
    for query in ["{", "{ nonsense }", "query ($id: ID!) { property(id: $id) { id } }"] {
        for (accept, status) in [("application/json", 200), (MODERN, 400), ("*/*", 200)] {
            let answer = post(&kit, accept, &json!({ "query": query })).await;
            let json = answer.of_status(status);
            assert_eq!(json.get("data"), None, "{query}");
            assert_eq!(json["errors"][0]["extensions"]["code"], "invalid_query", "{query}");
            let media_type = if accept == MODERN { MODERN } else { "application/json" };
            assert_eq!(answer.header("content-type"), format!("{media_type}; charset=utf-8"));
        }
    }
}

#[tokio::test]
async fn what_was_executed_is_200_with_its_errors() {
    let kit = Kit::start().await;
    for accept in ["application/json", MODERN] {
        let json = post(&kit, accept, &json!({ "query": "{ me { id } }" })).await.of_status(200);
        assert_eq!(json["data"], json!({ "me": null }));
        assert_eq!(json["errors"][0]["extensions"]["code"], "unauthenticated");
        assert_eq!(json["errors"][0]["path"], json!(["me"]));
    }
}

#[tokio::test]
async fn what_is_no_request_of_graphql_is_a_problem() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let json = [("content-type", "application/json")];
    for body in ["", "{", "[]", "7", "{}", r#"{"query": 7}"#, r#"{"query": "{ me { id } }", "variables": []}"#] {
        api.send(Method::POST, "/graphql", &json, body).await.problem(400, "malformed_json");
    }
    api.send(Method::POST, "/graphql", &[("content-type", "text/plain")], "{}")
        .await
        .problem(415, "unsupported_media_type");
    let html = [("content-type", "application/json"), ("accept", "text/html")];
    api.send(Method::POST, "/graphql", &html, "{}").await.problem(406, "not_acceptable");
    api.call(Method::PUT, "/graphql", None, &json!({})).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_bad_token_is_refused_even_where_none_is_needed() {
    let kit = Kit::start().await;
    let answer = api(&kit).post("/graphql", Some("nonsense"), &json!({ "query": "{ __typename }" })).await;
    answer.problem(401, "unauthenticated");
    assert!(answer.header("www-authenticate").starts_with("Bearer error="));
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order() {
    let kit = Kit::start().await;
    let batch =
        json!([{ "query": "{ a: __typename }" }, { "query": "{ me { id } }" }, { "query": "{ c: __typename }" }]);
    let answers = post(&kit, "application/json", &batch).await.of_status(200);
    assert_eq!(answers[0], json!({ "data": { "a": "Query" } }));
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "unauthenticated");
    assert_eq!(answers[2], json!({ "data": { "c": "Query" } }));
}
