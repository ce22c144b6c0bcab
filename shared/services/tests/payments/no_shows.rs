//! A guest who never came: the host may say so once the day of arrival is over and before the stay is.

use domain::error::{Error, ErrorCode, Result};
use domain::id::BookingId;
use domain::stay::StayDates;
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp, ToSpan};
use services::Actor;
use services::bookings::Booking;
use services::no_shows::report_no_show;
use services::properties::Property;
use testkit::in_days;

use crate::Platform;

async fn reports(platform: &Platform, actor: &Actor, id: BookingId) -> Result<Booking> {
    let services = &platform.kit.services;
    services.write("test.no_show", |tx| async move { report_no_show(&tx, actor, id).await }).await
}

fn state(error: &Error) -> (ErrorCode, &str) {
    (error.code(), error.extra()["state"].as_str().unwrap_or(""))
}

/// The end of the day of arrival, and the end of the stay.
fn limits(property: &Property, dates: StayDates) -> (Timestamp, Timestamp) {
    let details = &property.details;
    let zone = &details.rules.time_zone;
    let next_day = dates.check_in().checked_add(1.day()).expect("a day");
    (zone.instant(next_day, time(0, 0, 0, 0)), zone.instant(dates.check_out(), details.check_out_time))
}

#[tokio::test]
async fn from_the_day_after_arrival_to_the_end_of_the_stay_and_not_at_other_times() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 13)).await;
    let (first, over) = limits(&property, booking.dates);
    let minute = SignedDuration::from_mins(1);

    platform.kit.database.set_now(first - minute).await;
    let error = reports(&platform, &platform.host.actor, booking.id).await.expect_err("the guest may still come");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "confirmed"));
    assert_eq!(error.extra()["possible_from"], in_days(11).to_string());

    platform.kit.database.set_now(over).await;
    let error = reports(&platform, &platform.host.actor, booking.id).await.expect_err("the stay is over");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "completed"));

    platform.kit.database.set_now(first).await;
    let reported = reports(&platform, &platform.host.actor, booking.id).await.expect("nobody came");
    assert_eq!(reported.status.as_str(), "no_show");
    let last = reported.timeline.last().expect("an entry");
    assert_eq!((last.event.as_str(), last.by.as_str()), ("no_show", "host"));
    let error = reports(&platform, &platform.host.actor, booking.id).await.expect_err("once");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "no_show"));

    assert_eq!(platform.events_of("booking.no_show").await, 1);
    assert_eq!(platform.refunds().await, (0, 0), "nothing goes back");
    assert_eq!(platform.payment(payment.id).await.refunded_minor, 0);
    platform.book(&property, (11, 13)).await;
    platform.check_books().await;
}

#[tokio::test]
async fn only_the_host_reports_and_only_of_a_confirmed_stay() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 13)).await;
    let (cancelled, _) = platform.paid(&property, (20, 23)).await;
    let (actor, id) = (&platform.guest.actor, cancelled.id);
    let services = &platform.kit.services;
    let work =
        |tx: std::sync::Arc<services::Tx>| async move { services::cancellations::cancel(&tx, actor, id, None).await };
    services.write("test.cancel", work).await.expect("cancelled");
    services.carry_out_for(id).await;
    platform.kit.database.set_now(limits(&property, booking.dates).0).await;

    let stranger = platform.kit.person().await;
    let error = reports(&platform, &stranger.actor, booking.id).await.expect_err("not theirs");
    assert_eq!(error.code(), ErrorCode::NotFound);
    let error = reports(&platform, &platform.guest.actor, booking.id).await.expect_err("the guest");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    let error = reports(&platform, &platform.host.actor, cancelled.id).await.expect_err("cancelled");
    assert_eq!(state(&error), (ErrorCode::InvalidState, "cancelled"));
    assert_eq!(platform.status(booking.id).await, "confirmed");
}

#[tokio::test]
async fn the_guest_hears_of_it_by_mail_and_the_host_does_not() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 13)).await;
    platform.kit.database.set_now(limits(&property, booking.dates).0).await;
    reports(&platform, &platform.host.actor, booking.id).await.expect("nobody came");
    let event = platform.kit.events.taken().into_iter().find(|event| event.kind.as_str() == "booking.no_show");
    platform.kit.services.notify(&event.expect("published")).await.expect("told");
    let told: Vec<String> = platform.kit.mails.sent().into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, std::slice::from_ref(&platform.guest.email));
}
