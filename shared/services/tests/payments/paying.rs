//! Paying for a stay that is booked at once.

use domain::error::ErrorCode;
use jiff::SignedDuration;
use tokio::task::JoinSet;

use crate::{Platform, VISA};

#[tokio::test]
async fn paid_at_once_is_confirmed_once_and_told_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 13)).await;
    assert_eq!(booking.status.as_str(), "confirmed");
    assert_eq!((booking.payment_id, booking.hold_expires_at), (Some(payment.id), None));
    assert_eq!((payment.status.as_str(), payment.captured_minor), ("succeeded", booking.price.total.amount));
    assert_eq!(platform.events_of("booking.confirmed").await, 1);
    let steps: Vec<&str> = booking.timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(steps, ["created", "paid"]);
    platform.check_books().await;
}

#[tokio::test]
async fn asked_again_while_one_is_open_is_the_same_attempt() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let (first, second) = (platform.attempt(&booking).await, platform.attempt(&booking).await);
    assert_eq!((first.created, second.created), (true, false));
    assert_eq!((first.id, &first.client_secret), (second.id, &second.client_secret));
    assert_eq!(platform.stripe.intents().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_payments_of_one_booking_are_impossible_however_many_ask_at_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let mut tasks = JoinSet::new();
    for _ in 0..12 {
        let (platform, booking) = (platform.clone(), booking.clone());
        tasks.spawn(async move { platform.try_attempt(&booking).await.map_err(|error| error.code()) });
    }
    let mut attempts = Vec::new();
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(attempt) => attempts.push(attempt),
            // The provider was still busy with the same key.
            Err(code) => assert_eq!(code, ErrorCode::Unavailable),
        }
    }
    assert!(attempts.iter().all(|attempt| attempt.id == attempts[0].id));
    assert!(attempts.iter().filter(|attempt| attempt.created).count() <= 1);
    assert_eq!(platform.stripe.intents().await.len(), 1);
    // Paid, whether heard of or not: nothing more is asked for.
    let (status, _) = platform.stripe.pay(&attempts[0].client_secret, VISA).await;
    assert_eq!(status, 200);
    assert_eq!(platform.attempt(&booking).await.id, attempts[0].id);
    platform.hear().await;
    let error = platform.try_attempt(&booking).await.err().expect("nothing is due");
    assert_eq!((error.code(), &error.extra()["state"]), (ErrorCode::InvalidState, &"confirmed".into()));
    assert_eq!(platform.stripe.intents().await.len(), 1);
    platform.check_books().await;
}

#[tokio::test]
async fn a_refused_card_is_told_once_and_another_may_be_tried() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    let (status, _) = platform.stripe.pay(&attempt.client_secret, "pm_card_visa_chargeDeclined").await;
    assert_eq!(status, 402);
    for _ in 0..3 {
        platform.hear().await;
    }
    assert_eq!(platform.events_of("payment.failed").await, 1);
    assert_eq!(platform.status(booking.id).await, "pending_payment");
    // Another refusal is other news.
    let (status, _) = platform.stripe.pay(&attempt.client_secret, "pm_card_visa_chargeDeclined").await;
    assert_eq!(status, 402);
    platform.hear().await;
    platform.hear().await;
    assert_eq!(platform.events_of("payment.failed").await, 2);
    let (status, _) = platform.stripe.pay(&attempt.client_secret, VISA).await;
    assert_eq!(status, 200);
    platform.hear().await;
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(platform.events_of("payment.failed").await, 2);
    platform.check_books().await;
}

#[tokio::test]
async fn nothing_is_paid_for_a_hold_that_ran_out_unswept() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.kit.database.advance(SignedDuration::from_mins(15)).await;
    let error = platform.try_attempt(&booking).await.err().expect("the hold is over");
    assert_eq!((error.code(), &error.extra()["state"]), (ErrorCode::InvalidState, &"expired".into()));
    assert!(platform.stripe.intents().await.is_empty());
}

#[tokio::test]
async fn one_pass_of_the_scheduler_cancels_the_intent_of_a_hold_that_ran_out() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    platform.kit.database.advance(SignedDuration::from_mins(14)).await;
    platform.kit.services.run_maintenance().await;
    assert_eq!(platform.stripe.intents().await[0]["status"], "requires_payment_method");
    platform.kit.database.advance(SignedDuration::from_mins(1)).await;
    let report = platform.kit.services.run_maintenance().await;
    assert_eq!((report.expired_holds, report.failed_steps), (1, vec![]));
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    let (status, _) = platform.stripe.pay(&attempt.client_secret, VISA).await;
    assert_eq!(status, 400, "nobody can pay it any more");
    platform.check_books().await;
}

#[tokio::test]
async fn a_total_that_the_provider_does_not_take_is_a_conflict_and_no_accident() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.base_price_minor = Some(10)).await;
    let booking = platform.book(&property, (10, 11)).await;
    for _ in 0..2 {
        let error = platform.try_attempt(&booking).await.err().expect("too little");
        assert_eq!(error.code(), ErrorCode::InvalidState);
    }
    platform.kit.database.advance(SignedDuration::from_mins(15)).await;
    let report = platform.kit.services.run_maintenance().await;
    assert_eq!(report.failed_steps, Vec::<&str>::new());
    platform.check_books().await;
}
