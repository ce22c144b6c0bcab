//! The nights a change adds are held, wherever somebody looks.

use domain::calendar::{DaySpan, NightChange, NightReason};
use domain::error::ErrorCode;
use domain::stay::StayDates;
use services::calendar::{CalendarChange, set_calendar};
use services::quotes::Quote;
use services::search::SearchFilter;
use testkit::{in_days, one_adult};

use super::nights;
use crate::Platform;

/// Whether a stay is to be had, by quote and by search.
async fn is_free(platform: &Platform, property: &services::properties::Property, (from, to): (i32, i32)) -> bool {
    let services = &platform.kit.services;
    let dates = (in_days(from), in_days(to));
    let quote = services.quote(None, property.id, dates, one_adult()).await.expect("a quote");
    let filter = SearchFilter { dates: StayDates::new(dates.0, dates.1).ok(), limit: 50, ..SearchFilter::default() };
    let found = services.search(&filter.into()).await.expect("searched").listings;
    let is_found = found.iter().any(|listing| listing.property.id == property.id);
    assert_eq!(matches!(quote, Quote::Bookable(_)), is_found, "quote and search");
    is_found
}

#[tokio::test]
async fn quote_search_and_calendar_know_of_the_nights_and_forget_them() {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.rules.preparation_nights = 1).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let guest = &platform.guest.actor;
    assert!(is_free(&platform, &property, (13, 15)).await);
    // Apart from the stay as it is, and with nights in common.
    for (proposed, taken) in [((20, 22), (19, 21)), ((10, 14), (14, 16))] {
        assert!(is_free(&platform, &property, (25, 27)).await);
        platform.proposes(guest, &booking, proposed).await.expect("proposed");
        assert!(!is_free(&platform, &property, taken).await, "{taken:?}");
        assert!(!is_free(&platform, &property, (11, 12)).await, "the stay as it is");
        assert!(is_free(&platform, &property, (25, 27)).await);
        let days = platform.kit.services.calendar(None, property.id, (Some(in_days(9)), Some(in_days(24)))).await;
        let days = days.expect("a calendar");
        assert_eq!(days.len(), 15, "each night once");
        let last = days.iter().find(|day| day.date == in_days(proposed.1 - 1)).expect("there");
        assert_eq!(last.reason, Some(NightReason::Booked));
        let after = days.iter().find(|day| day.date == in_days(proposed.1)).expect("there");
        assert_eq!(after.reason, Some(NightReason::Preparation));
        platform.withdraws(guest, booking.id).await.expect("taken back");
        assert!(is_free(&platform, &property, taken).await);
    }
    assert_eq!(nights(&platform.booking(booking.id).await), nights(&booking));
}

#[tokio::test]
async fn other_dates_offered_are_free_of_changes_too() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    platform.proposes(&platform.guest.actor, &booking, (12, 14)).await.expect("proposed");
    let wanted = (in_days(11), in_days(12));
    let quote = platform.kit.services.quote(None, property.id, wanted, one_adult()).await.expect("a quote");
    let Quote::NotBookable { nearest, .. } = quote else { panic!("taken: {quote:?}") };
    let arrivals: Vec<_> = nearest.iter().map(|dates| dates.check_in()).collect();
    assert_eq!(arrivals, [in_days(9), in_days(8), in_days(14)]);
}

#[tokio::test]
async fn a_host_can_not_block_what_a_change_holds() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    platform.proposes(&platform.guest.actor, &booking, (10, 14)).await.expect("proposed");
    let span = DaySpan::new(in_days(13), in_days(15)).expect("nights");
    let change = NightChange { available: Some(false), ..NightChange::default() };
    let changes = &[CalendarChange { span, change, currency: None }];
    let (services, actor, id) = (&platform.kit.services, &platform.host.actor, property.id);
    let block =
        || services.write("test.block", |tx| async move { set_calendar(&tx, actor, id, changes).await.map(drop) });
    let error = block().await.expect_err("held");
    assert_eq!(error.code(), ErrorCode::NightBooked);
    assert_eq!(error.extra()["dates"], serde_json::json!([in_days(13)]));
    platform.declines(actor, booking.id).await.expect("declined");
    block().await.expect("free again");
}

#[tokio::test]
async fn other_sites_read_that_the_nights_are_not_available() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let (services, host) = (&platform.kit.services, &platform.host.actor);
    let id = property.id;
    let export = services
        .write("test.export", |tx| async move { services.rotate_calendar_export(&tx, host, id).await })
        .await
        .expect("an address");
    let token = export.url.split("token=").nth(1).expect("a secret").to_owned();
    let begins = format!("DTSTART;VALUE=DATE:{}", in_days(12).strftime("%Y%m%d"));
    platform.proposes(&platform.guest.actor, &booking, (10, 14)).await.expect("proposed");
    let calendar = services.exported_calendar(id, &token).await.expect("a calendar");
    assert!(calendar.contains(&begins), "{calendar}");
    platform.declines(host, booking.id).await.expect("declined");
    let calendar = services.exported_calendar(id, &token).await.expect("a calendar");
    assert!(!calendar.contains(&begins), "{calendar}");
}
