//! Requests: the card is authorised, and the host's answer captures or lets go.

use domain::booking::HOST_ANSWER_HOURS;
use domain::error::{Error, ErrorCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use services::bookings::Booking;
use services::host_answers::{accept, decline};
use services::properties::Property;
use testkit::Person;

use crate::{Attempt, Platform, VISA};

async fn on_request(platform: &Platform) -> Property {
    platform.listing(|details| details.instant_book = false).await
}

async fn requested(platform: &Platform, property: &Property, nights: (i32, i32)) -> (Booking, Attempt) {
    let booking = platform.book(property, nights).await;
    let attempt = platform.pay_unheard(&booking).await;
    platform.hear().await;
    (platform.booking(booking.id).await, attempt)
}

async fn accepts(platform: &Platform, host: &Person, booking: &Booking) -> Result<Booking, Error> {
    let (services, actor, id) = (&platform.kit.services, &host.actor, booking.id);
    services.write("test.accept", |tx| async move { accept(&tx, actor, id).await }).await?;
    services.carry_out_for(id).await;
    Ok(platform.booking(id).await)
}

async fn declines(platform: &Platform, host: &Person, booking: &Booking) -> Result<Booking, Error> {
    let (services, actor, id) = (&platform.kit.services, &host.actor, booking.id);
    services.write("test.decline", |tx| async move { decline(&tx, actor, id).await }).await?;
    services.carry_out_for(id).await;
    Ok(platform.booking(id).await)
}

async fn app_now(platform: &Platform) -> Timestamp {
    platform.kit.database.value("SELECT app_now()", &[]).await
}

fn check_in_of(property: &Property, booking: &Booking) -> Timestamp {
    let rules = &property.details.rules;
    rules.time_zone.instant(booking.dates.check_in(), rules.check_in_time)
}

#[tokio::test]
async fn an_authorised_request_waits_a_day_for_its_host() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, attempt) = requested(&platform, &property, (10, 13)).await;
    assert_eq!(booking.status.as_str(), "pending_host");
    let left = booking.hold_expires_at.expect("an end").duration_since(app_now(&platform).await);
    let day = SignedDuration::from_hours(HOST_ANSWER_HOURS);
    assert!(left <= day && left > day - SignedDuration::from_mins(1), "{left}");
    let payment = platform.payment(attempt.id).await;
    assert_eq!((payment.status.as_str(), payment.captured_minor), ("requires_capture", 0));
    assert_eq!(platform.events_of("booking.confirmed").await, 0);
}

#[tokio::test]
async fn the_host_hears_of_a_request_when_there_is_something_to_answer_and_once() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    assert_eq!(platform.events_of("booking.requested").await, 0, "nobody has heard of the card yet");
    platform.hear().await;
    platform.hear().await;
    platform.reconcile().await;
    assert_eq!(platform.events_of("booking.requested").await, 1);
    let told: Vec<String> = platform.thread_of(booking.id).await;
    assert_eq!(told, ["requested"]);
}

#[tokio::test]
async fn what_the_host_answers_stands_in_the_thread() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, _) = requested(&platform, &property, (10, 13)).await;
    accepts(&platform, &platform.host, &booking).await.expect("accepted");
    platform.hear().await;
    assert_eq!(platform.thread_of(booking.id).await, ["requested", "accepted", "confirmed"]);
    let (booking, _) = requested(&platform, &property, (20, 23)).await;
    declines(&platform, &platform.host, &booking).await.expect("declined");
    platform.hear().await;
    assert_eq!(platform.thread_of(booking.id).await, ["requested", "declined"]);
}

#[tokio::test]
async fn a_request_never_waits_past_check_in() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let booking = platform.book(&property, (2, 4)).await;
    let check_in = check_in_of(&property, &booking);
    platform.kit.database.set_now(check_in - SignedDuration::from_hours(3)).await;
    platform.kit.database.batch("DELETE FROM messages; DELETE FROM bookings").await;
    let (booking, _) = requested(&platform, &property, (2, 4)).await;
    assert_eq!(booking.hold_expires_at, Some(check_in));
}

#[tokio::test]
async fn a_request_never_waits_longer_than_the_card_is_authorised() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    platform.kit.database.set_now(Timestamp::now() + SignedDuration::from_hours(6 * 24 + 12)).await;
    let (booking, _) = requested(&platform, &property, (20, 22)).await;
    let intent = &platform.stripe.intents().await[0];
    let charge = platform.stripe.get(&format!("/v1/charges/{}", intent["latest_charge"].as_str().expect("one"))).await;
    let limit = charge["payment_method_details"]["card"]["capture_before"].as_i64().expect("seconds");
    assert_eq!(booking.hold_expires_at, Some(Timestamp::from_second(limit).expect("an instant")));
}

#[tokio::test]
async fn accepting_captures_and_confirms_once() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, attempt) = requested(&platform, &property, (10, 13)).await;
    let accepted = accepts(&platform, &platform.host, &booking).await.expect("accepted");
    assert_eq!(accepted.status.as_str(), "confirmed");
    platform.hear().await;
    assert_eq!(platform.payment(attempt.id).await.captured_minor, booking.price.total.amount);
    assert_eq!((platform.events_of("booking.accepted").await, platform.events_of("booking.confirmed").await), (1, 1));
    let error = accepts(&platform, &platform.host, &booking).await.expect_err("twice");
    assert_eq!((error.code(), &error.extra()["state"]), (ErrorCode::InvalidState, &"confirmed".into()));
    platform.check_books().await;
}

#[tokio::test]
async fn declining_lets_the_authorisation_go_and_frees_the_nights() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, attempt) = requested(&platform, &property, (10, 13)).await;
    let declined = declines(&platform, &platform.host, &booking).await.expect("declined");
    assert_eq!(declined.status.as_str(), "declined");
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    assert_eq!(platform.events_of("booking.declined").await, 1);
    platform.book(&property, (10, 13)).await;
    platform.hear().await;
    assert_eq!(platform.status(booking.id).await, "declined");
    platform.check_books().await;
}

#[tokio::test]
async fn a_request_that_is_not_answered_lets_the_authorisation_go_in_one_pass() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, attempt) = requested(&platform, &property, (10, 13)).await;
    platform.kit.database.advance(SignedDuration::from_hours(HOST_ANSWER_HOURS)).await;
    let error = accepts(&platform, &platform.host, &booking).await.expect_err("too late");
    assert_eq!((error.code(), &error.extra()["state"]), (ErrorCode::InvalidState, &"expired".into()));
    platform.kit.services.run_maintenance().await;
    assert_eq!(platform.status(booking.id).await, "expired");
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    assert_eq!(platform.stripe.intents().await[0]["status"], "canceled");
    platform.check_books().await;
}

#[tokio::test]
async fn only_the_host_answers() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, _) = requested(&platform, &property, (10, 13)).await;
    let stranger = platform.kit.person().await;
    for (who, code) in [(&platform.guest, ErrorCode::Forbidden), (&stranger, ErrorCode::NotFound)] {
        assert_eq!(accepts(&platform, who, &booking).await.expect_err("no").code(), code);
        assert_eq!(declines(&platform, who, &booking).await.expect_err("no").code(), code);
    }
    assert_eq!(platform.status(booking.id).await, "pending_host");
}

#[tokio::test]
async fn what_is_not_authorised_yet_is_not_accepted() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.attempt(&booking).await;
    let error = accepts(&platform, &platform.host, &booking).await.expect_err("nothing to capture");
    assert_eq!(error.code(), ErrorCode::InvalidState);
}

/// The bank or the provider takes the authorisation away before the host has answered.
#[tokio::test]
async fn a_request_ends_with_its_authorisation() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    for (n, heard) in [(0, true), (1, false)] {
        let (booking, _) = requested(&platform, &property, (10 + 5 * n, 13 + 5 * n)).await;
        let intent = platform.stripe.intents().await[0]["id"].as_str().expect("an id").to_owned();
        platform.stripe.post(&format!("/v1/payment_intents/{intent}/cancel"), &[]).await;
        if heard {
            platform.hear().await;
            let error = accepts(&platform, &platform.host, &booking).await.expect_err("nothing to capture");
            assert_eq!(error.code(), ErrorCode::InvalidState);
        } else {
            accepts(&platform, &platform.host, &booking).await.expect("nobody knew");
        }
        assert_eq!(platform.status(booking.id).await, "expired");
    }
    assert_eq!(platform.events_of("booking.confirmed").await, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn a_request_that_was_accepted_is_not_declined_while_the_capture_is_not_known() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, _) = requested(&platform, &property, (10, 13)).await;
    platform.stripe.fault("http_500", 2, "/capture").await;
    accepts(&platform, &platform.host, &booking).await.expect("accepted");
    let error = declines(&platform, &platform.host, &booking).await.expect_err("accepted already");
    assert_eq!(error.code(), ErrorCode::InvalidState);
    // Accepting again is no second acceptance.
    platform.reconcile().await;
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(platform.events_of("booking.accepted").await, 1);
    platform.check_books().await;
}

#[tokio::test]
async fn a_request_accepted_in_its_last_minute_outlives_a_slow_capture() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, _) = requested(&platform, &property, (10, 13)).await;
    platform.kit.database.advance(SignedDuration::from_mins(24 * 60 - 1)).await;
    platform.stripe.fault("http_500", 2, "/capture").await;
    accepts(&platform, &platform.host, &booking).await.expect("in time");
    platform.kit.database.advance(SignedDuration::from_mins(10)).await;
    platform.kit.services.run_maintenance().await;
    assert_eq!(platform.status(booking.id).await, "confirmed");
    platform.check_books().await;
}

#[tokio::test]
async fn a_late_authorisation_waits_for_the_host_if_the_nights_are_free_and_is_let_go_if_not() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    for (n, taken) in [(0, false), (1, true)] {
        let booking = platform.book(&property, (10 + 5 * n, 13 + 5 * n)).await;
        let attempt = platform.attempt(&booking).await;
        platform.stripe.pay(&attempt.client_secret, VISA).await;
        platform.kit.database.advance(SignedDuration::from_mins(15)).await;
        if taken {
            platform.book(&property, (10 + 5 * n, 13 + 5 * n)).await;
        }
        platform.hear().await;
        let (status, intent) = if taken { ("expired", "canceled") } else { ("pending_host", "requires_capture") };
        assert_eq!(platform.status(booking.id).await, status);
        assert_eq!(platform.stripe.intents().await[0]["status"], intent);
    }
    assert_eq!(platform.stripe.balance().await, 0);
}

#[tokio::test]
async fn an_accepted_request_whose_time_ran_out_uncaptured_is_let_go_and_never_charged() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, attempt) = requested(&platform, &property, (10, 13)).await;
    platform.kit.database.advance(SignedDuration::from_mins(24 * 60 - 1)).await;
    platform.stripe.fault("http_500", 1_000, "/capture").await;
    accepts(&platform, &platform.host, &booking).await.expect("in time");
    platform.kit.database.advance(SignedDuration::from_mins(16)).await;
    assert_eq!(platform.status(booking.id).await, "expired");
    platform.stripe.clear_faults().await;
    platform.reconcile().await;
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    assert_eq!(platform.stripe.balance().await, 0);
    assert_eq!(platform.refunds().await, (0, 0), "there was nothing to give back");
    platform.check_books().await;
}

#[tokio::test]
async fn a_card_authorised_for_an_attempt_that_is_given_up_asks_nothing_of_the_host() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    platform.kit.database.advance(SignedDuration::from_mins(15)).await;
    platform.stripe.fault("http_500", 2, "/cancel").await;
    platform.wait_for_reconciler().await;
    platform.kit.services.reconcile_payments().await.expect_err("the provider is down");
    platform.stripe.pay(&attempt.client_secret, VISA).await;
    platform.hear().await;
    assert_eq!(platform.status(booking.id).await, "expired");
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    assert_eq!(platform.events_of("booking.requested").await, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn nobody_waits_long_for_a_provider_that_does_not_answer() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let (booking, attempt) = requested(&platform, &property, (10, 13)).await;
    let mut services = platform.kit.more_services();
    // Less than one call of the provider may take.
    services.settings.follow_up_limit = std::time::Duration::from_millis(500);
    platform.stripe.fault("timeout_after", 2, "/capture").await;
    let (actor, id) = (&platform.host.actor, booking.id);
    services.write("test.accept", |tx| async move { accept(&tx, actor, id).await }).await.expect("accepted");
    services.carry_out_for(id).await;
    let intent = platform.payment(attempt.id).await.intent_id.expect("known");
    assert_eq!(platform.stripe.calls("POST", &format!("/v1/payment_intents/{intent}/capture")).await, 1);
    assert_eq!(platform.status(id).await, "pending_host", "the reconciler hears of it");
    platform.reconcile().await;
    assert_eq!(platform.status(id).await, "confirmed");
    platform.check_books().await;
}

#[tokio::test]
async fn no_card_is_asked_for_a_request_that_no_host_can_answer_in_time() {
    let platform = Platform::open().await;
    let property = on_request(&platform).await;
    let zone = &property.details.rules.time_zone;
    let check_in = zone.instant(testkit::in_days(10), property.details.rules.check_in_time);
    platform.kit.database.set_now(check_in - SignedDuration::from_mins(5)).await;
    let booking = platform.book(&property, (10, 13)).await;
    platform.attempt(&booking).await;
    platform.kit.database.set_now(check_in).await;
    let error = platform.try_attempt(&booking).await.err().expect("too late");
    assert_eq!((error.code(), &error.extra()["state"]), (ErrorCode::InvalidState, &json!("pending_payment")));
}
