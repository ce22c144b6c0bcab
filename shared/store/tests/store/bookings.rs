//! Nobody's nights are ever promised twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::id::BookingId;
use domain::money::BasisPoints;
use domain::pricing::{Price, ServiceFees, price_stay};
use domain::stay::StayDates;
use domain::time_zone::TimeZoneName;
use jiff::SignedDuration;
use jiff::civil::{Date, time};
use services::properties::Property;
use store::bookings::{ArrivalTerms, Booking, NewBooking};
use testkit::{Kit, Person, in_days, one_adult};
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;

fn arrival() -> ArrivalTerms {
    ArrivalTerms { check_in_time: time(15, 0, 0, 0), time_zone: TimeZoneName::utc() }
}

const FEES: ServiceFees = ServiceFees { guest: BasisPoints(1_420), host: BasisPoints(300) };

fn price(property: &Property, dates: StayDates) -> Price {
    let card = property.rate_card().expect("a listed property has a price");
    price_stay(&card, dates, 1, &BTreeMap::new(), &[], FEES).expect("a price")
}

/// Asks for nights; none when the database says that they are taken.
async fn hold(
    kit: &Kit,
    property: &Property,
    guest: &Person,
    (check_in, check_out): (i32, i32),
    preparation_nights: u32,
) -> Option<Booking> {
    let dates = StayDates::new(in_days(check_in), in_days(check_out)).expect("nights");
    let price = &price(property, dates);
    let inserted = kit.services.db.run_tx("test.hold", |tx| async move {
        let new = NewBooking {
            id: BookingId::new(),
            property_id: property.id,
            guest_id: guest.id,
            host_id: property.host_id,
            dates,
            preparation_nights,
            guests: one_adult(),
            price,
            fees: FEES,
            cancellation_policy: property.details.cancellation_policy,
            arrival: &arrival(),
            instant_book: true,
            message: None,
            hold_minutes: 15,
        };
        store::bookings::insert(&tx, &new).await
    });
    inserted.await.expect("neither deadlock nor fault").value
}

async fn expire(kit: &Kit, property: &Property, (from, until): (i32, i32)) -> u64 {
    let expired = kit.services.db.run_tx("test.expire", |tx| async move {
        store::bookings::expire_overdue_on(&tx, property.id, in_days(from), in_days(until)).await
    });
    expired.await.expect("expired").value
}

#[tokio::test]
async fn a_night_is_held_once_and_days_of_arrival_and_leaving_may_meet() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    assert!(hold(&kit, &property, &guest, (10, 13), 0).await.is_some());
    for overlapping in [(10, 13), (12, 14), (9, 11), (11, 12), (1, 30)] {
        assert!(hold(&kit, &property, &guest, overlapping, 0).await.is_none(), "{overlapping:?}");
    }
    assert!(hold(&kit, &property, &guest, (13, 14), 0).await.is_some());
    assert!(hold(&kit, &property, &guest, (9, 10), 0).await.is_some());
    let other = kit.listed_property().await;
    assert!(hold(&kit, &other, &guest, (10, 13), 0).await.is_some(), "another property has nights of its own");
}

#[tokio::test]
async fn preparation_nights_keep_a_gap_at_the_end_only() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    assert!(hold(&kit, &property, &guest, (10, 12), 2).await.is_some());
    assert!(hold(&kit, &property, &guest, (12, 13), 2).await.is_none(), "the first night of preparation");
    assert!(hold(&kit, &property, &guest, (13, 14), 2).await.is_none(), "the second");
    assert!(hold(&kit, &property, &guest, (14, 15), 2).await.is_some(), "the gap is two nights, not four");
    assert!(hold(&kit, &property, &guest, (7, 9), 2).await.is_none(), "its own preparation would reach into the stay");
    assert!(hold(&kit, &property, &guest, (7, 8), 2).await.is_some(), "its preparation ends as the stay begins");
}

#[tokio::test]
async fn a_stay_without_nights_is_refused_by_the_database_itself() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let booking = hold(&kit, &property, &guest, (10, 13), 0).await.expect("free nights");
    let app = kit.database.connect_as_app().await;
    // Reversed ends are refused by the range itself; equal ones only by the CHECK.
    for (column, day) in [("check_in", 13), ("check_out", 10), ("held_until", 12)] {
        let sql = format!("UPDATE bookings SET {column} = $2 WHERE id = $1");
        let refused = app.execute(&sql, &[&booking.id.uuid(), &in_days(day)]).await.expect_err(column);
        let refused = refused.as_db_error().expect("the server's own words");
        assert_eq!(
            (refused.code(), refused.constraint()),
            (&SqlState::CHECK_VIOLATION, Some("bookings_dates_in_order"))
        );
    }
}

#[tokio::test]
async fn an_expired_hold_reads_as_expired_and_lets_go_of_its_nights() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let first = hold(&kit, &property, &guest, (10, 13), 1).await.expect("free nights");
    kit.database.advance(SignedDuration::from_mins(14)).await;
    assert_eq!(expire(&kit, &property, (0, 30)).await, 0, "the hold lasts for 15 minutes");
    kit.database.advance(SignedDuration::from_mins(1)).await;
    let connection = kit.services.db.connection().await.expect("connected");
    let read = store::bookings::find(&connection, first.id).await.expect("read").expect("there");
    assert_eq!((read.status.as_str(), read.hold_expires_at), ("expired", None), "no sweeper has been by");
    let free = store::stays::are_free(&connection, property.id, (in_days(0), in_days(30))).await.expect("read");
    assert!(free);
    assert_eq!(expire(&kit, &property, (14, 30)).await, 0, "nights beside it are not its own");
    assert_eq!(expire(&kit, &property, (13, 14)).await, 1, "the night of preparation is");
    assert_eq!(expire(&kit, &property, (13, 14)).await, 0, "once");
    assert!(hold(&kit, &property, &guest, (10, 13), 0).await.is_some());
    let read = store::bookings::find(&connection, first.id).await.expect("read").expect("there");
    let last = read.timeline.last().expect("it has a history");
    assert_eq!((last.event.as_str(), Some(last.at)), ("expired", first.hold_expires_at));
}

#[tokio::test]
async fn exactly_the_open_and_confirmed_states_hold_nights() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let booking = hold(&kit, &property, &guest, (10, 13), 0).await.expect("free nights");
    for status in domain::booking::BookingStatus::ALL {
        let pending = status.as_str().starts_with("pending");
        kit.database
            .execute(
                "UPDATE bookings SET status = $2, hold_expires_at = CASE WHEN $3 THEN now() + interval '1 hour' END,
                     cancelled_by = CASE WHEN $2 = 'cancelled' THEN 'guest' END
                 WHERE id = $1",
                &[&booking.id.uuid(), &status.as_str(), &pending],
            )
            .await;
        let other = hold(&kit, &property, &guest, (11, 12), 0).await;
        assert_eq!(other.is_none(), status.holds_nights(), "{status}");
        if let Some(other) = other {
            kit.database.execute("DELETE FROM bookings WHERE id = $1", &[&other.id.uuid()]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_at_once_no_two_overlap_and_none_meets_a_deadlock() {
    let kit = Arc::new(Kit::start().await);
    let (property, guest) = (Arc::new(kit.listed_property().await), kit.guest().await);
    let attempts = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        // Xorshift: the same stays in each run, in whatever order they come.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        i32::try_from(random % below).expect("small")
    };
    for _ in 0..100 {
        let first = 10 + next(60);
        let dates = StayDates::new(in_days(first), in_days(first + 1 + next(6))).expect("nights");
        let (kit, property, guest, attempts) = (kit.clone(), property.clone(), guest.id, attempts.clone());
        tasks.spawn(async move {
            let price = price(&property, dates);
            let (property, price, attempts) = (&property, &price, &attempts);
            let inserted = kit.services.db.run_tx("test.race", |tx| async move {
                attempts.fetch_add(1, Ordering::Relaxed);
                let new = NewBooking {
                    id: BookingId::new(),
                    property_id: property.id,
                    guest_id: guest,
                    host_id: property.host_id,
                    dates,
                    preparation_nights: 0,
                    guests: one_adult(),
                    price,
                    fees: FEES,
                    cancellation_policy: property.details.cancellation_policy,
                    arrival: &arrival(),
                    instant_book: true,
                    message: None,
                    hold_minutes: 15,
                };
                store::bookings::insert(&tx, &new).await
            });
            (dates, inserted.await.expect("neither deadlock nor fault").value.is_some())
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(attempts.load(Ordering::Relaxed), 100, "no transaction had to be run again");
    let accepted: Vec<StayDates> = outcomes.iter().filter(|(_, accepted)| *accepted).map(|(dates, _)| *dates).collect();
    for (at, one) in accepted.iter().enumerate() {
        assert!(accepted[at + 1..].iter().all(|other| !one.overlaps(*other)), "{one:?} overlaps another");
    }
    // Whoever lost did so to somebody: every refused stay overlaps an accepted one.
    for (refused, _) in outcomes.iter().filter(|(_, accepted)| !accepted) {
        assert!(accepted.iter().any(|one| one.overlaps(*refused)), "{refused:?} was refused for nothing");
    }
    let rows: i64 = kit.database.value("SELECT count(*) FROM bookings", &[]).await;
    assert_eq!(rows, i64::try_from(accepted.len()).expect("few"));
}

#[tokio::test]
async fn the_sweeper_expires_in_batches_and_completes_at_the_local_check_out_time() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let guest = kit.guest().await;
    let zone = |name: &str| domain::time_zone::TimeZoneName::parse(name).expect("a zone");
    let east = kit.listing_of(&host, |details| details.rules.time_zone = zone("Pacific/Auckland")).await;
    let west = kit.listing_of(&host, |details| details.rules.time_zone = zone("Pacific/Honolulu")).await;
    for property in [&east, &west] {
        let booking = hold(&kit, property, &guest, (2, 4), 0).await.expect("free nights");
        let sql = "UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL WHERE id = $1";
        kit.database.execute(sql, &[&booking.id.uuid()]).await;
    }
    let complete = async || {
        let swept = kit
            .services
            .db
            .run_tx("test.complete", |tx| async move { store::bookings::complete_ended(&tx, 100).await });
        swept.await.expect("swept").value
    };
    let at = |date: Date, hour: i8, zone: &str| date.at(hour, 0, 0, 0).in_tz(zone).expect("an instant").timestamp();
    let check_out = in_days(4);
    kit.database.set_now(at(check_out, 10, "Pacific/Auckland")).await;
    assert_eq!(complete().await, 0);
    kit.database.set_now(at(check_out, 11, "Pacific/Auckland")).await;
    assert_eq!(complete().await, 1, "Auckland's check-out time has come");
    kit.database.set_now(at(check_out, 10, "Pacific/Honolulu")).await;
    assert_eq!(complete().await, 0);
    kit.database.set_now(at(check_out, 11, "Pacific/Honolulu")).await;
    assert_eq!(complete().await, 1, "Honolulu's, nearly a day later");
}
