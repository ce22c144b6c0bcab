//! `GET /v1/properties/{id}/reviews`.

use jiff::SignedDuration;
use serde_json::json;
use testkit::Kit;

use crate::{api, post, review};

#[tokio::test]
async fn pages_cover_every_published_review_once_newest_first_with_the_rating_of_all() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let property = kit.listing_of(&host, |_| {}).await;
    let mut bookings = Vec::new();
    for n in 0..5 {
        bookings.push(kit.confirmed_stay(&guest, property.id, (10 + n, 11 + n)).await);
    }
    kit.database.advance(SignedDuration::from_hours(24 * 17)).await;
    let mut written = Vec::new();
    for (booking, stars) in bookings.iter().zip([5, 4, 4, 3, 5]) {
        written.insert(0, post(&api, &guest, &review(*booking, stars)).await.of_status(201)["id"].clone());
    }
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    let (mut seen, base) = (Vec::new(), format!("/v1/properties/{}/reviews", property.id));
    let mut path = format!("{base}?limit=2");
    loop {
        let answer = api.get(&path, None).await;
        let page = answer.of_status(200);
        assert_eq!((&page["rating"]["count"], &page["rating"]["average"]), (&json!(5), &json!(4.2)));
        seen.extend(page["data"].as_array().into_iter().flatten().map(|review| review["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(answer.header("link"), "");
            break;
        };
        path = format!("{base}?limit=2&cursor={cursor}");
        assert!(answer.header("link").ends_with(&format!("{path}>; rel=\"next\"")), "{}", answer.header("link"));
    }
    assert_eq!(seen, written);
    let other = kit.listed_property().await;
    let cursor = path.split("cursor=").last().expect("a cursor");
    let elsewhere = api.get(&format!("/v1/properties/{}/reviews?limit=2&cursor={cursor}", other.id), None).await;
    elsewhere.problem(422, "invalid_cursor");
}

#[tokio::test]
async fn reviews_of_a_draft_are_its_hosts_to_see() {
    let kit = Kit::start().await;
    let (host, api) = (kit.host().await, api(&kit));
    let draft = kit.draft(&host, |_| {}).await;
    let path = format!("/v1/properties/{}/reviews", draft.id);
    assert_eq!(api.get(&path, Some(&host.token)).await.of_status(200)["data"], json!([]));
    api.get(&path, None).await.problem(404, "not_found");
    api.get(&format!("/v1/properties/{}/reviews", domain::id::PropertyId::new()), None).await.problem(404, "not_found");
    api.get(&format!("{path}?limit=0&sort=best"), Some(&host.token)).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn one_statement_finds_the_newest_reviews_of_many_properties() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let mut expected = Vec::new();
    let mut properties = Vec::new();
    for _ in 0..3 {
        let property = kit.listing_of(&host, |_| {}).await;
        let mut ids = Vec::new();
        for n in 0..3 {
            let booking = kit.confirmed_stay(&guest, property.id, (10 + n, 11 + n)).await;
            ids.insert(0, booking);
        }
        properties.push(property.id);
        expected.push((property.id, ids));
    }
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    for (_, bookings) in &expected {
        for booking in bookings.iter().rev() {
            post(&api, &guest, &review(*booking, 5)).await.of_status(201);
        }
    }
    assert!(kit.services.newest_reviews(&properties, 2).await.expect("read").is_empty(), "still hidden");
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    let found = kit.services.newest_reviews(&properties, 2).await.expect("read");
    assert_eq!(found.len(), 6);
    for (property, bookings) in expected {
        let of: Vec<_> = found.iter().filter(|found| found.review.property_id == property).collect();
        assert_eq!(of.iter().map(|found| found.review.booking_id).collect::<Vec<_>>(), bookings[..2]);
    }
}
