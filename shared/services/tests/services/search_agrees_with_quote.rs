//! Search and quote are two ways to the same answer: a listing is found for a stay exactly when it can be booked.

use std::collections::BTreeSet;

use domain::id::{BookingId, PropertyId};
use domain::stay::{Guests, StayDates};
use domain::time_zone::TimeZoneName;
use jiff::civil::{Date, date, time};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use services::properties::Property;
use services::quotes::Quote;
use services::search::{SearchFilter, SearchRequest};
use testkit::{Kit, Person};
use tokio::runtime::Handle;

/// Among them zones with half hours, half-hour summer time, both ends of the day, and a date that was left out.
const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Casablanca",
];

#[derive(Clone, Debug)]
struct Place {
    zone: &'static str,
    check_in_hour: i8,
    min_nights: u32,
    extra_nights: u32,
    advance_notice_hours: u32,
    booking_window_days: u32,
    preparation_nights: u32,
    max_guests: u32,
    /// First night after the day zero, nights, nights of preparation then, and what became of it.
    booked: Vec<(i32, i32, i32, &'static str)>,
    /// First night after the day zero, nights and nights of preparation then of changes proposed, and whether their time
    /// has run out.
    changes: Vec<(i32, i32, i32, bool)>,
    /// Days after the day zero that the host has closed.
    blocked: Vec<i32>,
    /// First night after the day zero and nights of stays on another site.
    imported: Vec<(i32, i32)>,
    /// Days after the day zero with a shortest stay of their own.
    min_nights_of: Vec<(i32, i16)>,
}

fn place() -> impl Strategy<Value = Place> {
    let status = prop_oneof![
        Just("pending_payment"),
        Just("run_out"),
        Just("pending_host"),
        Just("confirmed"),
        Just("completed"),
        Just("declined"),
        Just("no_show"),
    ];
    let booked = prop::collection::vec((-3..20, 1..5, 0..3, status), 0..5);
    let changes = prop::collection::vec((-3..20, 1..5, 0..3, prop::bool::weighted(0.3)), 0..3);
    let calendar = (
        changes,
        prop::collection::vec(-2..22_i32, 0..3),
        prop::collection::vec((-3..20_i32, 1..4_i32), 0..2),
        prop::collection::vec((0..20_i32, 1..7_i16), 0..6),
    );
    let rules = (1..4_u32, 0..6_u32, prop_oneof![Just(0_u32), 1..80_u32], 1..25_u32, 0..3_u32, 1..4_u32);
    (prop::sample::select(&ZONES[..]), 0..24_i8, rules, booked, calendar).prop_map(
        |(
            zone,
            check_in_hour,
            (min_nights, extra_nights, notice, window, preparation, max_guests),
            booked,
            (changes, blocked, imported, min_nights_of),
        )| Place {
            zone,
            check_in_hour,
            min_nights,
            extra_nights,
            advance_notice_hours: notice,
            booking_window_days: window,
            preparation_nights: preparation,
            max_guests,
            booked,
            changes,
            blocked,
            imported,
            min_nights_of,
        },
    )
}

/// Moments around both changes of the clocks, at any hour of the day.
fn moment() -> impl Strategy<Value = (Date, Timestamp)> {
    let days = [
        date(2027, 3, 13),
        date(2027, 3, 27),
        date(2027, 11, 6),
        date(2027, 10, 30),
        date(2027, 12, 31),
        date(2028, 2, 28),
    ];
    (prop::sample::select(days.to_vec()), 0..48_i64 * 60).prop_map(|(day, minutes)| {
        let now = day.at(0, 0, 0, 0).in_tz("UTC").expect("an instant").timestamp() + minutes.minutes();
        (day, now)
    })
}

async fn listing(kit: &Kit, host: &Person, guest: &Person, place: &Place, day: Date) -> Property {
    let property = kit
        .listing_of(host, |details| {
            let rules = &mut details.rules;
            rules.time_zone = TimeZoneName::parse(place.zone).expect("a zone");
            rules.check_in_time = time(place.check_in_hour, 30, 0, 0);
            rules.min_nights = place.min_nights;
            rules.max_nights = place.min_nights + place.extra_nights;
            rules.advance_notice_hours = place.advance_notice_hours;
            rules.booking_window_days = place.booking_window_days;
            rules.preparation_nights = place.preparation_nights;
            rules.max_guests = place.max_guests;
        })
        .await;
    for (first, nights, preparation, status) in &place.booked {
        let check_in = day.checked_add(first.days()).expect("near");
        let check_out = check_in.checked_add(nights.days()).expect("near");
        let held_until = check_out.checked_add(preparation.days()).expect("near");
        // What overlaps an earlier one is left out, as it would be.
        kit.database
            .execute(
                "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                     children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                     instant_book, hold_expires_at, timeline)
                 VALUES ($1, $2, $3, $4, CASE WHEN $8 = 'run_out' THEN 'pending_payment' ELSE $8 END, $5, $6, $7, 1,
                     0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
                     CASE WHEN $8 = 'run_out' THEN app_now() WHEN $8 LIKE 'pending%' THEN app_now() + interval '1 hour' END,
                     '[]')
                 ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING",
                &[
                    &BookingId::new().uuid(),
                    &property.id.uuid(),
                    &guest.id.uuid(),
                    &host.id.uuid(),
                    &check_in,
                    &check_out,
                    &held_until,
                    status,
                ],
            )
            .await;
    }
    propose_changes(kit, &property, place, day).await;
    keep_calendar(kit, &property, place, day).await;
    property
}

/// Other nights for some of its bookings, each at most once.
async fn propose_changes(kit: &Kit, property: &Property, place: &Place, day: Date) {
    for (first, nights, preparation, run_out) in &place.changes {
        let check_in = day.checked_add(first.days()).expect("near");
        let check_out = check_in.checked_add(nights.days()).expect("near");
        let held_until = check_out.checked_add(preparation.days()).expect("near");
        let propose = "INSERT INTO booking_changes (id, booking_id, property_id, proposed_by, check_in, check_out,
                held_until, adults, children, infants, pets, price, difference_minor, hold_expires_at)
            SELECT gen_random_uuid(), b.id, b.property_id, 'guest', $2, $3, $4, 1, 0, 0, 0, '{}', 0,
                CASE WHEN $5 THEN app_now() ELSE app_now() + interval '1 hour' END
            FROM bookings b
            WHERE b.property_id = $1 AND NOT EXISTS (SELECT 1 FROM booking_changes c WHERE c.booking_id = b.id)
            ORDER BY b.status = 'confirmed' DESC, b.id LIMIT 1";
        kit.database.execute(propose, &[&property.id.uuid(), &check_in, &check_out, &held_until, run_out]).await;
    }
}

/// What the host and another site say of single nights.
async fn keep_calendar(kit: &Kit, property: &Property, place: &Place, day: Date) {
    let id = property.id.uuid();
    for after in &place.blocked {
        let block =
            "INSERT INTO calendar_days (property_id, night, blocked) VALUES ($1, $2, true) ON CONFLICT DO NOTHING";
        kit.database.execute(block, &[&id, &day.checked_add(after.days()).expect("near")]).await;
    }
    for (after, nights) in &place.min_nights_of {
        let shortest = "INSERT INTO calendar_days (property_id, night, min_nights) VALUES ($1, $2, $3)
                        ON CONFLICT (property_id, night) DO UPDATE SET min_nights = EXCLUDED.min_nights";
        kit.database.execute(shortest, &[&id, &day.checked_add(after.days()).expect("near"), nights]).await;
    }
    let feed = uuid::Uuid::now_v7();
    let new_feed =
        "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'elsewhere', 'https://a.example')";
    kit.database.execute(new_feed, &[&feed, &id]).await;
    for (n, (after, nights)) in place.imported.iter().enumerate() {
        let check_in = day.checked_add(after.days()).expect("near");
        let check_out = check_in.checked_add(nights.days()).expect("near");
        let import =
            "INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out) VALUES ($1, $2, $3, $4, $5)";
        kit.database.execute(import, &[&feed, &n.to_string(), &id, &check_in, &check_out]).await;
    }
}

fn search_for(dates: StayDates, guests: u32) -> SearchRequest {
    SearchFilter { dates: Some(dates), guests: Some(guests), limit: 100, ..SearchFilter::default() }.into()
}

async fn found(kit: &Kit, dates: StayDates, guests: u32) -> BTreeSet<PropertyId> {
    let found = kit.services.search(&search_for(dates, guests)).await.expect("searched");
    found.listings.iter().map(|listing| listing.property.id).collect()
}

/// Whether it can be booked, and why not.
async fn quoted(kit: &Kit, property: &Property, dates: StayDates, guests: u32) -> Result<(), String> {
    let guests = Guests { adults: guests, children: 0, infants: 0, pets: 0 };
    match kit.services.quote(None, property.id, (dates.check_in(), dates.check_out()), guests).await.expect("a quote") {
        Quote::Bookable(_) => Ok(()),
        Quote::NotBookable { reasons, nearest } => {
            // What is offered instead must be bookable itself.
            if let Some(offered) = nearest.first() {
                let offered = (offered.check_in(), offered.check_out());
                let again = kit.services.quote(None, property.id, offered, guests).await.expect("a quote");
                assert!(matches!(again, Quote::Bookable(_)), "{offered:?} was offered: {again:?}");
            }
            Err(format!("{reasons:?}"))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_is_found_for_a_stay_exactly_when_it_can_be_booked() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (kit, host, guest) = (&kit, &host, &guest);
    let stays = prop::collection::vec((-2..24_i32, 1..9_i32, 1..5_u32), 6);
    let cases = (moment(), prop::collection::vec(place(), 3), stays);
    let mut runner =
        TestRunner::new(Config { cases: 40, max_shrink_iters: 60, failure_persistence: None, ..Config::default() });
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&cases, |((day, now), places, stays)| {
            Handle::current().block_on(async {
                kit.database.set_now(now).await;
                kit.database.batch("DELETE FROM listing_search").await;
                let mut listings = Vec::new();
                for place in &places {
                    listings.push(listing(kit, host, guest, place, day).await);
                }
                for (first, nights, guests) in stays {
                    let check_in = day.checked_add(first.days()).expect("near");
                    let check_out = check_in.checked_add(nights.days()).expect("near");
                    let dates = StayDates::new(check_in, check_out).expect("nights");
                    let hits = found(kit, dates, guests).await;
                    for (property, place) in listings.iter().zip(&places) {
                        let quote = quoted(kit, property, dates, guests).await;
                        prop_assert_eq!(
                            hits.contains(&property.id),
                            quote.is_ok(),
                            "{:?} for {} guests at {:?}: {:?}",
                            dates,
                            guests,
                            place,
                            quote
                        );
                    }
                }
                Ok(())
            })
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// A check-in time that comes twice in the night the clocks go back is the first of the two, for both.
#[tokio::test]
async fn notice_before_a_check_in_time_that_comes_twice_is_counted_alike() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit
        .listing_of(&host, |details| {
            details.rules.time_zone = TimeZoneName::parse("America/New_York").expect("a zone");
            details.rules.check_in_time = time(1, 30, 0, 0);
            details.rules.advance_notice_hours = 24;
        })
        .await;
    // 01:30 is at 05:30 and again at 06:30 UTC.
    let dates = StayDates::new(date(2027, 11, 7), date(2027, 11, 8)).expect("a night");
    for (now, bookable) in
        [("2027-11-06T05:29:00Z", true), ("2027-11-06T06:00:00Z", false), ("2027-11-06T07:00:00Z", false)]
    {
        kit.database.set_now(now.parse().expect("an instant")).await;
        let quote = quoted(&kit, &property, dates, 1).await;
        assert_eq!((quote.is_ok(), found(&kit, dates, 1).await.len() == 1), (bookable, bookable), "{now}: {quote:?}");
    }
}
