//! `/v1/notifications`: the inbox, and what somebody wants to hear of.

use axum::http::Method;
use domain::event::{Event, EventKind};
use domain::id::{BookingId, EventId, NotificationId};
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person};

use crate::api;

const PREFERENCES: &str = "/v1/notifications/preferences";

/// Puts an entry into the host's inbox, without a mail.
async fn told(kit: &Kit, host: &Person) -> Event {
    let data = json!({ "booking_id": BookingId::new(), "host_id": host.id });
    let event = Event { id: EventId::new(), kind: EventKind::BookingRequested, occurred_at: Timestamp::now(), data };
    kit.services.notify(&event).await.expect("an entry");
    event
}

async fn put(api: &Api, person: &Person, choices: &Value) -> Answer {
    api.call(Method::PUT, PREFERENCES, Some(&person.token), choices).await
}

async fn quiet_host(kit: &Kit, api: &Api) -> Person {
    let host = kit.host().await;
    put(api, &host, &json!({ "booking.requested": { "email": false, "in_app": true } })).await.of_status(200);
    host
}

#[tokio::test]
async fn the_inbox_is_ones_own_newest_first_in_pages() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let host = quiet_host(&kit, &api).await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.insert(0, told(&kit, &host).await);
    }
    told(&kit, &quiet_host(&kit, &api).await).await;
    let (mut seen, mut path) = (Vec::new(), "/v1/notifications?limit=2".to_owned());
    loop {
        let page = api.get(&path, Some(&host.token)).await.of_status(200);
        seen.extend(page["data"].as_array().cloned().unwrap_or_default());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/notifications?limit=2&cursor={cursor}");
    }
    let data: Vec<&Value> = seen.iter().map(|entry| &entry["data"]).collect();
    assert_eq!(data, events.iter().map(|event| &event.data).collect::<Vec<_>>());
    assert_eq!((&seen[0]["kind"], &seen[0]["read_at"]), (&json!("booking.requested"), &Value::Null));
    assert!(seen[0]["id"].as_str().is_some_and(|id| id.starts_with("notif_")));
    api.get("/v1/notifications?limit=0&unread=1", Some(&host.token)).await.problem(422, "validation_failed");
    api.get("/v1/notifications?cursor=x", Some(&host.token)).await.problem(422, "invalid_cursor");
}

#[tokio::test]
async fn reading_an_entry_again_changes_nothing() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let host = quiet_host(&kit, &api).await;
    told(&kit, &host).await;
    let page = api.get("/v1/notifications", Some(&host.token)).await.of_status(200);
    let id = page["data"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/notifications/{id}/read");
    let first = api.post_keyed(&path, Some(&host.token), "k", &Value::Null).await;
    assert!(first.of_status(200)["read_at"].is_string());
    let again = api.post_keyed(&path, Some(&host.token), "k", &Value::Null).await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body));
    assert_eq!(api.post(&path, Some(&host.token), &json!({})).await.of_status(200), first.json());
    api.post(&path, Some(&kit.guest().await.token), &Value::Null).await.problem(404, "not_found");
    for id in [NotificationId::new().to_string(), host.id.to_string(), "x".to_owned()] {
        let answer = api.post(&format!("/v1/notifications/{id}/read"), Some(&host.token), &Value::Null).await;
        answer.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_choice_takes_the_place_of_all_earlier_ones() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let all = json!({ "email": true, "in_app": true });
    let before = api.get(PREFERENCES, Some(&guest.token)).await.of_status(200);
    assert!(before.as_object().expect("kinds").values().all(|channels| *channels == all));
    assert_eq!((before.get("user.registered"), &before["review.published"]), (None, &all));
    let silent = json!({ "email": false, "in_app": false });
    let chosen = put(&api, &guest, &json!({ "booking.cancelled": silent, "payment.refunded": silent })).await;
    let chosen = chosen.of_status(200);
    assert_eq!((&chosen["booking.cancelled"], &chosen["booking.confirmed"]), (&silent, &all));
    assert_eq!(api.get(PREFERENCES, Some(&guest.token)).await.of_status(200), chosen);
    let mut changed = chosen.clone();
    changed["payment.refunded"]["email"] = json!(true);
    assert_eq!(put(&api, &guest, &changed).await.of_status(200), changed, "what was read can be sent back");
    put(&api, &guest, &json!({ "booking.confirmed": silent })).await.of_status(200);
    let kept = api.get(PREFERENCES, Some(&guest.token)).await.of_status(200);
    assert_eq!((&kept["booking.confirmed"], &kept["booking.cancelled"]), (&silent, &all));
}

#[tokio::test]
async fn every_fault_of_a_choice_is_named() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let channels = json!({ "email": true, "in_app": true });
    let body = json!({
        "booking.confirmed": { "email": "yes" }, "booking.cancelled": true, "user.registered": channels,
        "weather.changed": channels,
    });
    let expected = [
        ("/booking.cancelled", "wrong_type"),
        ("/booking.confirmed/email", "wrong_type"),
        ("/booking.confirmed/in_app", "required"),
        ("/user.registered", "unknown_field"),
        ("/weather.changed", "unknown_field"),
    ];
    let faults = put(&api, &guest, &body).await.faults();
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

#[tokio::test]
async fn strangers_have_no_inbox() {
    let kit = Kit::start().await;
    let (api, id) = (api(&kit), NotificationId::new());
    for (method, path) in [
        (Method::GET, "/v1/notifications".to_owned()),
        (Method::POST, format!("/v1/notifications/{id}/read")),
        (Method::GET, PREFERENCES.to_owned()),
        (Method::PUT, PREFERENCES.to_owned()),
    ] {
        for token in [None, Some("x")] {
            api.call(method.clone(), &path, token, &json!({})).await.problem(401, "unauthenticated");
        }
    }
}
