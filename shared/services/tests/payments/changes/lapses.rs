//! Answers and money that come too late, and stays that end before.

use domain::error::ErrorCode;
use jiff::SignedDuration;
use testkit::in_days;

use super::{nights, state};
use crate::Platform;

/// The clock goes on while the test works.
const MOMENT: SignedDuration = SignedDuration::from_secs(20);

#[tokio::test]
async fn the_other_side_has_a_day_to_answer_by_the_clock_whether_a_sweeper_ran_or_not() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    for (late, swept) in [(false, false), (true, false), (true, true)] {
        let change = platform.proposes(&platform.guest.actor, &booking, (10, 14)).await.expect("proposed");
        let until = change.expires_at.expect("open");
        let day = until.duration_since(change.created_at);
        assert_eq!(day, SignedDuration::from_hours(24));
        platform.kit.database.set_now(if late { until } else { until - MOMENT }).await;
        if swept {
            assert_eq!(platform.kit.services.run_maintenance().await.expired_changes, 1);
        }
        if late {
            let error = platform.accepts(&platform.host.actor, booking.id).await.expect_err("too late");
            assert_eq!(state(&error), (ErrorCode::InvalidState, "expired"));
            assert_eq!(platform.change_status(booking.id).await, "expired");
        } else {
            platform.accepts(&platform.host.actor, booking.id).await.expect("in time");
            platform.withdraws(&platform.guest.actor, booking.id).await.expect("taken back");
        }
    }
}

#[tokio::test]
async fn an_expired_hold_frees_its_nights_at_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let change = platform.proposes(&platform.guest.actor, &booking, (10, 14)).await.expect("proposed");
    let other = platform.kit.guest().await;
    let error = platform.try_book(&other, &property, (13, 15)).await.map(|_| ()).expect_err("held");
    assert_eq!(error.code(), ErrorCode::DatesUnavailable);
    platform.kit.database.set_now(change.expires_at.expect("open")).await;
    platform.try_book(&other, &property, (13, 15)).await.expect("no sweeper is needed");
    platform.check_books().await;
}

#[tokio::test]
async fn the_difference_paid_in_time_counts_and_paid_late_goes_back_in_full_once() {
    for late in [false, true] {
        let platform = Platform::open().await;
        let property = platform.listing(|_| {}).await;
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        let agreed = platform.agreed(&booking, (10, 14)).await;
        let attempt = platform.pay_unheard(&booking).await;
        let until = agreed.expires_at.expect("open");
        platform.kit.database.set_now(if late { until } else { until - MOMENT }).await;
        for _ in 0..2 {
            platform.hear().await;
            platform.reconcile().await;
        }
        let now = platform.booking(booking.id).await;
        if late {
            assert_eq!((nights(&now), now.price.total), (nights(&booking), booking.price.total));
            assert_eq!(platform.refunds().await, (agreed.difference.amount, 1));
            assert_eq!(platform.payment(attempt.id).await.refunded_minor, agreed.difference.amount);
            assert_eq!(platform.change_status(booking.id).await, "expired");
        } else {
            assert_eq!(nights(&now), (in_days(10), in_days(14)));
            assert_eq!(platform.refunds().await, (0, 0));
        }
        platform.check_books().await;
    }
}

#[tokio::test]
async fn a_difference_nobody_paid_in_time_can_be_paid_no_more() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let agreed = platform.agreed(&booking, (10, 14)).await;
    let attempt = platform.attempt(&booking).await;
    platform.reconcile().await;
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "requires_payment_method", "there is time");
    platform.kit.database.set_now(agreed.expires_at.expect("open")).await;
    let error = platform.try_attempt(&booking).await.map(|_| ()).expect_err("nothing is due");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "confirmed"));
    let report = platform.kit.services.run_maintenance().await;
    assert_eq!((report.expired_changes, report.failed_steps), (1, Vec::new()));
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    platform.check_books().await;
}

#[tokio::test]
async fn an_attempt_for_an_earlier_change_makes_room_for_the_one_that_is_due() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let first = platform.agreed(&booking, (10, 13)).await;
    let stale = platform.attempt(&booking).await;
    platform.kit.database.set_now(first.expires_at.expect("open")).await;
    // The provider is not told by who proposes next.
    platform.stripe.fault("http_500", 1, "/cancel").await;
    let second = platform.agreed(&booking, (10, 14)).await;
    let due = platform.attempt(&booking).await;
    assert_ne!(due.id, stale.id);
    assert_eq!(platform.payment(due.id).await.amount, second.difference);
    assert_eq!(platform.payment(stale.id).await.status.as_str(), "canceled");
    platform.stripe.pay(&due.client_secret, crate::VISA).await;
    platform.hear().await;
    assert_eq!(nights(&platform.booking(booking.id).await), (in_days(10), in_days(14)));
    platform.check_books().await;
}

#[tokio::test]
async fn cancelling_closes_what_is_open_and_money_under_way_goes_back() {
    for paid in [false, true] {
        let platform = Platform::open().await;
        let property = platform.listing(|_| {}).await;
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        let agreed = platform.agreed(&booking, (10, 14)).await;
        let attempt = if paid { platform.pay_unheard(&booking).await } else { platform.attempt(&booking).await };
        let shown = platform.kit.services.cancellation_preview(&platform.guest.actor, booking.id).await;
        assert_eq!(shown.expect("confirmed").refund, booking.price.total);
        platform.cancels(&platform.guest.actor, booking.id).await.expect("cancelled");
        assert_eq!(platform.change_status(booking.id).await, "expired");
        platform.hear().await;
        platform.reconcile().await;
        assert_eq!(platform.status(booking.id).await, "cancelled");
        let back = booking.price.total.amount + if paid { agreed.difference.amount } else { 0 };
        assert_eq!(platform.refunds().await.0, back, "paid: {paid}");
        let expected = if paid { "succeeded" } else { "canceled" };
        assert_eq!(platform.payment(attempt.id).await.status.as_str(), expected);
        assert_eq!(platform.stripe.balance().await, 0);
        let other = platform.kit.guest().await;
        platform.try_book(&other, &property, (10, 14)).await.expect("all its nights are free");
        platform.check_books().await;
    }
}

#[tokio::test]
async fn late_money_for_a_stay_does_not_take_nights_that_a_change_holds() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let other = platform.book(&property, (12, 14)).await;
    platform.pay_unheard(&other).await;
    platform.kit.database.advance(SignedDuration::from_mins(15)).await;
    platform.proposes(&platform.guest.actor, &booking, (10, 13)).await.expect("the hold ran out");
    platform.hear().await;
    assert_eq!(platform.status(other.id).await, "expired");
    assert_eq!(platform.refunds().await, (other.price.total.amount, 1));
    platform.check_books().await;
}
