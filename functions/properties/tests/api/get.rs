//! `GET /v1/properties/{id}`.

use domain::geo::{Point, haversine_metres};
use testkit::Kit;

use crate::api;

fn point(location: &serde_json::Value) -> Point {
    let degrees = |member: &str| location[member].as_f64().expect("degrees");
    Point::new(degrees("latitude"), degrees("longitude")).expect("a point")
}

#[tokio::test]
async fn strangers_see_a_listed_property_at_a_place_150_to_400_metres_off() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let mut offsets = Vec::new();
    for _ in 0..3 {
        let path = format!("/v1/properties/{}", kit.listing_of(&host, |_| {}).await.id);
        let exact = api.get(&path, Some(&host.token)).await.of_status(200)["location"].clone();
        let shown = api.get(&path, None).await.of_status(200)["location"].clone();
        assert_eq!(shown, api.get(&path, None).await.of_status(200)["location"], "asking again tells no more");
        let metres = haversine_metres(point(&exact), point(&shown));
        assert!((149.0..=401.0).contains(&metres), "{metres} m");
        assert_eq!((&exact["exact"], &shown["exact"]), (&true.into(), &false.into()));
        assert!(exact["street"].is_string() && shown.get("street").is_none() && shown.get("postal_code").is_none());
        offsets.push((shown["latitude"].to_string(), shown["longitude"].to_string()));
    }
    offsets.dedup();
    assert_eq!(offsets.len(), 3, "three properties at one place are shown at three");
}

#[tokio::test]
async fn a_guest_sees_the_very_place_once_the_stay_is_confirmed() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let path = format!("/v1/properties/{}", property.id);
    kit.database
        .execute(
            "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                 children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                 instant_book, hold_expires_at, timeline)
             VALUES ($1, $2, $3, $4, 'pending_payment', $5, $6, $6, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
                 now() + interval '1 hour', '[]')",
            &[
                &domain::id::BookingId::new().uuid(),
                &property.id.uuid(),
                &guest.id.uuid(),
                &host.id.uuid(),
                &testkit::in_days(3),
                &testkit::in_days(5),
            ],
        )
        .await;
    assert_eq!(api.get(&path, Some(&guest.token)).await.of_status(200)["location"]["exact"], false, "not yet paid");
    kit.database.batch("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL").await;
    assert_eq!(api.get(&path, Some(&guest.token)).await.of_status(200)["location"]["exact"], true);
    assert_eq!(api.get(&path, None).await.of_status(200)["location"]["exact"], false);
    let other = kit.guest().await;
    assert_eq!(api.get(&path, Some(&other.token)).await.of_status(200)["location"]["exact"], false);
}

#[tokio::test]
async fn a_draft_is_there_for_its_host_alone() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let draft = kit.draft(&host, |_| {}).await;
    let path = format!("/v1/properties/{}", draft.id);
    api.get(&path, None).await.problem(404, "not_found");
    api.get(&path, Some(&guest.token)).await.problem(404, "not_found");
    assert_eq!(api.get(&path, Some(&host.token)).await.of_status(200)["status"], "draft");
    for id in [domain::id::PropertyId::new().to_string(), host.id.to_string(), "prop_x".to_owned(), "%00".to_owned()] {
        api.get(&format!("/v1/properties/{id}"), None).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_bad_token_is_no_stranger() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    let answer = api(&kit).get(&format!("/v1/properties/{}", property.id), Some("x")).await;
    answer.problem(401, "unauthenticated");
}
