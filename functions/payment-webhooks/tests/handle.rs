//! The worker with messages as the queue delivers them.

use domain::error::ErrorCode;
use runtime::Message;
use serde_json::json;
use testkit::Kit;

fn message(body: &str, receive_count: u32) -> Message {
    Message { id: "m-1".to_owned(), body: body.to_owned(), receive_count }
}

#[tokio::test]
async fn what_can_not_be_worked_off_goes_back_to_the_queue_and_on_to_the_dead_letters() {
    let (kit, stripe) = Kit::with_stripe().await;
    stripe.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await;
    for body in ["", "garbage", "{}", stripe.last_event().await.as_str()] {
        for receive_count in 1..=2 {
            let failed = payment_webhooks::handle(&kit.services, message(body, receive_count)).await;
            assert_eq!(failed.expect_err(body).code(), ErrorCode::Internal, "{body}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_down_sends_the_message_back() {
    let (kit, stripe) = Kit::with_stripe().await;
    stripe.post("/v1/payment_intents", &[("amount", "100"), ("currency", "usd")]).await;
    let event = stripe.last_event().await;
    stripe.fault("http_500", 2, "/v1/payment_intents").await;
    let failed = payment_webhooks::handle(&kit.services, message(&event, 1)).await;
    assert_eq!(failed.expect_err("down").code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn an_event_about_no_payment_is_worked_off() {
    let (kit, _stripe) = Kit::with_stripe().await;
    let event =
        json!({ "id": "evt_1", "type": "payout.paid", "data": { "object": { "object": "payout", "id": "po_1" } } });
    payment_webhooks::handle(&kit.services, message(&event.to_string(), 1)).await.expect("nothing to do");
}
