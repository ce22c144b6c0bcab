//! Who may propose, answer and take back, and what.

use domain::error::ErrorCode;
use testkit::in_days;

use super::{adults, nights, state};
use crate::Platform;

#[tokio::test]
async fn each_side_has_its_part_and_strangers_have_none() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let (guest, host, stranger) = (&platform.guest.actor, &platform.host.actor, platform.kit.person().await.actor);
    let code = |error: domain::error::Error| error.code();
    assert_eq!(code(platform.proposes(&stranger, &booking, (10, 13)).await.expect_err("no")), ErrorCode::NotFound);
    let none = platform.kit.services.booking_change(guest, booking.id).await.expect_err("none was proposed");
    assert_eq!(none.code(), ErrorCode::NotFound);
    let error = platform.accepts(host, booking.id).await.expect_err("none was proposed");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "none"));

    platform.proposes(guest, &booking, (10, 13)).await.expect("proposed");
    let unseen = platform.kit.services.booking_change(&stranger, booking.id).await.expect_err("not theirs");
    assert_eq!(unseen.code(), ErrorCode::NotFound);
    assert_eq!(code(platform.accepts(guest, booking.id).await.expect_err("own")), ErrorCode::Forbidden);
    assert_eq!(code(platform.declines(guest, booking.id).await.expect_err("own")), ErrorCode::Forbidden);
    assert_eq!(code(platform.withdraws(host, booking.id).await.expect_err("not theirs")), ErrorCode::Forbidden);
    for error in [
        platform.accepts(&stranger, booking.id).await,
        platform.declines(&stranger, booking.id).await,
        platform.withdraws(&stranger, booking.id).await,
    ] {
        assert_eq!(code(error.expect_err("a stranger")), ErrorCode::NotFound);
    }
    assert_eq!(code(platform.proposes(host, &booking, (9, 12)).await.expect_err("one is open")), ErrorCode::ChangeOpen);

    let declined = platform.declines(host, booking.id).await.expect("declined");
    assert_eq!(declined.status.as_str(), "declined");
    let error = platform.accepts(host, booking.id).await.expect_err("it is over");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "declined"));
    platform.proposes(host, &booking, (10, 13)).await.expect("another may follow");
    assert_eq!(platform.withdraws(host, booking.id).await.expect("taken back").status.as_str(), "withdrawn");
    let error = platform.declines(guest, booking.id).await.expect_err("it is over");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "withdrawn"));
    assert_eq!(nights(&platform.booking(booking.id).await), nights(&booking));
    assert_eq!(platform.events_of("booking.change_proposed").await, 2);
    assert_eq!(platform.events_of("booking.change_declined").await, 1);
}

#[tokio::test]
async fn every_broken_rule_is_named_and_nothing_is_no_change() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.rules.max_nights = 4).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let guest = &platform.guest.actor;
    for (dates, guests, codes) in [
        ((10, 15), 3, vec!["too_long", "too_many_guests"]),
        ((10, 10), 1, vec!["check_out_not_after_check_in"]),
        ((-2, 1), 1, vec!["in_the_past"]),
        ((10, 12), 1, vec!["nothing_changed"]),
    ] {
        let error = platform.proposes_for(guest, booking.id, dates, adults(guests)).await.expect_err("broken");
        assert_eq!(error.code(), ErrorCode::ValidationFailed);
        assert_eq!(error.fields().iter().map(|field| field.code).collect::<Vec<_>>(), codes, "{dates:?}");
    }
}

#[tokio::test]
async fn only_a_confirmed_stay_that_is_not_over_is_changed() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let guest = &platform.guest.actor;
    let unpaid = platform.book(&property, (20, 22)).await;
    let error = platform.proposes(guest, &unpaid, (20, 23)).await.expect_err("unpaid");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "pending_payment"));
    let (cancelled, _) = platform.paid(&property, (30, 32)).await;
    platform.cancels(guest, cancelled.id).await.expect("cancelled");
    let error = platform.proposes(guest, &cancelled, (30, 33)).await.expect_err("cancelled");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "cancelled"));

    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let details = &property.details;
    let over = details.rules.time_zone.instant(booking.dates.check_out(), details.check_out_time);
    platform.kit.database.set_now(over).await;
    let error = platform.proposes(guest, &booking, (10, 13)).await.expect_err("over, though unswept");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "completed"));
    platform.kit.database.set_now(over - jiff::SignedDuration::from_mins(5)).await;
    let proposed = platform.proposes(guest, &booking, (10, 13)).await.expect("five minutes are left");
    let left = proposed.expires_at.expect("open").duration_since(over).as_secs();
    assert_eq!(left, 0, "it ends with the stay");
}

#[tokio::test]
async fn nights_of_others_are_taken_and_own_nights_are_not() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.rules.preparation_nights = 1).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let guest = &platform.guest.actor;
    platform.book(&property, (15, 17)).await;
    for taken in [(10, 15), (13, 16), (16, 18), (17, 19)] {
        let error = platform.proposes(guest, &booking, taken).await.expect_err("taken");
        assert_eq!(error.code(), ErrorCode::DatesUnavailable, "{taken:?}");
    }
    let block = "INSERT INTO calendar_days (property_id, night, blocked) VALUES ($1, $2, true)";
    platform.kit.database.execute(block, &[&property.id.uuid(), &in_days(12)]).await;
    let error = platform.proposes(guest, &booking, (10, 13)).await.expect_err("a blocked night of preparation");
    assert_eq!(error.code(), ErrorCode::DatesUnavailable);
    platform.proposes_for(guest, booking.id, (10, 12), adults(2)).await.expect("it stays one of preparation");
    platform.withdraws(guest, booking.id).await.expect("taken back");
    platform.kit.database.batch("DELETE FROM calendar_days").await;
    for free in [(10, 14), (9, 12), (11, 13), (18, 20)] {
        platform.proposes(guest, &booking, free).await.unwrap_or_else(|error| panic!("{free:?}: {error}"));
        platform.withdraws(guest, booking.id).await.expect("taken back");
    }
}

#[tokio::test]
async fn a_host_may_withdraw_no_change_that_the_guest_is_paying_for_and_the_guest_may() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    platform.agreed(&booking, (10, 14)).await;
    let error = platform.withdraws(&platform.host.actor, booking.id).await.expect_err("not theirs");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    let error = platform.declines(&platform.host.actor, booking.id).await.expect_err("accepted");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "accepted"));
    let attempt = platform.attempt(&booking).await;
    platform.withdraws(&platform.guest.actor, booking.id).await.expect("the guest does not pay");
    assert_eq!(platform.payment(attempt.id).await.status.as_str(), "canceled");
    let error = platform.try_attempt(&booking).await.map(|_| ()).expect_err("nothing is due");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "confirmed"));
    platform.check_books().await;
}

#[tokio::test]
async fn each_step_is_told_to_the_other_side_and_the_change_to_both() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let (guest, host) = (platform.guest.email.clone(), platform.host.email.clone());
    platform.proposes(&platform.guest.actor, &booking, (10, 13)).await.expect("proposed");
    platform.declines(&platform.host.actor, booking.id).await.expect("declined");
    platform.agreed(&booking, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    platform.hear().await;
    for (kind, told) in [
        ("booking.change_proposed", vec![&host]),
        ("booking.change_declined", vec![&guest]),
        ("booking.change_accepted", vec![&guest]),
        ("booking.changed", vec![&guest, &host]),
    ] {
        let before = platform.kit.mails.sent().len();
        let event = platform.kit.events.taken().into_iter().find(|event| event.kind.as_str() == kind);
        platform.kit.services.notify(&event.expect("published")).await.expect("told");
        let mails = platform.kit.mails.sent();
        assert_eq!(mails[before..].iter().map(|mail| &mail.to).collect::<Vec<_>>(), told, "{kind}");
    }
}
