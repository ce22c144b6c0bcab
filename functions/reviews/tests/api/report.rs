//! `POST /v1/reviews/{id}/report`.

use serde_json::json;
use testkit::Kit;

use crate::{api, path, post, review, stayed};

#[tokio::test]
async fn anybody_signed_in_reports_what_can_be_read_and_once_counts() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 1)).await.of_status(201)["id"].clone();
    let (path, reason) = (path(&id, "/report"), json!({ "reason": "An insult." }));
    api.post(&path, Some(&host.token), &reason).await.problem(404, "not_found");
    post(&api, &host, &review(booking, 5)).await.of_status(201);
    for person in [&host, &host, &kit.guest().await] {
        let answer = api.post(&path, Some(&person.token), &reason).await;
        assert_eq!((answer.status, answer.body.len()), (202, 0));
    }
    let rows: i64 = kit.database.value("SELECT count(*) FROM review_reports", &[]).await;
    assert_eq!(rows, 2);
    api.post(&path, Some(&kit.unverified().await.token), &reason).await.problem(403, "email_unverified");
    let faults = api.post(&path, Some(&host.token), &json!({})).await.faults();
    assert_eq!(faults, [("/reason".to_owned(), "required".to_owned())]);
}
