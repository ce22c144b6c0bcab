//! The same input with the same key has one effect and one answer.

use serde_json::{Value, json};
use testkit::{Kit, in_days};

use crate::{CREATE_BOOKING, api, ask, code, stay};

const CANCEL_ALL: &str = "UPDATE bookings SET status = 'cancelled', cancelled_by = 'system', hold_expires_at = NULL";

#[tokio::test]
async fn a_replay_gives_the_first_object() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let body = json!({ "query": CREATE_BOOKING, "variables": stay(property.id, (10, 12), "one") });
    let first = api.post("/graphql", Some(&guest.token), &body).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let first = first.of_status(200);
    assert_eq!(first["data"]["createBooking"]["booking"]["status"], "PENDING_PAYMENT", "{first}");
    kit.database.execute(CANCEL_ALL, &[]).await;
    let again = api.post("/graphql", Some(&guest.token), &body).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.of_status(200), first);
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM bookings", &[]).await, 1);
}

#[tokio::test]
async fn a_key_is_good_for_one_input_of_one_mutation() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let made = ask(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "one")).await;
    let other_dates = ask(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (20, 22), "one")).await;
    assert_eq!(code(&other_dates), "idempotency_key_reused");
    let cancel = "mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { booking { id } } }";
    let id = &made["data"]["createBooking"]["booking"]["id"];
    let input = json!({ "input": { "bookingId": id, "idempotencyKey": "one" } });
    assert_eq!(code(&ask(&api, Some(&guest), cancel, input).await), "idempotency_key_reused");
}

#[tokio::test]
async fn a_conflict_of_business_is_replayed() {
    let kit = Kit::start().await;
    let (api, guest, other, property) = (api(&kit), kit.guest().await, kit.guest().await, kit.listed_property().await);
    ask(&api, Some(&other), CREATE_BOOKING, stay(property.id, (10, 12), "theirs")).await;
    let refused = ask(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "one")).await;
    assert_eq!(code(&refused), "dates_unavailable");
    kit.database.execute(CANCEL_ALL, &[]).await;
    let again = ask(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "one")).await;
    assert_eq!(code(&again), "dates_unavailable");
    assert_eq!(again["errors"][0]["message"], refused["errors"][0]["message"]);
}

#[tokio::test]
async fn what_moves_money_needs_a_key() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let pay = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } } }";
    let refund = "mutation ($input: RefundPaymentInput!) { refundPayment(input: $input) { refund { id } } }";
    let stay = json!({ "propertyId": property.id, "checkIn": in_days(10), "checkOut": in_days(12), "guests": { "adults": 1 } });
    let booking = json!({ "bookingId": domain::id::BookingId::new() });
    let payment = json!({ "paymentId": domain::id::PaymentId::new(), "reason": "sorry" });
    for (mutation, input) in [(CREATE_BOOKING, stay), (pay, booking), (refund, payment)] {
        let with_key = |key: Value| {
            let mut input = input.clone();
            input["idempotencyKey"] = key;
            json!({ "input": input })
        };
        for (key, expected) in [
            (Value::Null, "idempotency_key_missing"),
            (json!(""), "idempotency_key_invalid"),
            (json!("x".repeat(256)), "idempotency_key_invalid"),
        ] {
            assert_eq!(code(&ask(&api, Some(&guest), mutation, with_key(key)).await), expected);
        }
    }
}
