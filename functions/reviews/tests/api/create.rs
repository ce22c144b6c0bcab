//! `POST /v1/reviews`.

use domain::id::BookingId;
use jiff::SignedDuration;
use serde_json::json;
use testkit::Kit;
use tokio::task::JoinSet;

use crate::{api, events, post, review, stayed};

#[tokio::test]
async fn a_review_is_hidden_at_first_and_the_other_side_hears_of_it() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (property, booking) = stayed(&kit, &host, &guest).await;
    let answer = post(&api(&kit), &guest, &review(booking, 5)).await;
    let created = answer.of_status(201);
    assert_eq!(answer.header("location"), format!("/v1/reviews/{}", created["id"].as_str().expect("an id")));
    assert_eq!((&created["status"], &created["author_role"]), (&json!("hidden"), &json!("guest")));
    assert_eq!((&created["author_id"], &created["subject_id"]), (&json!(guest.id), &json!(host.id)));
    assert_eq!((&created["booking_id"], &created["property_id"]), (&json!(booking), &json!(property.id)));
    assert_eq!((&created["rating"], &created["categories"]), (&json!(5), &json!({ "cleanliness": 4, "value": 5 })));
    assert_eq!(
        (&created["public_text"], &created["private_text"]),
        (&json!("A fine place."), &json!("The tap drips."))
    );
    assert_eq!((&created["published_at"], &created["response"]), (&json!(null), &json!(null)));
    let received = kit.events.taken().into_iter().find(|event| event.kind.as_str() == "review.received");
    let received = received.expect("published");
    assert_eq!((&received.data["subject_id"], &received.data["review_id"]), (&json!(host.id), &created["id"]));
    assert_eq!(events(&kit), ["review.received"]);
}

#[tokio::test]
async fn categories_and_the_private_text_may_be_left_out() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let body = json!({ "booking_id": booking, "rating": 1, "public_text": " So so.\n" });
    let created = post(&api(&kit), &host, &body).await.of_status(201);
    assert_eq!((&created["author_role"], &created["categories"]), (&json!("host"), &json!({})));
    assert_eq!((&created["public_text"], created.get("private_text")), (&json!("So so."), None));
}

#[tokio::test]
async fn a_stay_that_has_not_ended_is_not_reviewed() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (property, api) = (kit.listing_of(&host, |_| {}).await, api(&kit));
    let booking = kit.confirmed_stay(&guest, property.id, (10, 12)).await;
    post(&api, &guest, &review(booking, 5)).await.problem(409, "stay_not_completed");
    kit.database.advance(SignedDuration::from_hours(24 * 11)).await;
    post(&api, &host, &review(booking, 5)).await.problem(409, "stay_not_completed");
    for status in ["declined", "expired", "no_show"] {
        kit.database.batch(&format!("UPDATE bookings SET status = '{status}'")).await;
        kit.database.advance(SignedDuration::from_hours(24)).await;
        post(&api, &guest, &review(booking, 5)).await.problem(409, "stay_not_completed");
    }
}

#[tokio::test]
async fn a_review_comes_within_fourteen_days_of_check_out() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let (booking, api) = (kit.confirmed_stay(&guest, property.id, (10, 12)).await, api(&kit));
    let rules = &property.details.rules;
    let check_out = rules.time_zone.instant(testkit::in_days(12), property.details.check_out_time);
    let closes = rules.time_zone.instant(testkit::in_days(26), property.details.check_out_time);
    kit.database.set_now(check_out - SignedDuration::from_secs(60)).await;
    post(&api, &guest, &review(booking, 5)).await.problem(409, "stay_not_completed");
    kit.database.set_now(closes - SignedDuration::from_secs(60)).await;
    post(&api, &guest, &review(booking, 5)).await.of_status(201);
    kit.database.set_now(closes).await;
    post(&api, &host, &review(booking, 5)).await.problem(409, "review_window_closed");
}

#[tokio::test]
async fn each_side_reviews_once_and_a_key_gives_the_first_answer_again() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let (api, body) = (api(&kit), review(booking, 5));
    let first = api.post_keyed("/v1/reviews", Some(&guest.token), "k", &body).await;
    let again = api.post_keyed("/v1/reviews", Some(&guest.token), "k", &body).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    post(&api, &guest, &review(booking, 4)).await.problem(409, "already_reviewed");
    post(&api, &host, &body).await.of_status(201);
    post(&api, &host, &body).await.problem(409, "already_reviewed");
    let rows: i64 = kit.database.value("SELECT count(*) FROM reviews", &[]).await;
    assert_eq!(rows, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_at_once_is_taken_and_the_others_are_409() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (api, guest, body) = (api(&kit), guest.clone(), review(booking, 5));
        tasks.spawn(async move { post(&api, &guest, &body).await });
    }
    let mut taken = 0;
    for answer in tasks.join_all().await {
        if answer.status == 201 {
            taken += 1;
        } else {
            answer.problem(409, "already_reviewed");
        }
    }
    assert_eq!(taken, 1);
    assert_eq!(events(&kit), ["review.received"]);
}

#[tokio::test]
async fn every_fault_of_a_body_is_named() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (_, booking) = stayed(&kit, &host, &guest).await;
    let api = api(&kit);
    let body = json!({
        "booking_id": "book_x", "rating": 6, "categories": { "value": 0, "check_in": 4.5, "mood": 3 },
        "public_text": " ", "private_text": "x".repeat(2_001), "stars": 5,
    });
    let faults = post(&api, &guest, &body).await.faults();
    let expected = [
        ("/booking_id", "not_found"),
        ("/categories/check_in", "not_an_integer"),
        ("/categories/mood", "unknown_field"),
        ("/categories/value", "out_of_range"),
        ("/private_text", "text_too_long"),
        ("/public_text", "required"),
        ("/rating", "out_of_range"),
        ("/stars", "unknown_field"),
    ];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let others = [(guest.clone(), BookingId::new()), (kit.guest().await, booking), (kit.admin().await, booking)];
    for (person, booking) in others {
        let faults = post(&api, &person, &review(booking, 5)).await.faults();
        assert_eq!(faults, [("/booking_id".to_owned(), "not_found".to_owned())]);
    }
}
