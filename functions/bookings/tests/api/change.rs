//! Changes of stays over HTTP: statuses, headers and what is said of them.

use axum::http::Method;
use domain::id::BookingId;
use serde_json::{Value, json};
use testkit::{Api, Kit, Person, in_days};

use crate::{api, book, stay};

/// A confirmed stay from the 10th to the 12th day, and its path.
async fn confirmed(kit: &Kit, api: &Api, host: &Person, guest: &Person) -> String {
    let property = kit.listing_of(host, |_| {}).await;
    let booked = book(api, guest, &stay(property.id, (10, 12))).await.of_status(201);
    kit.database.batch("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL, confirmed_at = now()").await;
    format!("/v1/bookings/{}", booked["id"].as_str().expect("an id"))
}

fn change((check_in, check_out): (i32, i32)) -> Value {
    json!({ "check_in": in_days(check_in), "check_out": in_days(check_out), "guests": { "adults": 2 } })
}

#[tokio::test]
async fn a_change_is_made_seen_answered_and_replayed() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let booking = confirmed(&kit, &api, &host, &guest).await;
    let path = format!("{booking}/change");
    api.get(&path, Some(&guest.token)).await.problem(404, "not_found");

    let made = api.post_keyed(&path, Some(&guest.token), "k", &change((10, 11))).await;
    assert!(made.header("location").ends_with(&path));
    let made = made.of_status(201);
    assert_eq!((&made["status"], &made["proposed_by"]), (&json!("proposed"), &json!("guest")));
    assert_eq!((&made["nights"], &made["guests"]["adults"]), (&json!(1), &json!(2)));
    assert!(made["difference"]["amount"].as_i64().is_some_and(|amount| amount < 0), "{made}");
    assert!(made["expires_at"].is_string() && made["payment_id"].is_null());
    let again = api.post_keyed(&path, Some(&guest.token), "k", &change((10, 11))).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.of_status(201), made);
    assert_eq!(api.get(&path, Some(&host.token)).await.of_status(200), made);
    api.post(&path, Some(&host.token), &change((9, 12))).await.problem(409, "change_open");

    api.post(&format!("{path}/accept"), Some(&guest.token), &Value::Null).await.problem(403, "forbidden");
    let applied = api.post(&format!("{path}/accept"), Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!((&applied["status"], &applied["expires_at"]), (&json!("applied"), &Value::Null));
    let changed = api.get(&booking, Some(&guest.token)).await.of_status(200);
    assert_eq!((&changed["nights"], &changed["price"]), (&json!(1), &made["price"]));
    let late = api.post(&format!("{path}/decline"), Some(&host.token), &Value::Null).await;
    assert_eq!(late.problem(409, "invalid_state")["state"], "applied");
}

#[tokio::test]
async fn a_change_is_taken_back_as_it_was_seen() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let path = format!("{}/change", confirmed(&kit, &api, &host, &guest).await);
    api.post(&path, Some(&host.token), &change((10, 13))).await.of_status(201);
    let tag = api.get(&path, Some(&host.token)).await.header("etag").to_owned();
    let bearer = format!("Bearer {}", host.token);
    let withdraw = async |tag: &str| {
        api.send(Method::DELETE, &path, &[("authorization", bearer.as_str()), ("if-match", tag)], "").await
    };
    withdraw("\"another\"").await.problem(412, "precondition_failed");
    let gone = withdraw(&tag).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(withdraw(&tag).await.problem(409, "invalid_state")["state"], "withdrawn");
    assert_eq!(api.get(&path, Some(&guest.token)).await.of_status(200)["status"], "withdrawn");
    api.post(&path, Some(&guest.token), &change((10, 13))).await.of_status(201);
    let declined = api.post(&format!("{path}/decline"), Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!(declined["status"], "declined");
}

#[tokio::test]
async fn all_faults_are_named_and_strangers_see_nothing() {
    let kit = Kit::start().await;
    let (api, host, guest, stranger) = (api(&kit), kit.host().await, kit.guest().await, kit.guest().await);
    let path = format!("{}/change", confirmed(&kit, &api, &host, &guest).await);
    let body = json!({ "check_in": "2027-02-30", "guests": { "adults": 0 }, "message": "Please." });
    let answer = api.post(&path, Some(&guest.token), &body).await;
    answer.problem(422, "validation_failed");
    let mut pointers: Vec<String> = answer.faults().into_iter().map(|(pointer, _)| pointer).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/check_in", "/check_out", "/guests/adults", "/message"]);
    let unknown = format!("/v1/bookings/{}/change", BookingId::new());
    for (path, token) in [(&path, &stranger.token), (&unknown, &guest.token)] {
        api.post(path, Some(token), &change((10, 13))).await.problem(404, "not_found");
        api.get(path, Some(token)).await.problem(404, "not_found");
        api.call(Method::DELETE, path, Some(token), &Value::Null).await.problem(404, "not_found");
        for answer in ["accept", "decline"] {
            api.post(&format!("{path}/{answer}"), Some(token), &Value::Null).await.problem(404, "not_found");
        }
    }
    api.post(&path, None, &change((10, 13))).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_guest_who_never_came_is_reported_by_the_host_alone() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let booking = confirmed(&kit, &api, &host, &guest).await;
    let path = format!("{booking}/no-show");
    let early = api.post(&path, Some(&host.token), &Value::Null).await.problem(409, "invalid_state");
    assert_eq!((&early["state"], &early["possible_from"]), (&json!("confirmed"), &json!(in_days(11))));
    kit.database.advance(jiff::SignedDuration::from_hours(11 * 24)).await;
    api.post(&path, Some(&guest.token), &Value::Null).await.problem(403, "forbidden");
    let reported = api.post(&path, Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!(reported["status"], "no_show");
    api.post(&path, Some(&host.token), &Value::Null).await.problem(409, "invalid_state");
}
