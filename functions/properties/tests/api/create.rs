//! `POST /v1/properties`.

use serde_json::json;
use testkit::{Kit, redacted};

use crate::{api, complete};

#[tokio::test]
async fn a_draft_may_lack_everything_and_gets_the_defaults() {
    let kit = Kit::start().await;
    let host = kit.unverified().await;
    let answer = api(&kit).post("/v1/properties", Some(&host.token), &json!({})).await;
    let draft = answer.of_status(201);
    let id = draft["id"].as_str().expect("an id");
    assert_eq!(answer.header("location"), format!("/v1/properties/{id}"));
    insta::assert_json_snapshot!(redacted(&draft, &[]), @r#"
    {
      "advance_notice_hours": 0,
      "amenities": [],
      "base_price": null,
      "bathrooms": 1,
      "bedrooms": 1,
      "beds": 1,
      "booking_window_days": 365,
      "cancellation_policy": "flexible",
      "check_in_time": "15:00",
      "check_out_time": "11:00",
      "cleaning_fee": {
        "amount": 0,
        "currency": "USD"
      },
      "created_at": "[instant]",
      "currency": "USD",
      "description": null,
      "extra_guest_fee": null,
      "host_id": "[user]",
      "house_rules": null,
      "id": "[prop]",
      "instant_book": false,
      "kind": "apartment",
      "location": null,
      "max_guests": 2,
      "max_nights": 365,
      "min_nights": 1,
      "monthly_discount_percent": 0,
      "pets_allowed": false,
      "photos": [],
      "preparation_nights": 0,
      "rating": {
        "average": null,
        "by_category": {},
        "count": 0
      },
      "room_type": "entire_place",
      "status": "draft",
      "time_zone": "UTC",
      "title": null,
      "updated_at": "[instant]",
      "weekend_price": null,
      "weekly_discount_percent": 0
    }
    "#);
}

#[tokio::test]
async fn everything_that_is_sent_comes_back() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let money = |amount: i64| json!({ "amount": amount, "currency": "JPY" });
    let sent = json!({
        "title": "Machiya", "description": "Old.\nQuiet.", "kind": "house", "room_type": "private_room",
        "time_zone": "asia/tokyo", "max_guests": 4, "bedrooms": 0, "beds": 3, "bathrooms": 1.5, "amenities": [],
        "house_rules": "No shoes.", "check_in_time": "16:30", "check_out_time": "10:00", "currency": "JPY",
        "base_price": money(12_000), "weekend_price": money(15_000), "weekly_discount_percent": 10,
        "monthly_discount_percent": 20, "cleaning_fee": money(3_000),
        "extra_guest_fee": { "after": 2, "per_night": money(1_000) }, "min_nights": 2, "max_nights": 30,
        "advance_notice_hours": 24, "preparation_nights": 1, "booking_window_days": 90, "instant_book": true,
        "pets_allowed": true, "cancellation_policy": "firm",
        "location": { "latitude": 35.0116, "longitude": 135.7681, "street": "1 Gion", "city": "Kyoto",
                      "region": "Kansai", "country": "JP", "postal_code": "600" },
    });
    let draft = api(&kit).post("/v1/properties", Some(&host.token), &sent).await.of_status(201);
    for (member, value) in sent.as_object().expect("an object") {
        match member.as_str() {
            "location" => {
                assert_eq!(draft["location"]["exact"], true, "the host sees the very place");
                for (part, value) in value.as_object().expect("an object") {
                    assert_eq!(&draft["location"][part], value, "{part}");
                }
            }
            "time_zone" => assert_eq!(draft["time_zone"], "Asia/Tokyo"),
            _ => assert_eq!(&draft[member], value, "{member}"),
        }
    }
    let guessed = api(&kit).post("/v1/properties", Some(&host.token), &complete()).await.of_status(201);
    assert_eq!((&guessed["time_zone"], &guessed["currency"]), (&"Europe/Paris".into(), &"EUR".into()));
}

#[tokio::test]
async fn all_faults_are_told_at_once_with_their_places() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let body = json!({
        "title": "", "kind": "castle", "max_guests": 0, "beds": 1.5, "bathrooms": 0.3, "amenities": ["wifi", "nothing"],
        "check_in_time": "25:00", "base_price": { "amount": -1, "currency": "USD" },
        "weekend_price": { "amount": 1, "currency": "EUR" }, "weekly_discount_percent": 101, "min_nights": 5,
        "max_nights": 4, "time_zone": "+02:00", "host_id": "me",
        "location": { "latitude": 91, "longitude": "x", "country": "FRA" },
    });
    let faults = api(&kit).post("/v1/properties", Some(&host.token), &body).await.faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let expected = [
        "/amenities/1",
        "/base_price",
        "/bathrooms",
        "/beds",
        "/check_in_time",
        "/host_id",
        "/kind",
        "/location/city",
        "/location/country",
        "/location/latitude",
        "/location/longitude",
        "/max_guests",
        "/max_nights",
        "/time_zone",
        "/title",
        "/weekend_price",
        "/weekly_discount_percent",
    ];
    for pointer in expected {
        assert!(pointers.iter().any(|told| told.starts_with(pointer)), "{pointer} is not among {pointers:?}");
    }
    assert_eq!(pointers.len(), expected.len(), "{pointers:?}");
}

#[tokio::test]
async fn the_same_key_makes_one_draft_and_each_caller_has_keys_of_their_own() {
    let kit = Kit::start().await;
    let (api, one, two) = (api(&kit), kit.host().await, kit.host().await);
    let first = api.post_keyed("/v1/properties", Some(&one.token), "k", &complete()).await;
    let again = api.post_keyed("/v1/properties", Some(&one.token), "k", &complete()).await;
    let other = api.post_keyed("/v1/properties", Some(&two.token), "k", &complete()).await;
    assert_eq!((first.status, again.status, other.status), (201, 201, 201));
    assert_eq!(first.body, again.body);
    assert_ne!(first.json()["id"], other.json()["id"]);
    assert_eq!((again.header("idempotent-replayed"), other.header("idempotent-replayed")), ("true", ""));
    let drafts: i64 = kit.database.value("SELECT count(*) FROM properties", &[]).await;
    assert_eq!(drafts, 2);
}
