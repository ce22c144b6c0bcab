//! `PATCH /v1/properties/{id}`.

use axum::http::Method;
use domain::geo::{Point, haversine_metres};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person};

use crate::{api, complete};

/// A host and a draft.
async fn drafted(kit: &Kit, body: &Value) -> (Api, Person, String) {
    let (api, host) = (api(kit), kit.host().await);
    let draft = api.post("/v1/properties", Some(&host.token), body).await.of_status(201);
    let path = format!("/v1/properties/{}", draft["id"].as_str().expect("an id"));
    (api, host, path)
}

async fn patch(api: &Api, host: &Person, path: &str, body: &Value) -> Answer {
    api.call(Method::PATCH, path, Some(&host.token), body).await
}

async fn listed(kit: &Kit) -> (Api, Person, String) {
    let host = kit.host().await;
    let property = kit.listing_of(&host, |_| {}).await;
    (api(kit), host, format!("/v1/properties/{}", property.id))
}

fn public_point(location: &Value) -> Point {
    let degrees = |member: &str| location[member].as_f64().expect("degrees");
    Point::new(degrees("latitude"), degrees("longitude")).expect("a point")
}

#[tokio::test]
async fn what_is_left_out_stays_null_empties_and_a_value_is_taken() {
    let kit = Kit::start().await;
    let mut body = complete();
    body["description"] = json!("Quiet.");
    body["house_rules"] = json!("No shoes.");
    let (api, host, path) = drafted(&kit, &body).await;
    let before = api.get(&path, Some(&host.token)).await.of_status(200);
    let change = json!({ "title": "Another", "description": null, "max_guests": 5, "amenities": ["wifi"] });
    let answer = patch(&api, &host, &path, &change).await;
    let after = answer.of_status(200);
    let mut expected = before.clone();
    for (name, value) in change.as_object().expect("an object") {
        expected[name] = value.clone();
    }
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);
    assert_ne!(after["updated_at"], before["updated_at"]);
    let seen = api.get(&path, Some(&host.token)).await;
    assert_eq!(seen.of_status(200), after);
    assert_eq!(seen.header("etag"), answer.header("etag"));
    assert_eq!(patch(&api, &host, &path, &json!({})).await.of_status(200), after, "nothing was changed");
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit, &complete()).await;
    let spoiled = json!({
        "title": "", "kind": null, "max_guests": 0, "cleaning_fee": null, "colour": "red", "time_zone": "Paris",
        "base_price": { "amount": 0, "currency": "EUR" }, "location": { "latitude": 91, "city": "Paris" },
    });
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        patch(&api, &host, &path, &spoiled).await.faults(),
        [
            fault("/base_price", "out_of_range"),
            fault("/cleaning_fee", "required"),
            fault("/colour", "unknown_field"),
            fault("/kind", "required"),
            fault("/location/country", "required"),
            fault("/location/latitude", "out_of_range"),
            fault("/location/longitude", "required"),
            fault("/max_guests", "out_of_range"),
            fault("/time_zone", "unknown_value"),
            fault("/title", "required"),
        ]
    );
}

#[rstest]
#[case::min_over_max(json!({ "min_nights": 400 }), &["/min_nights"])]
#[case::max_under_min(json!({ "max_nights": 1 }), &["/max_nights"])]
#[case::both(json!({ "min_nights": 9, "max_nights": 8 }), &["/max_nights"])]
#[case::another_currency(json!({ "weekend_price": { "amount": 1, "currency": "USD" } }), &["/weekend_price"])]
#[case::base_price_alone(json!({ "base_price": { "amount": 9, "currency": "USD" } }), &["/base_price"])]
#[case::currency_alone(json!({ "currency": "USD" }), &["/base_price", "/cleaning_fee", "/extra_guest_fee"])]
#[case::one_left_behind(
    json!({ "currency": "USD", "base_price": { "amount": 9, "currency": "USD" }, "extra_guest_fee": null, "min_nights": 999 }),
    &["/cleaning_fee", "/min_nights"]
)]
#[tokio::test]
async fn a_change_must_fit_the_rest_of_the_property(#[case] change: Value, #[case] pointers: &[&str]) {
    let kit = Kit::start().await;
    let mut body = complete();
    body["min_nights"] = json!(2);
    body["cleaning_fee"] = json!({ "amount": 500, "currency": "EUR" });
    body["extra_guest_fee"] = json!({ "after": 2, "per_night": { "amount": 100, "currency": "EUR" } });
    let (api, host, path) = drafted(&kit, &body).await;
    let faults = patch(&api, &host, &path, &change).await.faults();
    assert_eq!(faults.iter().map(|(pointer, _)| pointer.as_str()).collect::<Vec<_>>(), pointers);
}

#[tokio::test]
async fn another_currency_takes_all_prices_anew_and_none_left_in_the_calendar() {
    let kit = Kit::start().await;
    let mut body = complete();
    body["cleaning_fee"] = json!({ "amount": 500, "currency": "EUR" });
    let (api, host, path) = drafted(&kit, &body).await;
    let in_dollars = |amount| json!({ "amount": amount, "currency": "USD" });
    let change = json!({ "currency": "USD", "base_price": in_dollars(9_000), "cleaning_fee": in_dollars(0) });
    kit.database
        .execute(
            "INSERT INTO calendar_days (property_id, night, price_minor) SELECT id, $1, 5 FROM properties",
            &[&testkit::in_days(9)],
        )
        .await;
    let refused = patch(&api, &host, &path, &change).await.faults();
    assert_eq!(refused, [("/currency".to_owned(), "currency_mismatch".to_owned())]);
    kit.database.batch("UPDATE calendar_days SET price_minor = NULL").await;
    let changed = patch(&api, &host, &path, &change).await.of_status(200);
    assert_eq!((&changed["currency"], &changed["base_price"]), (&json!("USD"), &in_dollars(9_000)));
}

#[tokio::test]
async fn a_draft_without_a_price_takes_the_currency_of_its_first() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit, &json!({})).await;
    let price = json!({ "amount": 100, "currency": "JPY" });
    let changed = patch(&api, &host, &path, &json!({ "base_price": price })).await.of_status(200);
    assert_eq!((&changed["currency"], &changed["base_price"]), (&json!("JPY"), &price));
}

#[tokio::test]
async fn a_listed_property_may_not_lose_what_listing_needs() {
    let kit = Kit::start().await;
    let (api, host, path) = listed(&kit).await;
    for field in ["title", "location", "base_price"] {
        let refused = patch(&api, &host, &path, &json!({ field: null })).await.problem(409, "not_ready");
        assert_eq!(refused["missing"], json!([field]));
    }
    assert_eq!(api.get(&path, None).await.of_status(200)["status"], "listed");
    api.post(&format!("{path}/unlist"), Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!(patch(&api, &host, &path, &json!({ "title": null })).await.of_status(200)["title"], Value::Null);
}

#[tokio::test]
async fn search_finds_a_listing_as_it_was_changed() {
    let kit = Kit::start().await;
    let (api, host, path) = listed(&kit).await;
    let dearer = json!({
        "base_price": { "amount": 77_700, "currency": "USD" }, "max_guests": 9,
        "location": { "latitude": -33.8688, "longitude": 151.2093, "city": "Sydney", "country": "AU" },
    });
    patch(&api, &host, &path, &dearer).await.of_status(200);
    let count = async |query: &str| {
        let found = api.get(&format!("/v1/properties?{query}"), None).await.of_status(200);
        found["data"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count("bbox=2,48,3,49").await, 0);
    assert_eq!(count("bbox=151,-34,152,-33&guests=9").await, 1);
    assert_eq!(count("bbox=151,-34,152,-33&guests=10").await, 0);
    assert_eq!(count("bbox=151,-34,152,-33&currency=USD&min_price=77700&max_price=77700").await, 1);
}

#[tokio::test]
async fn the_public_point_moves_with_the_property_and_is_never_drawn_again() {
    let kit = Kit::start().await;
    let (api, host, path) = listed(&kit).await;
    let here = json!({ "latitude": 48.8566, "longitude": 2.3522, "city": "Paris", "country": "FR" });
    let there = json!({ "latitude": 48.8, "longitude": 2.4, "city": "Paris", "country": "FR" });
    let shown = async |location: &Value| {
        patch(&api, &host, &path, &json!({ "location": location })).await.of_status(200);
        public_point(&api.get(&path, None).await.of_status(200)["location"])
    };
    let first = public_point(&api.get(&path, None).await.of_status(200)["location"]);
    assert_eq!(shown(&here).await, first, "the same place again");
    let moved = shown(&there).await;
    for _ in 0..3 {
        assert_eq!(shown(&here).await, first);
        assert_eq!(shown(&there).await, moved);
    }
    let before = haversine_metres(public_point(&here), first);
    assert!((before - haversine_metres(public_point(&there), moved)).abs() < 0.5, "the offset is the same");
    // Not even by taking the place away in between.
    api.post(&format!("{path}/unlist"), Some(&host.token), &Value::Null).await.of_status(200);
    patch(&api, &host, &path, &json!({ "location": null })).await.of_status(200);
    patch(&api, &host, &path, &json!({ "location": here })).await.of_status(200);
    api.post(&format!("{path}/list"), Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!(public_point(&api.get(&path, None).await.of_status(200)["location"]), first);
}

#[tokio::test]
async fn the_time_zone_follows_a_move_unless_the_host_had_set_it() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit, &complete()).await;
    let tokyo = json!({ "latitude": 35.68, "longitude": 139.76, "city": "Tokyo", "country": "JP" });
    let paris = complete()["location"].clone();
    let zone = async |change: Value| patch(&api, &host, &path, &change).await.of_status(200)["time_zone"].clone();
    assert_eq!(zone(json!({ "location": tokyo })).await, "Asia/Tokyo");
    assert_eq!(zone(json!({ "location": paris, "time_zone": "Europe/Rome" })).await, "Europe/Rome");
    assert_eq!(zone(json!({ "location": tokyo })).await, "Europe/Rome");
}

#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let kit = Kit::start().await;
    let (api, host, path) = listed(&kit).await;
    let tag = api.get(&path, Some(&host.token)).await.header("etag").to_owned();
    let bearer = format!("Bearer {}", host.token);
    let send = async |tag: &str, body: Value| {
        let headers = [("authorization", bearer.as_str()), ("if-match", tag), ("content-type", "application/json")];
        api.send(Method::PATCH, &path, &headers, body.to_string()).await
    };
    let changed = send(&tag, json!({ "title": "Once" })).await;
    changed.of_status(200);
    send(&tag, json!({ "title": "Twice" })).await.problem(412, "precondition_failed");
    assert_eq!(send(changed.header("etag"), json!({ "title": "Twice" })).await.of_status(200)["title"], "Twice");
}

#[tokio::test]
async fn only_its_host_changes_a_property() {
    let kit = Kit::start().await;
    let (api, _, path) = listed(&kit).await;
    let (other, change) = (kit.guest().await, json!({ "title": "Mine" }));
    api.call(Method::PATCH, &path, None, &change).await.problem(401, "unauthenticated");
    patch(&api, &other, &path, &change).await.problem(403, "forbidden");
    kit.database.batch("UPDATE properties SET status = 'unlisted'").await;
    patch(&api, &other, &path, &change).await.problem(404, "not_found");
}
