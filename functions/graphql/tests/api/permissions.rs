//! What is not yours to see is null.

use serde_json::json;
use testkit::Kit;

use crate::{CREATE_BOOKING, api, ask, code, data, stay};

#[tokio::test]
async fn anothers_booking_is_null() {
    let kit = Kit::start().await;
    let (api, host, guest, other) = (api(&kit), kit.host().await, kit.guest().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let made = data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    let id = &made["createBooking"]["booking"]["id"];
    let query = "query ($id: ID!) { booking(id: $id) { id guest { id } } node(id: $id) { id __typename } }";
    for (person, is_shown) in [(&guest, true), (&host, true), (&other, false)] {
        let seen = data(&api, Some(person), query, json!({ "id": id })).await;
        assert_eq!(seen["booking"].is_object(), is_shown);
        assert_eq!(seen["node"].is_object(), is_shown);
    }
    let bookings = "{ bookings(role: HOST) { nodes { id } } }";
    assert_eq!(data(&api, Some(&host), bookings, json!({})).await["bookings"]["nodes"][0]["id"], *id);
    assert_eq!(data(&api, Some(&other), bookings, json!({})).await["bookings"]["nodes"], json!([]));
    let stranger = ask(&api, None, "query ($id: ID!) { booking(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!((code(&stranger), &stranger["data"]["booking"]), ("unauthenticated", &json!(null)));
}

#[tokio::test]
async fn a_draft_is_its_hosts_alone() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let draft = kit.draft(&host, |_| {}).await;
    let query = "query ($id: ID!) { property(id: $id) { id status } node(id: $id) { id } reviews(propertyId: $id) { nodes { id } } }";
    let own = data(&api, Some(&host), query, json!({ "id": draft.id })).await;
    assert_eq!(own["property"], json!({ "id": draft.id, "status": "DRAFT" }));
    for other in [Some(&guest), None] {
        let seen = data(&api, other, query, json!({ "id": draft.id })).await;
        assert_eq!(seen, json!({ "property": null, "node": null, "reviews": null }));
    }
}

#[tokio::test]
async fn the_exact_place_is_shown_to_the_host_alone() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let query = "query ($id: ID!) { property(id: $id) { location { exact street postalCode latitude } } }";
    let own = data(&api, Some(&host), query, json!({ "id": property.id })).await;
    let exact = json!({ "exact": true, "street": "1 Quai du Louvre", "postalCode": "75001", "latitude": 48.8566 });
    assert_eq!(own["property"]["location"], exact);
    for other in [Some(&guest), None] {
        let seen = data(&api, other, query, json!({ "id": property.id })).await;
        let location = &seen["property"]["location"];
        assert_eq!(
            (&location["exact"], &location["street"], &location["postalCode"]),
            (&json!(false), &json!(null), &json!(null))
        );
        assert_ne!(location["latitude"], json!(48.8566));
    }
}

#[tokio::test]
async fn nodes_are_found_by_the_kind_of_their_id() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let query =
        "query ($id: ID!) { node(id: $id) { __typename id ... on User { firstName } ... on Property { title } } }";
    for (id, node) in [
        (host.id.to_string(), json!({ "__typename": "User", "id": host.id, "firstName": "Ada" })),
        (
            property.id.to_string(),
            json!({ "__typename": "Property", "id": property.id, "title": "A flat by the river" }),
        ),
        ("prop_nonsense".to_owned(), json!(null)),
        ("nothing".to_owned(), json!(null)),
        ("sess_01h455vb4pex5vsknk084sn02q".to_owned(), json!(null)),
    ] {
        assert_eq!(data(&api, None, query, json!({ "id": id })).await["node"], node, "{id}");
    }
}

#[tokio::test]
async fn the_address_of_the_calendar_is_the_hosts_alone() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let id = kit.listing_of(&host, |_| {}).await.id;
    let query = "query ($id: ID!) { property(id: $id) { calendarExport { url } } }";
    let own = data(&api, Some(&host), query, json!({ "id": id })).await["property"].take();
    let url = own["calendarExport"]["url"].as_str().expect("an address").to_owned();
    assert!(url.contains(&format!("/v1/properties/{id}/calendar.ics?token=")), "{url}");
    for other in [Some(&guest), None] {
        let seen = data(&api, other, query, json!({ "id": id })).await;
        assert_eq!(seen["property"], json!({ "calendarExport": null }));
    }
    let rotate = "mutation ($input: RotateCalendarExportInput!) { rotateCalendarExport(input: $input) { calendarExport { url } } }";
    let input = json!({ "input": { "propertyId": id, "idempotencyKey": "k" } });
    let refused = ask(&api, Some(&guest), rotate, input.clone()).await;
    assert_eq!(code(&refused), "forbidden");
    let rotated = data(&api, Some(&host), rotate, input.clone()).await;
    assert_ne!(rotated["rotateCalendarExport"]["calendarExport"]["url"], url);
    assert_eq!(data(&api, Some(&host), rotate, input).await, rotated, "the same key, the same address");
    assert_eq!(data(&api, Some(&host), query, json!({ "id": id })).await["property"], rotated["rotateCalendarExport"]);
}

#[tokio::test]
async fn calendar_feeds_are_their_hosts_alone() {
    let site = testkit::CalendarSite::start().await;
    let kit = Kit::with(|services| site.trust(services)).await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let id = kit.listing_of(&host, |_| {}).await.id;
    site.serve_stays("/a.ics", &[]);
    let create = "mutation ($input: CreateFeedInput!) { createFeed(input: $input) { feed { id name stays lastError { code } } } }";
    let input = json!({ "input": { "propertyId": id, "url": site.url("/a.ics"), "name": "Another site" } });
    assert_eq!(code(&ask(&api, Some(&guest), create, input.clone()).await), "forbidden");
    let made = data(&api, Some(&host), create, input).await["createFeed"]["feed"].take();
    assert_eq!((&made["name"], &made["stays"], &made["lastError"]), (&json!("Another site"), &json!(0), &json!(null)));
    let query = "query ($id: ID!) { property(id: $id) { feeds { id refreshedAt conflicts { bookingId } } } }";
    let own = data(&api, Some(&host), query, json!({ "id": id })).await["property"].take();
    assert_eq!((&own["feeds"][0]["id"], own["feeds"][0]["refreshedAt"].is_string()), (&made["id"], true));
    for other in [Some(&guest), None] {
        assert_eq!(data(&api, other, query, json!({ "id": id })).await["property"], json!({ "feeds": null }));
    }
    let delete = "mutation ($input: DeleteFeedInput!) { deleteFeed(input: $input) { feedId } }";
    let input = json!({ "input": { "propertyId": id, "feedId": made["id"] } });
    assert_eq!(code(&ask(&api, Some(&guest), delete, input.clone()).await), "forbidden");
    assert_eq!(data(&api, Some(&host), delete, input.clone()).await["deleteFeed"]["feedId"], made["id"]);
    assert_eq!(code(&ask(&api, Some(&host), delete, input).await), "not_found");
}
