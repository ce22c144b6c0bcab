//! `GET /v1/bookings`.

use serde_json::Value;
use testkit::{Api, Kit, Person, in_days};

use crate::{api, book, stay};

async fn ids(api: &Api, person: &Person, query: &str) -> Vec<Value> {
    let page = api.get(&format!("/v1/bookings?{query}"), Some(&person.token)).await.of_status(200);
    page["data"].as_array().expect("a list").iter().map(|booking| booking["id"].clone()).collect()
}

#[tokio::test]
async fn everybody_lists_their_own_newest_first_by_role() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let (here, there) = (kit.listing_of(&host, |_| {}).await, kit.listing_of(&host, |_| {}).await);
    let mut made = Vec::new();
    for (property, days) in [(&here, (10, 12)), (&there, (20, 22)), (&here, (30, 32))] {
        made.insert(0, book(&api, &guest, &stay(property.id, days)).await.of_status(201)["id"].clone());
    }
    assert_eq!(ids(&api, &guest, "").await, made);
    assert_eq!(ids(&api, &guest, "role=guest").await, made);
    assert_eq!(ids(&api, &host, "role=host").await, made);
    assert_eq!(ids(&api, &host, "").await, Vec::<Value>::new());
    assert_eq!(ids(&api, &guest, "role=host").await, Vec::<Value>::new());
    assert_eq!(ids(&api, &kit.guest().await, "").await, Vec::<Value>::new());
    assert_eq!(ids(&api, &guest, &format!("property_id={}", there.id)).await, made[1..2]);
    assert_eq!(ids(&api, &guest, "status=confirmed").await, Vec::<Value>::new());
    assert_eq!(ids(&api, &guest, &format!("from={}&to={}", in_days(12), in_days(30))).await, made[1..2]);
    assert_eq!(ids(&api, &guest, &format!("from={}", in_days(11))).await, made);
    assert_eq!(ids(&api, &guest, &format!("to={}", in_days(20))).await, made[2..]);
}

#[tokio::test]
async fn holds_that_ran_out_are_listed_as_expired_and_not_as_pending() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    book(&api, &guest, &stay(property.id, (10, 12))).await.of_status(201);
    assert_eq!(ids(&api, &guest, "status=pending_payment").await.len(), 1);
    kit.database.advance(jiff::SignedDuration::from_mins(15)).await;
    assert_eq!(ids(&api, &guest, "status=pending_payment").await.len(), 0);
    assert_eq!(ids(&api, &guest, "status=expired").await.len(), 1);
}

#[tokio::test]
async fn pages_cover_every_booking_once() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    for n in 0..5 {
        book(&api, &guest, &stay(property.id, (10 + n, 11 + n))).await.of_status(201);
    }
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = api.get(&format!("/v1/bookings?{query}"), Some(&guest.token)).await.of_status(200);
        seen.extend(page["data"].as_array().into_iter().flatten().map(|booking| booking["id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
        // A stranger with somebody's cursor has the stranger's own list, not theirs.
        let stolen = api.get(&format!("/v1/bookings?{query}"), Some(&kit.guest().await.token)).await;
        assert!(stolen.status == 422 || stolen.json()["data"] == Value::Array(Vec::new()), "{}", stolen.json());
    }
    assert_eq!(seen.len(), 5);
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn filters_that_make_no_sense_are_422() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    for query in [
        "role=admin",
        "status=open",
        "property_id=x",
        "from=tomorrow",
        "to=2027-13-01",
        "limit=0",
        "cursor=x",
        "user_id=1",
        "role=guest&role=host",
    ] {
        let answer = api.get(&format!("/v1/bookings?{query}"), Some(&guest.token)).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.json());
    }
}
