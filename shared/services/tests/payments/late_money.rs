//! Money that comes after its hold ran out: it takes the nights if they are free, else it goes back, once and in full.

use jiff::SignedDuration;
use jiff::civil::time;
use services::bookings::Booking;
use testkit::in_days;

use crate::Platform;

/// Rounds of each race.
const ROUNDS: i32 = 20;

/// What the scheduler does to holds, and nothing else of what it does.
const SWEEP: &str = "UPDATE bookings SET status = 'expired', hold_expires_at = NULL
                     WHERE hold_expires_at <= app_now()";

async fn run_out(platform: &Platform) {
    platform.kit.database.advance(SignedDuration::from_mins(15)).await;
}

async fn went_back_once(platform: &Platform, booking: &Booking) {
    assert_eq!(platform.status(booking.id).await, "expired");
    let total = booking.price.total.amount;
    assert_eq!(platform.refunds().await, (total, 1));
    assert_eq!(platform.stripe.refunds().await.len(), 1);
    assert_eq!(platform.events_of("payment.refunded").await, 1);
    platform.check_books().await;
}

#[tokio::test]
async fn late_money_takes_free_nights_swept_or_not() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for (n, swept) in [(0, false), (1, true)] {
        let booking = platform.book(&property, (10 + 5 * n, 13 + 5 * n)).await;
        let attempt = platform.pay_unheard(&booking).await;
        run_out(&platform).await;
        if swept {
            platform.kit.database.batch(SWEEP).await;
        }
        assert_eq!(platform.status(booking.id).await, "expired");
        platform.hear().await;
        assert_eq!(platform.status(booking.id).await, "confirmed", "swept: {swept}");
        assert_eq!(platform.payment(attempt.id).await.refunded_minor, 0);
    }
    assert_eq!(platform.events_of("booking.confirmed").await, 2);
    platform.check_books().await;
}

#[tokio::test]
async fn late_money_for_nights_that_are_gone_goes_back_in_full_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    run_out(&platform).await;
    // Only the last night of it.
    platform.book(&property, (12, 14)).await;
    for _ in 0..3 {
        platform.hear().await;
        platform.reconcile().await;
    }
    went_back_once(&platform, &booking).await;
}

#[tokio::test]
async fn late_money_for_nights_that_are_over_goes_back_in_full_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (on_the_day, too_late) = (platform.book(&property, (10, 13)).await, platform.book(&property, (20, 23)).await);
    let zone = &property.details.rules.time_zone;
    let attempts = [platform.attempt(&on_the_day).await, platform.attempt(&too_late).await];
    for (attempt, (day, hour)) in attempts.iter().zip([(10, 23), (21, 0)]) {
        platform.kit.database.set_now(zone.instant(in_days(day), time(hour, 0, 0, 0))).await;
        platform.stripe.pay(&attempt.client_secret, crate::VISA).await;
        platform.hear().await;
    }
    assert_eq!(platform.status(on_the_day.id).await, "confirmed", "the first night is still to come");
    went_back_once(&platform, &too_late).await;
}

#[tokio::test]
async fn late_money_for_nights_blocked_meanwhile_goes_back_in_full_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    run_out(&platform).await;
    let sql = "INSERT INTO calendar_days (property_id, night, blocked) VALUES ($1, $2, true)";
    platform.kit.database.execute(sql, &[&property.id.uuid(), &in_days(12)]).await;
    platform.hear().await;
    went_back_once(&platform, &booking).await;
}

#[tokio::test]
async fn late_money_for_a_hold_that_overlaps_another_overdue_hold_takes_the_nights() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    run_out(&platform).await;
    let other = platform.book(&property, (12, 14)).await;
    run_out(&platform).await;
    platform.hear().await;
    assert_eq!(platform.status(booking.id).await, "confirmed", "nobody holds the night any more");
    assert_eq!(platform.status(other.id).await, "expired");
    platform.check_books().await;
}

#[tokio::test]
async fn money_that_came_before_the_scheduler_let_go_is_not_lost() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    run_out(&platform).await;
    let report = platform.kit.services.run_maintenance().await;
    assert_eq!(report.failed_steps, Vec::<&str>::new());
    assert_eq!(platform.status(booking.id).await, "confirmed", "the provider would not cancel, and said why");
    platform.check_books().await;
}

/// The attempt was given up while the provider was being asked for its intent.
#[tokio::test]
async fn money_of_an_attempt_given_up_before_its_intent_was_known_is_not_lost() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    platform.kit.database.batch("UPDATE payments SET intent_id = NULL").await;
    run_out(&platform).await;
    platform.kit.services.run_maintenance().await;
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    assert_eq!(platform.stripe.intents().await[0]["status"], "requires_payment_method", "nobody knows of it");
    let (status, _) = platform.stripe.pay(&attempt.client_secret, crate::VISA).await;
    assert_eq!(status, 200);
    platform.book(&property, (10, 13)).await;
    platform.hear().await;
    went_back_once(&platform, &booking).await;
}

#[tokio::test]
async fn an_intent_heard_of_after_its_attempt_was_given_up_is_cancelled_at_the_provider() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.attempt(&booking).await;
    platform.kit.database.batch("UPDATE payments SET intent_id = NULL").await;
    run_out(&platform).await;
    platform.kit.services.run_maintenance().await;
    platform.hear().await;
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    platform.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_racing_a_new_booking_of_the_same_nights_has_one_winner() {
    let platform = Platform::open().await;
    for round in 0..ROUNDS {
        let property = platform.listing(|_| {}).await;
        let (booking, other) = (platform.book(&property, (10, 13)).await, platform.kit.guest().await);
        platform.pay_unheard(&booking).await;
        run_out(&platform).await;
        if round % 2 == 1 {
            platform.kit.database.batch(SWEEP).await;
        }
        let event = platform.stripe.last_event().await;
        let (settled, booked) = tokio::join!(
            platform.kit.services.apply_stripe_event(&event),
            platform.try_book(&other, &property, (11, 14)),
        );
        settled.expect("settled");
        let status = platform.status(booking.id).await;
        match booked {
            Ok(_) => assert_eq!(status, "expired", "round {round}"),
            Err(error) => {
                assert_eq!(error.code(), domain::error::ErrorCode::DatesUnavailable, "round {round}: {error}");
                assert_eq!(status, "confirmed", "round {round}");
            }
        }
        platform.check_books().await;
    }
}

/// The hold runs out while the provider has made the intent and its answer hangs.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_never_gets_a_payable_intent_of_an_attempt_that_was_given_up() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.stripe.fault("timeout_after", 1, "/v1/payment_intents").await;
    let let_go = async {
        while platform.stripe.events().await.is_empty() {
            tokio::task::yield_now().await;
        }
        run_out(&platform).await;
        platform.kit.services.run_maintenance().await
    };
    let (attempt, report) = tokio::join!(platform.try_attempt(&booking), let_go);
    assert_eq!(report.failed_steps, Vec::<&str>::new());
    // If the answer was there before the hold was let go, the intent was known and cancelled.
    if let Err(error) = attempt {
        assert_eq!(error.code(), domain::error::ErrorCode::InvalidState);
        platform.hear().await;
    }
    platform.reconcile().await;
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    assert_eq!(platform.status(booking.id).await, "expired");
    platform.check_books().await;
}
