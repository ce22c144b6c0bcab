//! A host's calendar and bookings: a night is never both blocked and booked, whoever comes first.

use domain::error::{Error, ErrorCode, Result};
use domain::id::{PropertyId, UserId};
use domain::stay::StayDates;
use services::bookings::{Booking, BookingRequest};
use services::properties::Property;
use services::quotes::Quote;
use testkit::{Kit, Person, in_days, one_adult};

pub(crate) fn stay(property_id: PropertyId, (check_in, check_out): (i32, i32)) -> BookingRequest {
    BookingRequest {
        property_id,
        check_in: in_days(check_in),
        check_out: in_days(check_out),
        guests: one_adult(),
        message: None,
        quote_id: None,
        expected_total: None,
    }
}

pub(crate) async fn book(kit: &Kit, guest: &Person, property: &Property, nights: (i32, i32)) -> Result<Booking> {
    let (services, actor, request) = (&kit.services, &guest.actor, &stay(property.id, nights));
    let sealer = &services.sealer().await?;
    services.write("test.book", |tx| async move { services.create_booking(&tx, actor, request, sealer).await }).await
}

async fn quote(kit: &Kit, property: &Property, (check_in, check_out): (i32, i32)) -> Quote {
    let dates = (in_days(check_in), in_days(check_out));
    kit.services.quote(None, property.id, dates, one_adult()).await.expect("a quote")
}

#[track_caller]
fn unavailable(outcome: Result<Booking>) {
    assert_eq!(outcome.map_err(|error: Error| error.code()).expect_err("taken"), ErrorCode::DatesUnavailable);
}

/// A day of the calendar as a host's tool would have left it.
async fn set_day(kit: &Kit, property: &Property, day: i32, columns: &str, values: &str) {
    let sql = format!("INSERT INTO calendar_days (property_id, night, {columns}) VALUES ($1, $2, {values})");
    kit.database.execute(&sql, &[&property.id.uuid(), &in_days(day)]).await;
}

/// Nights taken on another site.
async fn import(kit: &Kit, property: &Property, (from, to): (i32, i32)) {
    let (feed, dates) = (UserId::new().uuid(), StayDates::new(in_days(from), in_days(to)).expect("nights"));
    kit.database
        .execute(
            "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'Other', 'https://example.com/' || $1)",
            &[&feed, &property.id.uuid()],
        )
        .await;
    kit.database
        .execute(
            "INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out) VALUES ($1, 'a', $2, $3, $4)",
            &[&feed, &property.id.uuid(), &dates.check_in(), &dates.check_out()],
        )
        .await;
}

#[tokio::test]
async fn a_stay_needs_its_nights_and_preparation_free_of_blocks_and_imports() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |details| details.rules.preparation_nights = 1).await;
    set_day(&kit, &property, 20, "blocked", "true").await;
    import(&kit, &property, (30, 32)).await;
    for taken in [(20, 21), (19, 21), (18, 20), (15, 25), (30, 31), (31, 33), (28, 30), (29, 40)] {
        unavailable(book(&kit, &guest, &property, taken).await);
    }
    for free in [(21, 22), (17, 19), (32, 33), (27, 29)] {
        book(&kit, &guest, &property, free).await.unwrap_or_else(|error| panic!("{free:?}: {error}"));
    }
}

#[tokio::test]
async fn an_override_that_blocks_nothing_is_no_obstacle_and_sets_the_price() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    set_day(&kit, &property, 11, "price_minor", "25000").await;
    let Quote::Bookable(offer) = quote(&kit, &property, (10, 13)).await else { panic!("bookable") };
    assert_eq!(offer.price.subtotal.amount, 10_000 + 25_000 + 10_000);
    let booking = book(&kit, &guest, &property, (10, 13)).await.expect("booked");
    assert_eq!(booking.price, offer.price);
}

#[tokio::test]
async fn min_nights_of_a_day_count_for_arrivals_on_it_only() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit.listing_of(&host, |details| details.rules.min_nights = 2).await;
    let guest = kit.guest().await;
    set_day(&kit, &property, 10, "min_nights", "3").await;
    set_day(&kit, &property, 20, "min_nights", "1").await;
    for (nights, bookable) in
        [((10, 12), false), ((10, 13), true), ((9, 11), true), ((20, 21), true), ((21, 22), false)]
    {
        let quoted = quote(&kit, &property, nights).await;
        assert_eq!(matches!(quoted, Quote::Bookable(_)), bookable, "{nights:?}: {quoted:?}");
        let booked = book(&kit, &guest, &property, nights).await;
        assert_eq!(booked.is_ok(), bookable, "{nights:?}");
        if let Ok(booking) = booked {
            kit.database.execute("DELETE FROM bookings WHERE id = $1", &[&booking.id.uuid()]).await;
        }
    }
}
