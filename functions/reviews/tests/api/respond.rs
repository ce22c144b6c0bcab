//! `POST /v1/reviews/{id}/response`.

use serde_json::json;
use testkit::Kit;

use crate::{api, path, post, review, stayed};

#[tokio::test]
async fn the_one_reviewed_answers_once_in_public() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (property, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 5)).await.of_status(201)["id"].clone();
    let (path, answer) = (path(&id, "/response"), json!({ "text": "Thank you!" }));
    api.post(&path, Some(&host.token), &answer).await.problem(404, "not_found");
    post(&api, &host, &review(booking, 5)).await.of_status(201);
    api.post(&path, Some(&guest.token), &answer).await.problem(403, "forbidden");
    api.post(&path, Some(&kit.guest().await.token), &answer).await.problem(403, "forbidden");
    let answered = api.post_keyed(&path, Some(&host.token), "k", &answer).await;
    assert_eq!(answered.of_status(201)["response"]["text"], "Thank you!");
    let again = api.post_keyed(&path, Some(&host.token), "k", &answer).await;
    assert_eq!((again.body, again.status), (answered.body, 201));
    let twice = api.post(&path, Some(&host.token), &json!({ "text": "And again!" })).await;
    assert_eq!(twice.problem(409, "invalid_state")["state"], "responded");
    let page = api.get(&format!("/v1/properties/{}/reviews", property.id), None).await.of_status(200);
    assert_eq!(page["data"][0]["response"]["text"], "Thank you!");
    let faults = api.post(&path, Some(&host.token), &json!({ "text": "" })).await.faults();
    assert_eq!(faults, [("/text".to_owned(), "required".to_owned())]);
}
