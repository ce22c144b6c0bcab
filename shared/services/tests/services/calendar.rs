//! A host's calendar and bookings: a night is never both blocked and booked, whoever comes first.

use std::sync::Arc;

use domain::calendar::{DaySpan, NightChange};
use domain::error::{Error, ErrorCode, Result};
use domain::id::FeedId;
use domain::pricing::PriceLineCode;
use domain::stay::StayDates;
use jiff::civil::date;
use services::bookings::Booking;
use services::calendar::{CalendarChange, CalendarDay, set_calendar};
use services::properties::Property;
use services::quotes::Quote;
use testkit::{Kit, Person, in_days, one_adult, stay};
use tokio::sync::Notify;
use tokio::task::JoinSet;

async fn book(kit: &Kit, guest: &Person, property: &Property, nights: (i32, i32)) -> Result<Booking> {
    kit.try_to_book(guest, &stay(property.id, nights)).await
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
    let (feed, dates) = (FeedId::new().uuid(), StayDates::new(in_days(from), in_days(to)).expect("nights"));
    kit.database
        .execute(
            "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'Other', 'https://example.com')",
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

fn block((from, to): (i32, i32)) -> Vec<CalendarChange> {
    let span = DaySpan::new(in_days(from), in_days(to)).expect("a span");
    let change = NightChange { available: Some(false), ..NightChange::default() };
    vec![CalendarChange { span, change, currency: None }]
}

async fn set(kit: &Kit, host: &Person, property: &Property, changes: &[CalendarChange]) -> Result<Vec<CalendarDay>> {
    let (actor, id) = (&host.actor, property.id);
    kit.services.write("test.set", |tx| async move { set_calendar(&tx, actor, id, changes).await }).await
}

/// Until somebody waits for a lock: each look is a question to the server.
async fn somebody_waits(kit: &Kit) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let looking = async { while kit.database.value::<i64>(sql, &[]).await == 0 {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), looking).await.expect("somebody waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_waits_for_a_block_that_is_being_written_and_is_refused() {
    let kit = Arc::new(Kit::start().await);
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let (written, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let blocking = tokio::spawn({
        let (kit, host, written, release) = (kit.clone(), host.clone(), written.clone(), release.clone());
        let (id, changes) = (property.id, block((10, 12)));
        async move {
            let (actor, changes, written, release) = (&host.actor, &changes, &written, &release);
            let work = |tx: Arc<services::Tx>| async move {
                set_calendar(&tx, actor, id, changes).await?;
                written.notify_one();
                release.notified().await;
                Ok(())
            };
            kit.services.write("test.block", work).await
        }
    });
    written.notified().await;
    let booking = tokio::spawn({
        let (kit, property) = (kit.clone(), property.clone());
        async move { book(&kit, &guest, &property, (11, 14)).await }
    });
    somebody_waits(&kit).await;
    release.notify_one();
    blocking.await.expect("no panic").expect("blocked");
    unavailable(booking.await.expect("no panic"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_waits_for_a_booking_that_is_being_written_and_is_refused() {
    let kit = Arc::new(Kit::start().await);
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let (written, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let booking = tokio::spawn({
        let (kit, written, release) = (kit.clone(), written.clone(), release.clone());
        let request = stay(property.id, (10, 12));
        async move {
            let (services, actor, request) = (&kit.services, &guest.actor, &request);
            let (sealer, written, release) = (&services.sealer().await?, &written, &release);
            let work = |tx: Arc<services::Tx>| async move {
                let booking = services.create_booking(&tx, actor, request, sealer).await?;
                written.notify_one();
                release.notified().await;
                Ok(booking)
            };
            services.write("test.book", work).await
        }
    });
    written.notified().await;
    let blocking = tokio::spawn({
        let (kit, property) = (kit.clone(), property.clone());
        async move { set(&kit, &host, &property, &block((9, 30))).await }
    });
    somebody_waits(&kit).await;
    release.notify_one();
    booking.await.expect("no panic").expect("booked");
    let refused = blocking.await.expect("no panic").expect_err("booked");
    assert_eq!(refused.code(), ErrorCode::NightBooked);
    assert_eq!(refused.extra()["dates"], serde_json::json!([in_days(10), in_days(11)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_blocks_and_bookings_come_no_night_is_both() {
    let kit = Arc::new(Kit::start().await);
    let host = kit.host().await;
    let mut guests = Vec::new();
    for _ in 0..4 {
        guests.push(kit.guest().await);
    }
    for round in 0..10_i32 {
        let property = kit.listing_of(&host, |_| {}).await;
        let mut tasks = JoinSet::new();
        for (n, guest) in (0..).zip(&guests) {
            let (kit, guest, property) = (kit.clone(), guest.clone(), property.clone());
            let nights = (10 + 3 * n, 13 + 3 * n);
            tasks.spawn(
                async move { book(&kit, &guest, &property, nights).await.map(drop).map_err(|error| error.code()) },
            );
        }
        for n in 0..4 {
            let (kit, host, property) = (kit.clone(), host.clone(), property.clone());
            let nights = (9 + 3 * n + round % 3, 12 + 3 * n + round % 3);
            tasks.spawn(async move {
                set(&kit, &host, &property, &block(nights)).await.map(drop).map_err(|error| error.code())
            });
        }
        for outcome in tasks.join_all().await {
            let refused = [ErrorCode::DatesUnavailable, ErrorCode::NightBooked, ErrorCode::TooManyHolds];
            assert!(outcome.is_ok() || refused.contains(&outcome.expect_err("refused")), "{outcome:?}");
        }
        let both: i64 = kit
            .database
            .value(
                "SELECT count(*) FROM calendar_days d JOIN bookings b
                     ON b.property_id = d.property_id AND d.night >= b.check_in AND d.night < b.check_out
                 WHERE d.blocked AND b.status = 'pending_payment'",
                &[],
            )
            .await;
        assert_eq!(both, 0, "round {round}");
        kit.database.batch("UPDATE bookings SET status = 'expired', hold_expires_at = NULL").await;
    }
}

#[tokio::test]
async fn taxes_of_the_place_are_lines_of_the_price_and_change_with_the_arrival() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let place = |country: &'static str, region: Option<&'static str>| {
        move |details: &mut services::properties::PropertyDetails| {
            details.base_price_minor = Some(10_005);
            if let Some(place) = &mut details.place {
                place.country = country.parse().expect("a country");
                place.region = region.map(str::to_owned);
            }
        }
    };
    for (country, region, expected) in [
        // 6 % of 200.10 is 12.006.
        ("US", Some(" florida "), vec![("Florida transient rentals tax", 1_201)]),
        ("US", Some("FL"), vec![("Florida transient rentals tax", 1_201)]),
        ("AE", Some("Dubai"), vec![("Dubai municipality fee", 1_401), ("United Arab Emirates VAT", 1_001)]),
        ("US", Some("NY"), vec![]),
        ("US", None, vec![]),
        ("FR", Some("FL"), vec![]),
    ] {
        let property = kit.listing_of(&host, place(country, region)).await;
        let Quote::Bookable(offer) = quote(&kit, &property, (10, 12)).await else { panic!("bookable") };
        let lines = offer.price.lines.iter().filter(|line| line.code == PriceLineCode::Tax);
        let lines: Vec<_> = lines.map(|line| (line.description.as_str(), line.amount.amount)).collect();
        assert_eq!(lines, expected, "{country} {region:?}");
        assert_eq!(offer.price.taxes.amount, expected.iter().map(|(_, amount)| amount).sum::<i64>());
        assert_eq!(book(&kit, &guest, &property, (10, 12)).await.expect("booked").price, offer.price);
    }
    let property = kit.listing_of(&host, place("MV", None)).await;
    kit.database.set_now("2025-06-20T00:00:00Z".parse().expect("an instant")).await;
    for (arrival, tax) in [(date(2025, 6, 30), 1_601), (date(2025, 7, 1), 1_701)] {
        let dates = (arrival, arrival.tomorrow().expect("a day"));
        let quoted = kit.services.quote(None, property.id, dates, one_adult()).await.expect("a quote");
        let Quote::Bookable(offer) = quoted else { panic!("bookable: {quoted:?}") };
        assert_eq!(offer.price.taxes.amount, tax, "{arrival}");
    }
}
