//! Taking reviews out of sight.

use domain::id::{BookingId, ReviewId};
use serde_json::{Value, json};
use testkit::Kit;

use crate::{act, api, ids};

/// A guest's review of a listed property, published and counted.
async fn reviewed(kit: &Kit, stars: i16) -> (domain::id::PropertyId, testkit::Person, ReviewId) {
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let booking = BookingId::new().uuid();
    let sql =
        "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                   children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                   instant_book, timeline)
               VALUES ($1, $2, $3, $4, 'completed', '2026-01-01', '2026-01-02', '2026-01-02', 1, 0, 0, 0, '{}', 'USD',
                   1, 1, 'flexible', true, '[]')";
    kit.database.execute(sql, &[&booking, &property.id.uuid(), &guest.id.uuid(), &property.host_id.uuid()]).await;
    let id = ReviewId::new();
    let sql =
        "INSERT INTO reviews (id, booking_id, property_id, author_role, author_id, subject_id, rating, public_text,
                   closes_at, published_at)
               VALUES ($1, $2, $3, 'guest', $4, $5, $6, 'Rude words.', app_now(), app_now())";
    let (place, author, host) = (property.id.uuid(), guest.id.uuid(), property.host_id.uuid());
    kit.database.execute(sql, &[&id.uuid(), &booking, &place, &author, &host, &stars]).await;
    let sql = "UPDATE properties SET rating_count = 1, rating_sum = $2 WHERE id = $1";
    kit.database.execute(sql, &[&property.id.uuid(), &i32::from(stars)]).await;
    (property.id, guest, id)
}

#[tokio::test]
async fn a_hidden_review_is_neither_shown_nor_counted_until_it_is_restored() {
    let kit = Kit::start().await;
    let (api, admin) = (api(&kit), kit.admin().await);
    let (property, author, id) = reviewed(&kit, 2).await;
    let (list, one) = (format!("/v1/properties/{property}/reviews"), format!("/v1/reviews/{id}"));
    let rating = async || api.get(&list, None).await.of_status(200)["rating"]["count"].clone();
    assert_eq!(rating().await, 1);

    let hidden = act(&api, &admin, &format!("reviews/{id}/hide")).await.of_status(200);
    assert_eq!((hidden["hidden_at"].is_string(), &hidden["reports"]), (true, &json!(0)));
    assert_eq!(rating().await, 0);
    assert_eq!(api.get(&list, None).await.of_status(200)["data"], json!([]));
    api.get(&one, None).await.problem(404, "not_found");
    api.get(&one, Some(&author.token)).await.of_status(200);
    assert_eq!(ids(&api, &admin, "/v1/admin/reviews?hidden=true").await, [id.to_string()]);
    act(&api, &admin, &format!("reviews/{id}/hide")).await.problem(409, "invalid_state");

    let shown = act(&api, &admin, &format!("reviews/{id}/restore")).await.of_status(200);
    assert_eq!(shown["hidden_at"], Value::Null);
    assert_eq!(rating().await, 1);
    api.get(&one, None).await.of_status(200);
    act(&api, &admin, &format!("reviews/{id}/restore")).await.problem(409, "invalid_state");
}

#[tokio::test]
async fn a_review_hidden_before_it_is_published_is_counted_when_it_is_restored() {
    let kit = Kit::start().await;
    let (api, admin) = (api(&kit), kit.admin().await);
    let (property, _, id) = reviewed(&kit, 4).await;
    let unpublished = "UPDATE reviews SET published_at = NULL WHERE id = $1";
    kit.database.execute(unpublished, &[&id.uuid()]).await;
    kit.database.execute("UPDATE properties SET rating_count = 0, rating_sum = 0", &[]).await;
    act(&api, &admin, &format!("reviews/{id}/hide")).await.of_status(200);
    let report = kit.services.run_maintenance().await;
    assert_eq!(report.published_reviews, 1);
    let sum = async || -> i32 {
        kit.database.value("SELECT rating_sum FROM properties WHERE id = $1", &[&property.uuid()]).await
    };
    assert_eq!(sum().await, 0);
    act(&api, &admin, &format!("reviews/{id}/restore")).await.of_status(200);
    assert_eq!(sum().await, 4);
}
