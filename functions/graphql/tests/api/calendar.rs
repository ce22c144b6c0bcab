//! The calendar of a property, and changing it: the same days and refusals as REST.

use serde_json::json;
use testkit::{Kit, in_days};

use crate::{CREATE_BOOKING, api, ask, code, data, stay};

const UPDATE: &str = "mutation ($input: UpdateCalendarInput!) {
    updateCalendar(input: $input) { days { date available reason price { amount } minNights note } }
}";

#[tokio::test]
async fn a_host_changes_the_calendar_and_others_see_what_they_may() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let id = kit.listing_of(&host, |_| {}).await.id;
    let span = |change: serde_json::Value| {
        let mut days = json!({ "from": in_days(10), "to": in_days(11) });
        days.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        json!({ "input": { "propertyId": id, "days": [days] } })
    };
    let all = span(
        json!({ "available": false, "minNights": 3, "note": "Fair", "price": { "amount": 7, "currency": "USD" } }),
    );
    let day = json!({ "date": in_days(10), "available": false, "reason": "BLOCKED", "price": { "amount": 7 }, "minNights": 3,
        "note": "Fair" });
    assert_eq!(data(&api, Some(&host), UPDATE, all).await["updateCalendar"]["days"], json!([day]));
    let query = "query ($id: ID!, $from: Date, $to: Date) { property(id: $id) { calendar(from: $from, to: $to) {
        date available reason price { amount } minNights note bookingId feedId } } }";
    let span_asked = json!({ "id": id, "from": in_days(10), "to": in_days(11) });
    let seen = data(&api, Some(&guest), query, span_asked.clone()).await;
    let shown = &seen["property"]["calendar"][0];
    assert_eq!((&shown["reason"], &shown["note"]), (&json!("BLOCKED"), &json!(null)));

    let cleared = span(json!({ "price": null, "minNights": null, "note": null, "available": true }));
    let days = data(&api, Some(&host), UPDATE, cleared).await["updateCalendar"]["days"].take();
    assert_eq!((&days[0]["price"]["amount"], &days[0]["note"]), (&json!(10_000), &json!(null)), "null goes back");

    data(&api, Some(&guest), CREATE_BOOKING, stay(id, (10, 12), "k")).await;
    let refused = ask(&api, Some(&host), UPDATE, span(json!({ "available": false }))).await;
    assert_eq!(code(&refused), "night_booked");
    assert_eq!(refused["errors"][0]["extensions"]["dates"], json!([in_days(10)]));
    let refused = ask(&api, Some(&guest), UPDATE, span(json!({}))).await;
    assert_eq!(code(&refused), "forbidden");
    let reversed = json!({ "id": id, "from": in_days(10), "to": in_days(10) });
    assert_eq!(code(&ask(&api, None, query, reversed).await), "validation_failed");
}
