//! The rating of a property is exact, however many publish at once.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Api, Kit};
use tokio::task::JoinSet;

use crate::{api, events, post, review, stayed};

async fn rating(api: &Api, property: &impl std::fmt::Display) -> Value {
    api.get(&format!("/v1/properties/{property}"), None).await.of_status(200)["rating"].clone()
}

#[tokio::test]
async fn a_place_without_reviews_has_no_average() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    assert_eq!(rating(&api(&kit), &property.id).await, json!({ "average": null, "count": 0, "by_category": {} }));
}

#[tokio::test]
async fn guests_count_and_hosts_do_not() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (property, booking) = stayed(&kit, &host, &guest).await;
    let score = "SELECT score FROM listing_search";
    let before: i32 = kit.database.value(score, &[]).await;
    post(&api, &host, &review(booking, 1)).await.of_status(201);
    post(&api, &guest, &review(booking, 5)).await.of_status(201);
    let expected = json!({ "average": 5.0, "count": 1, "by_category": { "cleanliness": 4.0, "value": 5.0 } });
    assert_eq!(rating(&api, &property.id).await, expected);
    assert!(kit.database.value::<i32>(score, &[]).await > before, "a good review lifts the listing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rating_is_exact_when_many_are_published_at_once() {
    let kit = Kit::start().await;
    let (host, api) = (kit.host().await, api(&kit));
    let property = kit.listing_of(&host, |_| {}).await;
    let mut stays = Vec::new();
    for n in 0..14 {
        let guest = kit.guest().await;
        let booking = kit.confirmed_stay(&guest, property.id, (10 + n, 11 + n)).await;
        stays.push((guest, booking, i64::from(n % 5) + 1));
    }
    // The first stays' windows are still open when the last has ended.
    kit.database
        .set_now(property.details.rules.time_zone.instant(testkit::in_days(24), jiff::civil::time(12, 0, 0, 0)))
        .await;
    for (_, booking, _) in &stays {
        post(&api, &host, &review(*booking, 5)).await.of_status(201);
    }
    let sum: i64 = stays.iter().map(|(_, _, stars)| stars).sum();
    let mut tasks = JoinSet::new();
    for (guest, booking, stars) in stays {
        let (api, body) = (api.clone(), review(booking, stars));
        tasks.spawn(async move { post(&api, &guest, &body).await.of_status(201) });
    }
    tasks.join_all().await;
    let counted = kit
        .database
        .rows(
            "SELECT rating_count, rating_sum, value_count, value_sum, cleanliness_sum, accuracy_count FROM properties",
            &[],
        )
        .await;
    let counted: Vec<i32> = (0..6).map(|column| counted[0].get(column)).collect();
    let sum = i32::try_from(sum).expect("a small number");
    assert_eq!(counted, [14, sum, 14, sum, 4 * 14, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweepers_at_once_count_what_is_due_once() {
    let kit = Arc::new(Kit::start().await);
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (one, two) = (kit.listing_of(&host, |_| {}).await, kit.listing_of(&host, |_| {}).await);
    let mut bookings = Vec::new();
    for n in 0..6 {
        for property in [&one, &two] {
            bookings.push(kit.confirmed_stay(&guest, property.id, (10 + n, 11 + n)).await);
        }
    }
    kit.database.advance(SignedDuration::from_hours(24 * 18)).await;
    for booking in bookings {
        post(&api, &guest, &review(booking, 4)).await.of_status(201);
    }
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    let passes = [(); 4].map(|()| {
        let kit = Arc::clone(&kit);
        tokio::spawn(async move { kit.services.run_maintenance().await })
    });
    let mut published = 0;
    for pass in passes {
        let report = pass.await.expect("no panic");
        assert_eq!(report.failed_steps, Vec::<&str>::new());
        published += report.published_reviews;
    }
    assert_eq!(published, 12);
    for property in [&one, &two] {
        let expected = json!({ "average": 4.0, "count": 6, "by_category": { "cleanliness": 4.0, "value": 4.0 } });
        assert_eq!(rating(&api, &property.id).await, expected);
    }
    assert_eq!(events(&kit).iter().filter(|kind| **kind == "review.published").count(), 12);
}
