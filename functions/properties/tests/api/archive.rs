//! `DELETE /v1/properties/{id}`.

use axum::http::Method;
use domain::id::PropertyId;
use serde_json::{Value, json};
use testkit::{Kit, Person, in_days};

use crate::api;

/// A booking of this state, in days from today.
async fn booked(kit: &Kit, property_id: PropertyId, guest: &Person, status: &str, (from, to): (i32, i32)) {
    kit.database
        .execute(
            "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                 children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                 instant_book, hold_expires_at, timeline)
             SELECT $1, id, $3, host_id, $4, $5, $6, $6, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
                 CASE WHEN $4 LIKE 'pending%' THEN now() + interval '1 hour' END, '[]'
             FROM properties WHERE id = $2",
            &[
                &domain::id::BookingId::new().uuid(),
                &property_id.uuid(),
                &guest.id.uuid(),
                &status,
                &in_days(from),
                &in_days(to),
            ],
        )
        .await;
}

#[tokio::test]
async fn a_deleted_property_is_gone_for_everybody_and_its_row_stays() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    booked(&kit, property.id, &guest, "completed", (-9, -5)).await;
    let path = format!("/v1/properties/{}", property.id);
    let gone = api.call(Method::DELETE, &path, Some(&host.token), &Value::Null).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    for token in [None, Some(host.token.as_str()), Some(guest.token.as_str())] {
        api.get(&path, token).await.problem(404, "not_found");
    }
    api.call(Method::DELETE, &path, Some(&host.token), &Value::Null).await.problem(404, "not_found");
    api.call(Method::PATCH, &path, Some(&host.token), &json!({ "title": "x" })).await.problem(404, "not_found");
    api.post(&format!("{path}/list"), Some(&host.token), &Value::Null).await.problem(404, "not_found");
    assert_eq!(api.get("/v1/properties", None).await.of_status(200)["data"], json!([]));
}

#[tokio::test]
async fn bookings_to_come_keep_a_property() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    for (status, dates) in
        [("pending_payment", (5, 9)), ("pending_host", (5, 9)), ("confirmed", (5, 9)), ("confirmed", (-2, 2))]
    {
        let property = kit.listing_of(&host, |_| {}).await;
        booked(&kit, property.id, &guest, status, dates).await;
        let path = format!("/v1/properties/{}", property.id);
        let delete = async || api.call(Method::DELETE, &path, Some(&host.token), &Value::Null).await;
        delete().await.problem(409, "bookings_to_come");
        assert_eq!(api.get(&path, None).await.of_status(200)["status"], "listed");
        let ends = match status {
            "confirmed" => "UPDATE bookings SET check_in = check_in - 20, check_out = check_out - 20",
            _ => "UPDATE bookings SET hold_expires_at = now() - interval '1 second'",
        };
        kit.database.batch(ends).await;
        assert_eq!(delete().await.status, 204, "{status} {dates:?}");
        kit.database.batch("DELETE FROM bookings").await;
    }
}

#[tokio::test]
async fn only_its_host_deletes_a_property_and_the_one_that_was_seen() {
    let kit = Kit::start().await;
    let (api, host, other) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let path = format!("/v1/properties/{}", property.id);
    api.call(Method::DELETE, &path, None, &Value::Null).await.problem(401, "unauthenticated");
    api.call(Method::DELETE, &path, Some(&other.token), &Value::Null).await.problem(403, "forbidden");
    let tag = api.get(&path, Some(&host.token)).await.header("etag").to_owned();
    let bearer = format!("Bearer {}", host.token);
    let delete = async |tag: &str| {
        api.send(Method::DELETE, &path, &[("authorization", bearer.as_str()), ("if-match", tag)], "").await
    };
    delete("\"another\"").await.problem(412, "precondition_failed");
    assert_eq!(delete(&tag).await.status, 204);
}
