//! What admins find, and by what.

use serde_json::json;
use testkit::{Kit, in_days};

use crate::{act, api, ids};

#[tokio::test]
async fn users_are_found_by_address_name_role_and_state() {
    let kit = Kit::start().await;
    let (api, admin, one, other) = (api(&kit), kit.admin().await, kit.person().await, kit.unverified().await);
    act(&api, &admin, &format!("users/{}/suspend", one.id)).await.of_status(200);
    let find = async |query: String| ids(&api, &admin, &format!("/v1/admin/users?{query}")).await;
    assert_eq!(find(format!("email={}", one.email.to_uppercase())).await, [one.id.to_string()]);
    assert_eq!(find(format!("q={}", &one.email[20..])).await, [one.id.to_string()]);
    assert_eq!(find("q=ada+love".into()).await.len(), 3);
    assert_eq!(find("q=a%25a".into()).await.len(), 0);
    assert_eq!(find("status=suspended".into()).await, [one.id.to_string()]);
    assert_eq!(find("role=admin".into()).await, [admin.id.to_string()]);
    assert_eq!(find("email_verified=false".into()).await, [other.id.to_string()]);
    assert_eq!(find("created_from=2126-01-01T00:00:00Z".into()).await.len(), 0);
    assert_eq!(find("created_to=2126-01-01T00:00:00Z".into()).await.len(), 3);
}

#[tokio::test]
async fn lists_go_on_by_link_and_their_cursors_are_theirs_alone() {
    let kit = Kit::start().await;
    let (api, admin) = (api(&kit), kit.admin().await);
    kit.person().await;
    let first = api.get("/v1/admin/users?limit=1", Some(&admin.token)).await;
    let cursor = first.of_status(200)["next_cursor"].as_str().expect("a cursor").to_owned();
    assert!(first.header("link").contains(&cursor), "{}", first.header("link"));
    let next = format!("/v1/admin/users?limit=1&cursor={cursor}");
    assert_eq!(ids(&api, &admin, &next).await, [admin.id.to_string()]);
    let elsewhere = format!("/v1/admin/users?role=user&cursor={cursor}");
    api.get(&elsewhere, Some(&admin.token)).await.problem(422, "invalid_cursor");
    api.get("/v1/admin/users?colour=red", Some(&admin.token)).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn properties_bookings_and_payments_are_found_by_whose_they_are() {
    let kit = Kit::start().await;
    let (api, admin, guest) = (api(&kit), kit.admin().await, kit.guest().await);
    let property = kit.listed_property().await;
    kit.listed_property().await;
    let find = async |path: String| ids(&api, &admin, &format!("/v1/admin/{path}")).await;
    let own = property.id.to_string();
    assert_eq!(find(format!("properties?host_id={}", property.host_id)).await, std::slice::from_ref(&own));
    assert_eq!(find("properties?status=listed&country=FR&q=pari".into()).await.len(), 2);
    let body = json!({
        "property_id": own, "check_in": in_days(20), "check_out": in_days(22), "guests": { "adults": 1 },
    });
    let booked = api.post_keyed("/v1/bookings", Some(&guest.token), "k", &body).await.of_status(201)["id"].clone();
    let booked = booked.as_str().expect("an id");
    for filter in [
        format!("guest_id={}", guest.id),
        format!("host_id={}&status=pending_payment", property.host_id),
        format!("property_id={own}&from={}&to={}", in_days(19), in_days(30)),
    ] {
        assert_eq!(find(format!("bookings?{filter}")).await, [booked.to_owned()], "{filter}");
    }
    assert_eq!(find(format!("bookings?host_id={}", guest.id)).await.len(), 0);
    let made = "INSERT INTO payments (id, booking_id, payer_id, manual_capture, amount_minor, currency, disputed)
                SELECT uuid_v7(), id, guest_id, false, 100, 'USD', true FROM bookings";
    kit.database.execute(made, &[]).await;
    assert_eq!(find(format!("payments?payer_id={}&disputed=true", guest.id)).await.len(), 1);
    assert_eq!(find(format!("payments?booking_id={booked}&quarantined=true")).await.len(), 0);
    assert_eq!(find("payments?status=requires_payment_method".into()).await.len(), 1);
}
