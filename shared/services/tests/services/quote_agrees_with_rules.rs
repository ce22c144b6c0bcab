//! The nearest stays that a quote offers are those that a look at each day by the domain's rules finds.

use std::collections::BTreeMap;

use domain::id::{BookingId, FeedId};
use domain::stay::{StayDates, broken_rules};
use domain::time_zone::TimeZoneName;
use jiff::civil::{Date, date, time};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use services::properties::Property;
use services::quotes::Quote;
use testkit::{Kit, Person, one_adult};
use tokio::runtime::Handle;

/// A property, and what takes or changes its nights, in days from the day zero.
#[derive(Clone, Debug)]
struct Calendar {
    zone: &'static str,
    check_in_hour: i8,
    min_nights: u32,
    extra_nights: u32,
    notice: u32,
    window: u32,
    preparation: u32,
    /// First night, nights, and whether it still holds them.
    booked: Vec<(i32, i32, bool)>,
    imported: Vec<(i32, i32)>,
    /// Night, whether it is blocked, and min nights for arrivals.
    days: BTreeMap<i32, (bool, Option<i16>)>,
}

fn calendar() -> impl Strategy<Value = Calendar> {
    let rules = (1..4_u32, 0..6_u32, prop_oneof![Just(0_u32), 1..80_u32], 1..90_u32, 0..3_u32);
    let taken = (
        prop::collection::vec((-70..80, 1..30, any::<bool>()), 0..6),
        prop::collection::vec((-70..80, 1..20), 0..4),
        prop::collection::btree_map(-70..80, (any::<bool>(), prop::option::of(1..6_i16)), 0..30),
    );
    let zone = prop::sample::select(&["UTC", "Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago"][..]);
    (zone, 0..24_i8, rules, taken).prop_map(
        |(zone, check_in_hour, (min_nights, extra_nights, notice, window, preparation), (booked, imported, days))| {
            Calendar {
                zone,
                check_in_hour,
                min_nights,
                extra_nights,
                notice,
                window,
                preparation,
                booked,
                imported,
                days,
            }
        },
    )
}

fn day(zero: Date, at: i32) -> Date {
    zero.checked_add(at.days()).expect("near")
}

async fn listing(kit: &Kit, host: &Person, guest: &Person, calendar: &Calendar, zero: Date) -> Property {
    let property = kit
        .listing_of(host, |details| {
            let rules = &mut details.rules;
            rules.time_zone = TimeZoneName::parse(calendar.zone).expect("a zone");
            rules.check_in_time = time(calendar.check_in_hour, 30, 0, 0);
            rules.min_nights = calendar.min_nights;
            rules.max_nights = calendar.min_nights + calendar.extra_nights;
            rules.advance_notice_hours = calendar.notice;
            rules.booking_window_days = calendar.window;
            rules.preparation_nights = calendar.preparation;
        })
        .await;
    let id = property.id.uuid();
    for (first, nights, holds) in &calendar.booked {
        let (from, to) = (day(zero, *first), day(zero, first + nights));
        let sql = "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until,
                       adults, children, infants, pets, price, currency, total_minor, host_payout_minor,
                       cancellation_policy, instant_book, hold_expires_at, timeline)
                   VALUES ($1, $2, $3, $4, 'pending_payment', $5, $6, $6, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible',
                       true, CASE WHEN $7 THEN app_now() + interval '1 hour' ELSE app_now() END, '[]')
                   ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING";
        let booking = BookingId::new().uuid();
        kit.database.execute(sql, &[&booking, &id, &guest.id.uuid(), &host.id.uuid(), &from, &to, holds]).await;
    }
    let feed = FeedId::new().uuid();
    let sql = "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'A', 'https://example.com')";
    kit.database.execute(sql, &[&feed, &id]).await;
    for (n, (first, nights)) in calendar.imported.iter().enumerate() {
        let sql =
            "INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out) VALUES ($1, $2, $3, $4, $5)";
        let (from, to) = (day(zero, *first), day(zero, first + nights));
        kit.database.execute(sql, &[&feed, &n.to_string(), &id, &from, &to]).await;
    }
    for (at, (blocked, min_nights)) in &calendar.days {
        let sql = "INSERT INTO calendar_days (property_id, night, blocked, min_nights) VALUES ($1, $2, $3, $4)";
        kit.database.execute(sql, &[&id, &day(zero, *at), blocked, min_nights]).await;
    }
    property
}

/// Every stay that takes a night, as the database kept them: of bookings that overlap it has refused some.
async fn taken(kit: &Kit, property: &Property) -> Vec<StayDates> {
    let sql = "SELECT check_in, held_until FROM bookings WHERE property_id = $1 AND hold_expires_at > app_now()
               UNION ALL SELECT check_in, check_out FROM imported_stays WHERE property_id = $1
               UNION ALL SELECT night, night + 1 FROM calendar_days WHERE property_id = $1 AND blocked";
    let rows = kit.database.rows(sql, &[&property.id.uuid()]).await;
    rows.iter().map(|row| StayDates::new(row.get(0), row.get(1)).expect("nights")).collect()
}

/// Whether a stay can be booked, by the rules and a look at everything that takes nights.
fn bookable(
    property: &Property,
    (calendar, zero): (&Calendar, Date),
    taken: &[StayDates],
    dates: StayDates,
    now: Timestamp,
) -> bool {
    let of_arrival = calendar.days.iter().find(|(at, _)| day(zero, **at) == dates.check_in());
    let min_nights = of_arrival.and_then(|(_, (_, min_nights))| min_nights.map(|nights| nights.unsigned_abs().into()));
    let rules = property.details.rules.clone().with_min_nights(min_nights);
    let held = StayDates::new(dates.check_in(), dates.held_until(rules.preparation_nights)).expect("nights");
    broken_rules(&rules, dates.check_in(), dates.check_out(), one_adult(), false, now).is_empty()
        && taken.iter().all(|other| !other.overlaps(held))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_and_what_it_offers_instead_are_what_the_rules_say_of_each_day() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let (kit, host, guest) = (&kit, &host, &guest);
    let zero = date(2027, 3, 27);
    let cases = (calendar(), 0..48_i64 * 60, prop::collection::vec((-5..70_i32, 1..9_i32), 6));
    let mut runner =
        TestRunner::new(Config { cases: 60, max_shrink_iters: 100, failure_persistence: None, ..Config::default() });
    let offers = std::cell::Cell::new(0);
    let outcome = tokio::task::block_in_place(|| {
        let run = runner.run(&cases, |(calendar, minutes, stays)| {
            Handle::current().block_on(async {
                // Half a minute past, so that time that goes by meanwhile crosses no boundary.
                let now = zero.at(0, 0, 30, 0).in_tz("UTC").expect("an instant").timestamp() + minutes.minutes();
                kit.database.set_now(now).await;
                let property = listing(kit, host, guest, &calendar, zero).await;
                let taken = taken(kit, &property).await;
                for (first, nights) in stays {
                    let wanted = StayDates::new(day(zero, first), day(zero, first + nights)).expect("nights");
                    let at = |shift: i32| {
                        StayDates::new(day(zero, first + shift), day(zero, first + shift + nights)).expect("nights")
                    };
                    let may = |dates: StayDates| bookable(&property, (&calendar, zero), &taken, dates, now);
                    let mut shifts: Vec<i32> = (-60..=60).filter(|shift| *shift != 0 && may(at(*shift))).collect();
                    shifts.sort_by_key(|shift| (shift.abs(), *shift));
                    let expected: Vec<StayDates> = shifts.into_iter().take(3).map(at).collect();
                    let dates = (wanted.check_in(), wanted.check_out());
                    match kit.services.quote(None, property.id, dates, one_adult()).await.expect("a quote") {
                        Quote::Bookable(_) => prop_assert!(may(wanted), "{wanted:?} was quoted"),
                        Quote::NotBookable { nearest, reasons } => {
                            prop_assert!(!may(wanted), "{wanted:?} was refused: {reasons:?}");
                            offers.set(offers.get() + nearest.len());
                            prop_assert_eq!(nearest, expected, "instead of {:?}", wanted);
                        }
                    }
                }
                Ok(())
            })
        });
        run.map_err(|failure| failure.to_string())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let offered = offers.get();
    assert!(offered > 100, "only {offered} stays were offered: the cases try nothing");
}
