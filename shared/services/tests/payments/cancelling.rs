//! Calling off and giving back: the preview is what happens, once, and never more than was captured.

use domain::cancellation::{CancellationPolicy, RefundPreview};
use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::{BookingId, PaymentId};
use domain::money::Money;
use jiff::{SignedDuration, Timestamp};
use services::Actor;
use services::bookings::Booking;
use services::cancellations::cancel;
use services::refunds::{Refund, decide_by_host};

use crate::Platform;

async fn cancels(platform: &Platform, actor: &Actor, id: BookingId) -> Result<Booking> {
    let services = &platform.kit.services;
    let cancelled = services.write("test.cancel", |tx| async move { cancel(&tx, actor, id, None).await }).await;
    services.carry_out_for(id).await;
    cancelled
}

async fn refunds(platform: &Platform, actor: &Actor, id: PaymentId, amount: Option<Money>) -> Result<Refund> {
    let services = &platform.kit.services;
    let refund = services
        .write("test.refund", |tx| async move { decide_by_host(&tx, actor, id, amount, "A broken boiler.").await })
        .await;
    services.carry_out_refunds_of(id).await;
    refund
}

async fn preview(platform: &Platform, actor: &Actor, id: BookingId) -> Result<RefundPreview> {
    platform.kit.services.cancellation_preview(actor, id).await
}

fn state(error: &Error) -> (ErrorCode, &str) {
    (error.code(), error.extra()["state"].as_str().unwrap_or(""))
}

/// The limits of a policy, in hours before check-in; the stay is 5 nights long.
fn limits(policy: CancellationPolicy) -> &'static [i64] {
    match policy {
        CancellationPolicy::Flexible => &[24, 0, -24, -96],
        CancellationPolicy::Moderate => &[5 * 24, 0, -24, -96],
        CancellationPolicy::Limited => &[14 * 24, 7 * 24, 0],
        CancellationPolicy::Firm => &[30 * 24, 7 * 24, 0],
        CancellationPolicy::Strict => &[14 * 24, 7 * 24, 0],
    }
}

#[tokio::test]
async fn the_preview_is_the_refund_to_the_unit_around_each_limit_of_each_policy() {
    for policy in CancellationPolicy::ALL {
        let platform = Platform::open().await;
        let property = platform
            .listing(|details| {
                details.cancellation_policy = *policy;
                details.base_price_minor = Some(9_997);
                details.cleaning_fee_minor = 3_333;
            })
            .await;
        let rules = &property.details.rules;
        let mut sum = 0;
        for hours in limits(*policy) {
            let mut last = i64::MAX;
            // 20 s: the clock goes on while the test works.
            for seconds in [-20, 1] {
                let (booking, _) = platform.paid(&property, (60, 65)).await;
                let check_in = rules.time_zone.instant(booking.dates.check_in(), rules.check_in_time);
                let at = check_in - SignedDuration::from_hours(*hours) + SignedDuration::from_secs(seconds);
                platform.kit.database.set_now(at).await;
                let shown = preview(&platform, &platform.guest.actor, booking.id).await.expect("confirmed");
                let of_lines: i64 = shown.lines.iter().map(|line| line.refund.amount).sum();
                assert_eq!(of_lines, shown.refund.amount, "{policy} at {hours} h");
                let total = booking.price.total.amount;
                assert!((0..=total).contains(&shown.refund.amount) && shown.refund.amount <= last, "{policy} {hours}");
                cancels(&platform, &platform.guest.actor, booking.id).await.expect("cancelled");
                sum += shown.refund.amount;
                assert_eq!(platform.refunds().await.0, sum, "{policy} at {hours} h and {seconds} s");
                last = shown.refund.amount;
                platform.kit.database.set_now(Timestamp::now()).await;
            }
        }
        platform.check_books().await;
    }
}

#[tokio::test]
async fn all_comes_back_within_a_day_of_confirmation_and_always_when_the_host_cancels() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.cancellation_policy = CancellationPolicy::Firm).await;
    let (by_guest, _) = platform.paid(&property, (10, 12)).await;
    let (by_host, _) = platform.paid(&property, (20, 22)).await;
    cancels(&platform, &platform.guest.actor, by_guest.id).await.expect("within the grace");
    let rules = &property.details.rules;
    let check_in = rules.time_zone.instant(by_host.dates.check_in(), rules.check_in_time);
    platform.kit.database.set_now(check_in - SignedDuration::from_hours(1)).await;
    let guest = preview(&platform, &platform.guest.actor, by_host.id).await.expect("confirmed");
    assert_eq!(guest.refund.amount, 0, "the policy gives nothing any more");
    let host = preview(&platform, &platform.host.actor, by_host.id).await.expect("confirmed");
    assert_eq!(host.refund, by_host.price.total);
    let cancelled = cancels(&platform, &platform.host.actor, by_host.id).await.expect("cancelled");
    assert_eq!(cancelled.cancelled_by.map(|party| party.as_str()), Some("host"));
    assert_eq!(platform.stripe.balance().await, 0);
    assert_eq!(platform.refunds().await.1, 2);
    platform.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_twice_at_once_and_again_is_refunded_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for round in 1..=10 {
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        let (one, other) = tokio::join!(
            cancels(&platform, &platform.guest.actor, booking.id),
            cancels(&platform, &platform.host.actor, booking.id),
        );
        let refused: Vec<Error> = [one, other].into_iter().filter_map(Result::err).collect();
        let [refused] = refused.as_slice() else { panic!("not one winner: {refused:?}") };
        assert_eq!(state(refused), (ErrorCode::InvalidState, "cancelled"));
        let again = cancels(&platform, &platform.guest.actor, booking.id).await.expect_err("over");
        assert_eq!(state(&again), (ErrorCode::InvalidState, "cancelled"));
        platform.reconcile().await;
        assert_eq!(platform.refunds().await, (round * booking.price.total.amount, round));
        platform.check_books().await;
    }
    assert_eq!(platform.events_of("booking.cancelled").await, 10);
    assert_eq!(platform.events_of("payment.refunded").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_racing_a_refund_by_the_host_never_gives_more_than_was_captured() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for round in 1..=10 {
        let (booking, payment) = platform.paid(&property, (10, 12)).await;
        let part = Some(Money::new(payment.amount.amount / 2 + 1, payment.amount.currency));
        let (cancelled, refunded) = tokio::join!(
            cancels(&platform, &platform.guest.actor, booking.id),
            refunds(&platform, &platform.host.actor, payment.id, part),
        );
        cancelled.expect("cancelled");
        if let Err(error) = refunded {
            assert_eq!(error.code(), ErrorCode::InvalidState, "round {round}: nothing was left");
        }
        platform.reconcile().await;
        assert_eq!(platform.payment(payment.id).await.refunded_minor, payment.captured_minor);
        platform.check_books().await;
    }
    assert_eq!(platform.stripe.balance().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_full_refunds_at_once_one_wins() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (_, payment) = platform.paid(&property, (10, 12)).await;
    let (one, other) = tokio::join!(
        refunds(&platform, &platform.host.actor, payment.id, None),
        refunds(&platform, &platform.host.actor, payment.id, Some(payment.amount)),
    );
    let refused: Vec<Error> = [one, other].into_iter().filter_map(Result::err).collect();
    let [refused] = refused.as_slice() else { panic!("not one winner: {refused:?}") };
    assert_eq!(refused.code(), ErrorCode::InvalidState);
    assert_eq!(refused.extra()["left"]["amount"], 0);
    assert_eq!(platform.refunds().await, (payment.captured_minor, 1));
    assert_eq!(platform.stripe.balance().await, 0);
}

#[tokio::test]
async fn refunds_in_parts_end_at_what_was_captured_to_the_unit() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (_, payment) = platform.paid(&property, (10, 12)).await;
    let host = &platform.host.actor;
    let money = |amount| Some(Money::new(amount, payment.amount.currency));
    refunds(&platform, host, payment.id, money(1)).await.expect("one unit");
    refunds(&platform, host, payment.id, money(payment.captured_minor - 2)).await.expect("all but one");
    for (amount, code) in
        [(2, ErrorCode::InvalidState), (0, ErrorCode::ValidationFailed), (-1, ErrorCode::ValidationFailed)]
    {
        let error = refunds(&platform, host, payment.id, money(amount)).await.expect_err("too much, or nothing");
        assert_eq!(error.code(), code);
    }
    refunds(&platform, host, payment.id, None).await.expect("the rest");
    assert_eq!(platform.payment(payment.id).await.refunded_minor, payment.captured_minor);
    assert_eq!(platform.stripe.balance().await, 0);
}

#[tokio::test]
async fn what_the_host_gave_back_before_counts_in_the_preview_too() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 12)).await;
    let given = Money::new(4_321, payment.amount.currency);
    refunds(&platform, &platform.host.actor, payment.id, Some(given)).await.expect("given");
    let shown = preview(&platform, &platform.guest.actor, booking.id).await.expect("confirmed");
    assert_eq!(shown.refund.amount, payment.captured_minor - 4_321);
    assert_eq!(shown.lines.iter().map(|line| line.refund.amount).sum::<i64>(), shown.refund.amount);
    cancels(&platform, &platform.guest.actor, booking.id).await.expect("cancelled");
    assert_eq!(platform.refunds().await, (payment.captured_minor, 2));
    platform.check_books().await;
}

#[tokio::test]
async fn cancelling_before_anything_is_captured_gives_the_attempt_up() {
    let platform = Platform::open().await;
    for (n, instant_book) in [(0, true), (1, false)] {
        let property = platform.listing(|details| details.instant_book = instant_book).await;
        let booking = platform.book(&property, (10, 12)).await;
        let attempt = platform.attempt(&booking).await;
        if !instant_book {
            platform.stripe.pay(&attempt.client_secret, crate::VISA).await;
            platform.hear().await;
        }
        let shown = preview(&platform, &platform.guest.actor, booking.id).await.expect("it can be cancelled");
        assert_eq!(shown.refund.amount, 0);
        cancels(&platform, &platform.guest.actor, booking.id).await.expect("cancelled");
        assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
        assert_eq!(platform.stripe.intents().await[0]["status"], "canceled", "{n}");
    }
    assert_eq!(platform.refunds().await, (0, 0));
    platform.check_books().await;
}

#[tokio::test]
async fn a_host_hears_of_the_end_of_a_stay_that_was_asked_for_and_of_no_other() {
    let platform = Platform::open().await;
    for was_asked_for in [false, true] {
        let property = platform.listing(|details| details.instant_book = !was_asked_for).await;
        let booking = platform.book(&property, (10, 12)).await;
        let attempt = platform.attempt(&booking).await;
        if was_asked_for {
            platform.stripe.pay(&attempt.client_secret, crate::VISA).await;
            platform.hear().await;
        }
        cancels(&platform, &platform.guest.actor, booking.id).await.expect("cancelled");
        let (services, events) = (&platform.kit.services, platform.kit.events.taken());
        let told = events.iter().rfind(|event| event.kind == EventKind::BookingCancelled).expect("told");
        let before = platform.kit.mails.sent().len();
        services.notify(told).await.expect("told");
        let mails = platform.kit.mails.sent().split_off(before);
        let mut expected = vec![platform.guest.email.as_str()];
        expected.extend(was_asked_for.then_some(platform.host.email.as_str()));
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), expected);
    }
}

/// The guest paid and cancelled before anybody here heard of the payment.
#[tokio::test]
async fn money_that_was_under_way_when_the_booking_was_cancelled_goes_back_in_full() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 12)).await;
    platform.pay_unheard(&booking).await;
    cancels(&platform, &platform.guest.actor, booking.id).await.expect("cancelled");
    platform.hear().await;
    platform.reconcile().await;
    assert_eq!(platform.status(booking.id).await, "cancelled");
    assert_eq!(platform.refunds().await, (booking.price.total.amount, 1));
    assert_eq!(platform.events_of("booking.confirmed").await, 0);
    platform.check_books().await;
}

/// Worker and guest at the same moment: whoever is first, the money ends where it belongs.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_racing_the_payment_leaves_no_money_behind() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for _ in 0..20 {
        let booking = platform.book(&property, (10, 12)).await;
        platform.pay_unheard(&booking).await;
        let event = platform.stripe.last_event().await;
        let (settled, cancelled) = tokio::join!(
            platform.kit.services.apply_stripe_event(&event),
            cancels(&platform, &platform.guest.actor, booking.id),
        );
        settled.expect("settled");
        cancelled.expect("cancelled, paid or not");
        platform.reconcile().await;
        platform.check_books().await;
    }
    assert_eq!(platform.stripe.balance().await, 0);
}

#[tokio::test]
async fn strangers_neither_cancel_nor_look_and_nothing_is_cancelled_twice() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 12)).await;
    let stranger = platform.kit.person().await;
    let error = cancels(&platform, &stranger.actor, booking.id).await.expect_err("not theirs");
    assert_eq!(error.code(), ErrorCode::NotFound);
    let error = preview(&platform, &stranger.actor, booking.id).await.expect_err("not theirs");
    assert_eq!(error.code(), ErrorCode::NotFound);
    let error = refunds(&platform, &stranger.actor, payment.id, None).await.expect_err("not theirs");
    assert_eq!(error.code(), ErrorCode::NotFound);
    let error = refunds(&platform, &platform.guest.actor, payment.id, None).await.expect_err("the guest");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(platform.refunds().await, (0, 0));
}

/// The guest's bank sends the money back days later: it is owed again, and may be given again.
#[tokio::test]
async fn a_refund_that_fails_after_all_is_undone_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 12)).await;
    let attempt = platform.attempt(&booking).await;
    platform.stripe.pay(&attempt.client_secret, "pm_card_refundFail").await;
    platform.hear().await;
    refunds(&platform, &platform.host.actor, attempt.id, None).await.expect("on its way");
    assert_eq!(platform.refunds().await, (booking.price.total.amount, 1));
    let refund = platform.stripe.refunds().await[0]["id"].as_str().expect("an id").to_owned();
    let failed = serde_json::json!({ "id": "evt_1", "type": "refund.failed", "data": { "object": {
        "object": "refund", "id": refund, "payment_intent": platform.stripe.intents().await[0]["id"],
    } } });
    for _ in 0..2 {
        platform.kit.services.apply_stripe_event(&failed.to_string()).await.expect("applied");
    }
    assert_eq!(platform.refunds().await, (0, 0));
    assert_eq!(platform.payment(attempt.id).await.refunded_minor, 0);
    platform.check_books().await;
    refunds(&platform, &platform.host.actor, attempt.id, None).await.expect("owed again");
}

#[tokio::test]
async fn a_stay_that_is_over_is_cancelled_by_nobody_though_no_sweeper_came() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 13)).await;
    let details = &property.details;
    let over = details.rules.time_zone.instant(booking.dates.check_out(), details.check_out_time);
    platform.kit.database.set_now(over).await;
    for person in [&platform.guest, &platform.host] {
        for error in [
            preview(&platform, &person.actor, booking.id).await.expect_err("over"),
            cancels(&platform, &person.actor, booking.id).await.expect_err("over"),
        ] {
            assert_eq!(state(&error), (ErrorCode::InvalidState, "completed"));
        }
    }
    platform.kit.database.set_now(over - SignedDuration::from_mins(1)).await;
    cancels(&platform, &platform.host.actor, booking.id).await.expect("in time");
    platform.check_books().await;
}

#[tokio::test]
async fn what_comes_back_is_counted_from_the_check_in_as_it_was_booked() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.cancellation_policy = CancellationPolicy::Flexible).await;
    let (booking, _) = platform.paid(&property, (10, 13)).await;
    let rules = &property.details.rules;
    let check_in = rules.time_zone.instant(booking.dates.check_in(), rules.check_in_time);
    platform.kit.database.set_now(check_in - SignedDuration::from_hours(30)).await;
    platform
        .kit
        .database
        .batch("UPDATE properties SET check_in_time = '00:00', time_zone = 'Pacific/Kiritimati'")
        .await;
    let shown = preview(&platform, &platform.guest.actor, booking.id).await.expect("confirmed");
    assert_eq!(shown.refund, booking.price.total, "more than a day before the check-in that was booked");
    platform.kit.database.set_now(check_in - SignedDuration::from_hours(23)).await;
    let later = preview(&platform, &platform.guest.actor, booking.id).await.expect("confirmed");
    assert!(later.refund.amount < shown.refund.amount);
}
