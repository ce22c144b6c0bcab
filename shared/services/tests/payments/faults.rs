//! A provider that does the work and never says so, fails, or hangs up: a retry charges once, the reconciler ends it.

use domain::error::ErrorCode;
use jiff::SignedDuration;
use services::cancellations::cancel;
use services::host_answers::accept;

use crate::{Platform, VISA};

/// Twice each: as often as one call is tried.
const FAULTS: [&str; 3] = ["timeout_after", "http_500", "reset"];

/// The provider's own failures that it repeats under the same name for a day: once the work was done, and without it.
const KEPT: [&str; 2] = ["http_500_after", "http_500_kept"];

#[tokio::test]
async fn one_fault_while_an_intent_is_made_is_not_noticed() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for (n, fault) in (0..).zip(FAULTS) {
        let booking = platform.book(&property, (10 + 2 * n, 12 + 2 * n)).await;
        platform.stripe.fault(fault, 1, "/v1/payment_intents").await;
        platform.attempt(&booking).await;
        assert_eq!(platform.stripe.intents().await.len(), n as usize + 1, "{fault}");
    }
}

#[tokio::test]
async fn an_intent_whose_making_is_not_known_is_made_once_and_charged_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for (n, fault) in (0..).zip(FAULTS) {
        let booking = platform.book(&property, (10 + 2 * n, 12 + 2 * n)).await;
        platform.stripe.fault(fault, 2, "/v1/payment_intents").await;
        let error = platform.try_attempt(&booking).await.err().expect("not known");
        assert_eq!(error.code(), ErrorCode::Unavailable, "{fault}");
        assert_eq!(platform.status(booking.id).await, "pending_payment", "an unknown outcome is never a failure");
        let attempt = platform.attempt(&booking).await;
        assert_eq!(platform.stripe.intents().await.len(), n as usize + 1, "{fault}");
        platform.stripe.pay(&attempt.client_secret, VISA).await;
        platform.hear().await;
        assert_eq!(platform.status(booking.id).await, "confirmed");
    }
    platform.check_books().await;
}

#[tokio::test]
async fn a_capture_that_is_not_known_happens_once_and_the_reconciler_confirms() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.instant_book = false).await;
    let (services, actor) = (&platform.kit.services, &platform.host.actor);
    for (n, fault) in (0..).zip(FAULTS.into_iter().chain(KEPT)) {
        let booking = platform.book(&property, (10 + 2 * n, 12 + 2 * n)).await;
        platform.pay_unheard(&booking).await;
        platform.hear().await;
        platform.stripe.fault(fault, if KEPT.contains(&fault) { 1 } else { 2 }, "/capture").await;
        let id = booking.id;
        services.write("test.accept", |tx| async move { accept(&tx, actor, id).await }).await.expect("accepted");
        services.carry_out_for(id).await;
        assert_eq!(platform.status(id).await, "pending_host", "{fault}: nobody knows yet");
        platform.reconcile().await;
        assert_eq!(platform.status(id).await, "confirmed", "{fault}");
        platform.reconcile().await;
    }
    assert_eq!(platform.events_of("booking.confirmed").await, 5);
    platform.check_books().await;
}

#[tokio::test]
async fn a_refund_that_is_not_known_happens_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (services, actor) = (&platform.kit.services, &platform.guest.actor);
    let mut expected = 0;
    for (n, fault) in (0..).zip(FAULTS) {
        let (booking, _) = platform.paid(&property, (10 + 2 * n, 12 + 2 * n)).await;
        platform.stripe.fault(fault, 2, "/v1/refunds").await;
        let id = booking.id;
        let cancelled = services.write("test.cancel", |tx| async move { cancel(&tx, actor, id, None).await }).await;
        assert_eq!(cancelled.expect("cancelled").status.as_str(), "cancelled");
        services.carry_out_for(id).await;
        assert_eq!(platform.refunds().await, (expected, n.into()), "{fault}: nobody knows yet");
        expected += booking.price.total.amount;
        platform.reconcile().await;
        platform.reconcile().await;
        assert_eq!(platform.refunds().await, (expected, i64::from(n) + 1), "{fault}");
        assert_eq!(platform.stripe.refunds().await.len(), n as usize + 1, "{fault}");
    }
    assert_eq!(platform.events_of("payment.refunded").await, 3);
    assert_eq!(platform.stripe.balance().await, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn a_refund_that_was_made_though_the_provider_failed_after_it_is_found() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let (services, actor, id) = (&platform.kit.services, &platform.guest.actor, booking.id);
    platform.stripe.fault("http_500_after", 1, "/v1/refunds").await;
    services.write("test.cancel", |tx| async move { cancel(&tx, actor, id, None).await }).await.expect("cancelled");
    services.carry_out_for(id).await;
    assert_eq!(platform.refunds().await, (0, 0), "nobody knows yet");
    platform.kit.database.advance(SignedDuration::from_secs(20)).await;
    platform.reconcile().await;
    assert_eq!(platform.refunds().await, (booking.price.total.amount, 1));
    assert_eq!((platform.stripe.refunds().await.len(), platform.stripe.balance().await), (1, 0));
    platform.check_books().await;
}

#[tokio::test]
async fn an_authorisation_is_let_go_though_the_provider_was_down_at_first() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 12)).await;
    platform.attempt(&booking).await;
    let (services, actor, id) = (&platform.kit.services, &platform.guest.actor, booking.id);
    platform.stripe.fault("http_500", 2, "/cancel").await;
    services.write("test.cancel", |tx| async move { cancel(&tx, actor, id, None).await }).await.expect("cancelled");
    services.carry_out_for(id).await;
    assert_eq!(platform.stripe.intents().await[0]["status"], "requires_payment_method");
    platform.reconcile().await;
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    platform.check_books().await;
}
