//! Webhook events: repeated, shuffled, two at once, strangers'.

use domain::error::ErrorCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::Platform;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_ten_times_in_any_order_and_two_at_once_has_one_effect() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    platform.stripe.pay(&attempt.client_secret, "pm_card_visa_chargeDeclined").await;
    platform.stripe.pay(&attempt.client_secret, crate::VISA).await;
    let mut events = Vec::new();
    for _ in 0..10 {
        events.extend(platform.stripe.events().await);
    }
    // Neither in order nor the same order twice.
    events.sort_by_key(|event| event.len() * 31 % 17);
    events.reverse();
    let mut tasks = JoinSet::new();
    for pair in events.chunks(events.len() / 2 + 1) {
        let (platform, pair) = (platform.clone(), pair.to_vec());
        tasks.spawn(async move {
            for event in pair {
                platform.kit.services.apply_stripe_event(&event).await.expect("applied");
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(platform.events_of("booking.confirmed").await, 1);
    assert_eq!(platform.booking(booking.id).await.timeline.len(), 2);
    platform.check_books().await;
}

/// The worker did everything at the provider and nothing of it is kept: the message comes again.
#[tokio::test]
async fn a_worker_that_dies_before_its_commit_changes_nothing_and_the_next_one_does_it() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    let event = platform.stripe.last_event().await;
    let block = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
                     BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                 CREATE TRIGGER die AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION die();
                 ALTER FUNCTION die() SECURITY DEFINER";
    platform.kit.database.batch(block).await;
    platform.kit.services.apply_stripe_event(&event).await.expect_err("the connection was cut in the transaction");
    assert_eq!(platform.status(booking.id).await, "pending_payment");
    assert_eq!(platform.events_of("booking.confirmed").await, 0);
    platform.kit.database.batch("DROP TRIGGER die ON outbox").await;
    platform.kit.services.apply_stripe_event(&event).await.expect("applied");
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(platform.events_of("booking.confirmed").await, 1);
    platform.check_books().await;
}

#[tokio::test]
async fn an_event_before_our_own_answer_was_kept_is_settled_all_the_same() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.pay_unheard(&booking).await;
    platform.kit.database.batch("UPDATE payments SET intent_id = NULL").await;
    platform.hear().await;
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert!(platform.payment(attempt.id).await.intent_id.is_some());
}

#[tokio::test]
async fn events_of_intents_that_are_not_ours_are_errors_and_end_with_the_dead_letters() {
    let platform = Platform::open().await;
    let stranger = [("amount", "100"), ("currency", "usd")];
    platform.stripe.post("/v1/payment_intents", &stranger).await;
    let of_nobody =
        [("amount", "100"), ("currency", "usd"), ("metadata[payment_id]", "pay_01h455vb4pex5vsknk084sn02q")];
    platform.stripe.post("/v1/payment_intents", &of_nobody).await;
    let missing = json!({ "id": "evt_1", "type": "payment_intent.succeeded",
                          "data": { "object": { "object": "payment_intent", "id": "pi_missing" } } });
    let mut events = platform.stripe.events().await;
    events.push(missing.to_string());
    assert_eq!(events.len(), 3);
    for event in events {
        let error = platform.kit.services.apply_stripe_event(&event).await.expect_err(&event);
        assert_eq!(error.code(), ErrorCode::Internal, "{event}");
    }
}

#[tokio::test]
async fn another_intent_that_claims_to_be_of_our_payment_is_refused() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    let id = attempt.id.to_string();
    let total = booking.price.total.amount.to_string();
    let forged = [
        ("amount", total.as_str()),
        ("currency", "usd"),
        ("metadata[payment_id]", id.as_str()),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
    ];
    platform.stripe.post("/v1/payment_intents", &forged).await;
    let event = platform.stripe.last_event().await;
    platform.kit.services.apply_stripe_event(&event).await.expect_err("a second intent of one payment");
    assert_eq!(platform.status(booking.id).await, "pending_payment");
}

#[tokio::test]
async fn events_about_no_payment_are_taken_and_garbage_is_not() {
    let platform = Platform::open().await;
    let balance = json!({ "id": "evt_1", "type": "balance.available", "data": { "object": { "object": "balance" } } });
    platform.kit.services.apply_stripe_event(&balance.to_string()).await.expect("nothing to do");
    for garbage in ["", "null", "[]", "{}", "\u{0}", r#"{"id": "evt_1", "type": "x", "data": {}}"#] {
        let error = platform.kit.services.apply_stripe_event(garbage).await.expect_err(garbage);
        assert_eq!(error.code(), ErrorCode::Internal, "{garbage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_event_the_reconciler_settles_and_twice_at_once_is_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let mut bookings = Vec::new();
    for n in 0..5 {
        let booking = platform.book(&property, (10 + 2 * n, 12 + 2 * n)).await;
        platform.pay_unheard(&booking).await;
        bookings.push(booking.id);
    }
    platform.wait_for_reconciler().await;
    let (one, other) =
        tokio::join!(platform.kit.services.reconcile_payments(), platform.kit.services.reconcile_payments());
    assert_eq!(one.expect("reconciled") + other.expect("reconciled"), 5, "each was asked about once");
    for id in bookings {
        assert_eq!(platform.status(id).await, "confirmed");
    }
    assert_eq!(platform.events_of("booking.confirmed").await, 5);
    platform.check_books().await;
}
