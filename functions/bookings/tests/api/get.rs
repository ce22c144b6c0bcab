//! `GET /v1/bookings/{id}`.

use testkit::Kit;

use crate::{api, book, stay};

#[tokio::test]
async fn guest_host_and_admin_see_a_booking_and_nobody_else_does() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let booking = book(&api, &guest, &stay(property.id, (10, 12))).await.of_status(201);
    let path = format!("/v1/bookings/{}", booking["id"].as_str().expect("an id"));
    for person in [&guest, &host, &kit.admin().await] {
        assert_eq!(api.get(&path, Some(&person.token)).await.of_status(200)["id"], booking["id"]);
    }
    api.get(&path, Some(&kit.guest().await.token)).await.problem(404, "not_found");
    api.get(&path, None).await.problem(401, "unauthenticated");
    let other = domain::id::BookingId::new().to_string();
    for id in [other.as_str(), &property.id.to_string(), "x"] {
        api.get(&format!("/v1/bookings/{id}"), Some(&guest.token)).await.problem(404, "not_found");
    }
}
