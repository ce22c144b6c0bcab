//! `PATCH /v1/reviews/{id}`.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::json;
use testkit::Kit;

use crate::{api, patch, path, post, review, stayed};

#[tokio::test]
async fn a_hidden_review_is_changed_field_by_field() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 5)).await.of_status(201)["id"].clone();
    let changed = patch(&api, &guest, &id, &json!({ "rating": 2, "private_text": null })).await.of_status(200);
    assert_eq!((&changed["rating"], changed.get("private_text")), (&json!(2), None));
    assert_eq!((&changed["public_text"], &changed["categories"]["cleanliness"]), (&json!("A fine place."), &json!(4)));
    let changed = patch(&api, &guest, &id, &json!({ "categories": { "location": 3 }, "public_text": "Well." })).await;
    let changed = changed.of_status(200);
    assert_eq!((&changed["categories"], &changed["rating"]), (&json!({ "location": 3 }), &json!(2)));
    assert_eq!(api.get(&path(&id, ""), Some(&guest.token)).await.of_status(200), changed);
    let faults = patch(&api, &guest, &id, &json!({ "rating": null, "public_text": "", "booking_id": booking })).await;
    let pointers: Vec<String> = faults.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/booking_id", "/public_text", "/rating"]);
}

#[tokio::test]
async fn what_can_be_read_is_not_changed_any_more() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 5)).await.of_status(201)["id"].clone();
    patch(&api, &host, &id, &json!({ "rating": 5 })).await.problem(404, "not_found");
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    let problem = patch(&api, &guest, &id, &json!({ "rating": 1 })).await.problem(409, "invalid_state");
    assert_eq!(problem["state"], "published");
    patch(&api, &host, &id, &json!({ "rating": 5 })).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_change_of_another_version_than_the_one_seen_is_412() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 5)).await.of_status(201)["id"].clone();
    let path = path(&id, "");
    let tag = api.get(&path, Some(&guest.token)).await.header("etag").to_owned();
    let authorization = format!("Bearer {}", guest.token);
    let send = |tag: String, rating: i64| {
        let (api, path, authorization) = (api.clone(), path.clone(), authorization.clone());
        async move {
            let headers =
                [("authorization", authorization.as_str()), ("content-type", "application/json"), ("if-match", &tag)];
            api.send(Method::PATCH, &path, &headers, json!({ "rating": rating }).to_string()).await
        }
    };
    assert_eq!(send(tag.clone(), 4).await.of_status(200)["rating"], json!(4));
    send(tag, 3).await.problem(412, "precondition_failed");
    assert_eq!(api.get(&path, Some(&guest.token)).await.of_status(200)["rating"], json!(4));
}
