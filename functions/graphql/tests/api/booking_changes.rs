//! Changes of stays as a client of the graph makes them.

use serde_json::{Value, json};
use testkit::{Kit, in_days};

use crate::{CREATE_BOOKING, api, ask, code, data, stay};

fn act(verb: &str) -> String {
    format!(
        "mutation ($input: BookingChangeInput!) {{ {verb}BookingChange(input: $input) {{ change {{ id status }} }} }}"
    )
}

#[tokio::test]
async fn a_change_is_proposed_seen_accepted_and_taken_back() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let made = data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    let id = &made["createBooking"]["booking"]["id"];
    kit.database.batch("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL, confirmed_at = now()").await;
    let see = "query ($id: ID!) { booking(id: $id) { nights change { id status proposedBy checkOut
        difference { amount } expiresAt paymentId price { total { amount } } } } }";
    assert_eq!(data(&api, Some(&guest), see, json!({ "id": id })).await["booking"]["change"], Value::Null);

    let propose = "mutation ($input: ProposeBookingChangeInput!) { proposeBookingChange(input: $input) {
        change { id status difference { amount } guests { adults } } } }";
    let input = json!({ "input": {
        "bookingId": id, "checkIn": in_days(10), "checkOut": in_days(11), "guests": { "adults": 2 },
    } });
    let proposed = data(&api, Some(&guest), propose, input.clone()).await["proposeBookingChange"]["change"].take();
    assert_eq!((&proposed["status"], &proposed["guests"]["adults"]), (&json!("PROPOSED"), &json!(2)));
    assert_eq!(code(&ask(&api, Some(&host), propose, input).await), "change_open");
    let seen = data(&api, Some(&host), see, json!({ "id": id })).await["booking"]["change"].take();
    assert_eq!((&seen["id"], &seen["proposedBy"]), (&proposed["id"], &json!("GUEST")));
    assert_eq!((&seen["difference"], seen["expiresAt"].is_string()), (&proposed["difference"], true));

    let which = json!({ "input": { "bookingId": id } });
    assert_eq!(code(&ask(&api, Some(&guest), &act("accept"), which.clone()).await), "forbidden");
    let applied = data(&api, Some(&host), &act("accept"), which.clone()).await;
    assert_eq!(applied["acceptBookingChange"]["change"]["status"], "APPLIED");
    assert_eq!(data(&api, Some(&guest), see, json!({ "id": id })).await["booking"]["nights"], 1);
    assert_eq!(code(&ask(&api, Some(&guest), &act("withdraw"), which).await), "invalid_state");
}
