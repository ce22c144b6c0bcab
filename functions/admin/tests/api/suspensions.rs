//! Shutting accounts and properties, and opening them again as they were.

use serde_json::{Value, json};
use services::properties::Property;
use testkit::{Api, Kit, PASSWORD, Person, in_days};

use crate::{act, api, ids};

/// Whether a stranger finds, sees and can book the property.
async fn is_on_the_market(api: &Api, guest: &Person, property: &Property) -> bool {
    let found = ids(api, guest, "/v1/properties?bbox=2,48,3,49").await.contains(&property.id.to_string());
    let map = api.get("/v1/properties/map?bbox=2,48,3,49&zoom=3", None).await.of_status(200);
    assert_eq!(map.to_string().contains("\"count\":1"), found, "{map}");
    let path = format!("/v1/properties/{}", property.id);
    for below in ["", "/calendar", "/reviews"] {
        let window = format!("?from={}&to={}", in_days(10), in_days(12));
        let query = if below == "/calendar" { window.as_str() } else { "" };
        let answer = api.get(&format!("{path}{below}{query}"), None).await;
        assert_eq!(answer.status == 200, found, "{below} {}", answer.status);
    }
    found
}

async fn book(api: &Api, guest: &Person, property: &Property, days: (i32, i32)) -> testkit::Answer {
    let body = json!({
        "property_id": property.id, "check_in": in_days(days.0), "check_out": in_days(days.1),
        "guests": { "adults": 1 },
    });
    api.post_keyed("/v1/bookings", Some(&guest.token), &format!("k{}", days.0), &body).await
}

async fn status(kit: &Kit, property: &Property) -> String {
    kit.database.value("SELECT status FROM properties WHERE id = $1", &[&property.id.uuid()]).await
}

#[tokio::test]
async fn a_suspended_host_vanishes_from_the_market_and_comes_back_as_before() {
    let kit = Kit::start().await;
    let (api, admin, host, guest) = (api(&kit), kit.admin().await, kit.host().await, kit.guest().await);
    let listed = kit.listing_of(&host, |_| {}).await;
    let draft = kit.draft(&host, |_| {}).await;
    assert!(is_on_the_market(&api, &guest, &listed).await);
    let booked = book(&api, &guest, &listed, (20, 22)).await.of_status(201);

    let path = format!("users/{}", host.id);
    let shut = act(&api, &admin, &format!("{path}/suspend")).await.of_status(200);
    assert_eq!((&shut["status"], shut["suspended_at"].is_string()), (&json!("suspended"), true));
    assert!(!is_on_the_market(&api, &guest, &listed).await);
    assert_eq!((status(&kit, &listed).await, status(&kit, &draft).await), ("suspended".into(), "draft".into()));
    assert_eq!(book(&api, &guest, &listed, (30, 32)).await.faults(), [("/property_id".into(), "not_found".into())]);
    // What is booked stands.
    let booking = format!("/v1/bookings/{}", booked["id"].as_str().expect("an id"));
    assert_eq!(api.get(&booking, Some(&guest.token)).await.of_status(200)["status"], "pending_payment");
    // A token that has not died yet opens nothing new.
    let list = format!("/v1/properties/{}/list", draft.id);
    kit.photo(draft.id).await;
    api.post(&list, Some(&host.token), &Value::Null).await.problem(403, "forbidden");
    act(&api, &admin, &format!("{path}/suspend")).await.problem(409, "invalid_state");

    let open = act(&api, &admin, &format!("{path}/restore")).await.of_status(200);
    assert_eq!((&open["status"], &open["suspended_at"]), (&json!("active"), &Value::Null));
    assert!(is_on_the_market(&api, &guest, &listed).await);
    book(&api, &guest, &listed, (40, 42)).await.of_status(201);
    act(&api, &admin, &format!("{path}/restore")).await.problem(409, "invalid_state");
}

#[tokio::test]
async fn a_suspended_accounts_sessions_end_and_no_new_one_begins() {
    let kit = Kit::start().await;
    let (api, admin, person) = (api(&kit), kit.admin().await, kit.person().await);
    let login = json!({ "email": person.email, "password": PASSWORD });
    let pair = api.post("/v1/auth/login", None, &login).await.of_status(200);
    let token = pair["access_token"].as_str();
    api.get("/v1/users/me", token).await.of_status(200);

    act(&api, &admin, &format!("users/{}/suspend", person.id)).await.of_status(200);
    api.get("/v1/users/me", token).await.problem(401, "unauthenticated");
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    api.post("/v1/auth/refresh", None, &refresh).await.problem(401, "unauthenticated");
    let refused = api.post("/v1/auth/login", None, &login).await.problem(403, "forbidden");
    assert_eq!(refused["detail"], "This account is suspended.");

    act(&api, &admin, &format!("users/{}/restore", person.id)).await.of_status(200);
    api.post("/v1/auth/refresh", None, &refresh).await.problem(401, "unauthenticated");
    api.post("/v1/auth/login", None, &login).await.of_status(200);
}

#[tokio::test]
async fn nobody_suspends_an_admin() {
    let kit = Kit::start().await;
    let (api, admin, other) = (api(&kit), kit.admin().await, kit.admin().await);
    for id in [admin.id, other.id] {
        act(&api, &admin, &format!("users/{id}/suspend")).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_property_suspended_by_itself_outlasts_its_hosts_suspension() {
    let kit = Kit::start().await;
    let (api, admin, host, guest) = (api(&kit), kit.admin().await, kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let (of_property, of_host) = (format!("properties/{}", property.id), format!("users/{}", host.id));
    let suspended = act(&api, &admin, &format!("{of_property}/suspend")).await.of_status(200);
    assert_eq!(suspended["status"], "suspended");
    assert!(!is_on_the_market(&api, &guest, &property).await);
    api.post(&format!("/v1/properties/{}/list", property.id), Some(&host.token), &Value::Null)
        .await
        .problem(409, "invalid_state");
    act(&api, &admin, &format!("{of_property}/suspend")).await.problem(409, "invalid_state");

    act(&api, &admin, &format!("{of_host}/suspend")).await.of_status(200);
    act(&api, &admin, &format!("{of_host}/restore")).await.of_status(200);
    assert_eq!(status(&kit, &property).await, "suspended");

    act(&api, &admin, &format!("{of_host}/suspend")).await.of_status(200);
    let kept = act(&api, &admin, &format!("{of_property}/restore")).await.of_status(200);
    assert_eq!(kept["status"], "suspended", "its host still is");
    act(&api, &admin, &format!("{of_host}/restore")).await.of_status(200);
    assert!(is_on_the_market(&api, &guest, &property).await);
    act(&api, &admin, &format!("{of_property}/restore")).await.problem(409, "invalid_state");
}

#[tokio::test]
async fn what_is_no_longer_whole_comes_back_unlisted() {
    let kit = Kit::start().await;
    let (api, admin, property) = (api(&kit), kit.admin().await, kit.listed_property().await);
    let path = format!("properties/{}", property.id);
    act(&api, &admin, &format!("{path}/suspend")).await.of_status(200);
    kit.database.execute("UPDATE properties SET title = NULL WHERE id = $1", &[&property.id.uuid()]).await;
    assert_eq!(act(&api, &admin, &format!("{path}/restore")).await.of_status(200)["status"], "unlisted");
}
