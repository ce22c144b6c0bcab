//! What people are told before it happens, each exactly once.

use std::sync::Arc;

use domain::event::{Event, EventKind};
use domain::id::BookingId;
use domain::time_zone::TimeZoneName;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use services::properties::Property;
use testkit::{Kit, Person, in_days};

async fn book(kit: &Kit, guest: &Person, property: &Property, first: i32) -> BookingId {
    kit.book(guest, property.id, (first, first + 2)).await.id
}

/// A pass of the scheduler, and what was published of a kind in all.
async fn pass(kit: &Kit, kind: EventKind) -> Vec<Event> {
    assert_eq!(kit.services.run_maintenance().await.failed_steps, Vec::<&str>::new());
    kit.events.taken().into_iter().filter(|event| event.kind == kind).collect()
}

#[tokio::test]
async fn the_guest_is_told_once_five_minutes_before_an_unpaid_hold_ends() {
    let kit = Kit::start().await;
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    let booking = book(&kit, &guest, &property, 10).await;
    let end: Timestamp = kit.database.value("SELECT hold_expires_at FROM bookings", &[]).await;
    kit.database.set_now(end - SignedDuration::from_secs(330)).await;
    assert_eq!(pass(&kit, EventKind::BookingExpiring).await, []);
    kit.database.set_now(end - SignedDuration::from_secs(300)).await;
    for _ in 0..2 {
        let told = pass(&kit, EventKind::BookingExpiring).await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0].data["booking_id"], &told[0].data["recipient_id"]), (&json!(booking), &json!(guest.id)));
    }
    let event = pass(&kit, EventKind::BookingExpiring).await.remove(0);
    kit.services.notify(&event).await.expect("told");
    let mails = kit.mails.sent();
    assert_eq!((mails.len(), &mails[0].to), (1, &guest.email));
    assert!(mails[0].subject.contains("about to run out"), "{}", mails[0].subject);
    kit.database.set_now(end).await;
    assert_eq!(pass(&kit, EventKind::BookingExpiring).await.len(), 1);
    kit.services.notify(&Event { id: domain::id::EventId::new(), ..event }).await.expect("nothing to say");
    assert_eq!(kit.mails.sent().len(), 1, "what has run out is not about to");
}

#[tokio::test]
async fn a_hold_that_ran_out_before_anybody_looked_is_not_told_of() {
    let kit = Kit::start().await;
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    book(&kit, &guest, &property, 10).await;
    kit.database.advance(SignedDuration::from_mins(15)).await;
    assert_eq!(pass(&kit, EventKind::BookingExpiring).await, []);
}

#[tokio::test]
async fn the_host_is_told_once_three_hours_before_a_request_ends() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |details| details.instant_book = false).await;
    let booking = book(&kit, &guest, &property, 10).await;
    kit.database.advance(SignedDuration::from_mins(12)).await;
    assert_eq!(pass(&kit, EventKind::BookingExpiring).await.len(), 1, "the guest, who had not paid");
    let sql = "UPDATE bookings SET status = 'pending_host', hold_expires_at = app_now() + interval '24 hours'";
    kit.database.batch(sql).await;
    let end: Timestamp = kit.database.value("SELECT hold_expires_at FROM bookings", &[]).await;
    kit.database.set_now(end - SignedDuration::from_secs(3 * 3600 + 1)).await;
    assert_eq!(pass(&kit, EventKind::BookingExpiring).await.len(), 1);
    kit.database.set_now(end - SignedDuration::from_hours(3)).await;
    for _ in 0..2 {
        let told = pass(&kit, EventKind::BookingExpiring).await;
        assert_eq!(told.len(), 2);
        assert_eq!((&told[1].data["booking_id"], &told[1].data["recipient_id"]), (&json!(booking), &json!(host.id)));
    }
    let event = pass(&kit, EventKind::BookingExpiring).await.remove(1);
    kit.services.notify(&event).await.expect("told");
    let mails = kit.mails.sent();
    assert_eq!((mails.len(), &mails[0].to), (1, &host.email));
    assert!(mails[0].subject.contains("waiting for your answer"), "{}", mails[0].subject);
    kit.database.batch("UPDATE bookings SET hold_expires_at = hold_expires_at + interval '15 minutes'").await;
    assert_eq!(pass(&kit, EventKind::BookingExpiring).await.len(), 2, "a later end is no other request");
}

#[tokio::test]
async fn a_request_that_was_accepted_waits_for_no_host() {
    let kit = Kit::start().await;
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    book(&kit, &guest, &property, 10).await;
    kit.database
        .batch(
            "UPDATE bookings SET status = 'pending_host', hold_expires_at = app_now() + interval '1 hour';
             INSERT INTO payments (id, booking_id, payer_id, status, manual_capture, amount_minor, currency, instruction)
             SELECT uuid_v7(), id, guest_id, 'canceled', true, 1, 'USD', 'capture' FROM bookings",
        )
        .await;
    let told = kit.services.write("test.tell", |tx| async move { services::reminders::tell_of_expiry(&tx, 10).await });
    assert_eq!(told.await.expect("told"), 0);
}

/// A place where it is this date now is told of arrivals on the next.
#[tokio::test]
async fn both_sides_are_told_once_on_the_day_before_arrival_by_the_propertys_clocks() {
    let kit = Kit::start().await;
    let mut places = Vec::new();
    for zone in ["Pacific/Kiritimati", "Europe/Paris", "Pacific/Pago_Pago"] {
        let host = kit.host().await;
        let zone = TimeZoneName::parse(zone).expect("a zone");
        let property = kit.listing_of(&host, |details| details.rules.time_zone = zone.clone()).await;
        let guest = kit.guest().await;
        let booking = book(&kit, &guest, &property, 10).await;
        places.push((zone, booking, guest, host));
    }
    kit.database.batch("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL").await;
    let day_before: Date = in_days(9);
    for (n, (zone, booking, guest, host)) in places.iter().enumerate() {
        let midnight = zone.instant(day_before, jiff::civil::time(0, 0, 0, 0));
        kit.database.set_now(midnight - SignedDuration::from_secs(1)).await;
        assert_eq!(pass(&kit, EventKind::StayTomorrow).await.len(), n, "{zone} too early");
        kit.database.set_now(midnight).await;
        for _ in 0..2 {
            let told = pass(&kit, EventKind::StayTomorrow).await;
            assert_eq!(told.len(), n + 1, "{zone}");
            assert_eq!(told[n].data["booking_id"], json!(booking));
        }
        let event = pass(&kit, EventKind::StayTomorrow).await.remove(n);
        kit.services.notify(&event).await.expect("told");
        let mails = kit.mails.sent();
        let to = |person: &Person| mails.iter().find(|mail| mail.to == person.email).expect("a mail");
        assert!(to(guest).text.contains("1 Quai du Louvre"), "the guest is told where to go");
        assert!(!to(host).text.contains("1 Quai du Louvre"));
    }
    let moved = "UPDATE bookings SET check_in = check_in + 1";
    kit.database.batch(moved).await;
    kit.database.advance(SignedDuration::from_hours(24)).await;
    // On the island where the day begins first it is today by now.
    assert_eq!(pass(&kit, EventKind::StayTomorrow).await.len(), 3 + 2, "another arrival is told of anew");
}

#[tokio::test]
async fn only_arrivals_that_are_certain_and_not_past_are_told_of() {
    let kit = Kit::start().await;
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    book(&kit, &guest, &property, 2).await;
    let zone = &property.details.rules.time_zone;
    kit.database.set_now(zone.instant(in_days(1), jiff::civil::time(12, 0, 0, 0))).await;
    kit.database.batch("UPDATE bookings SET hold_expires_at = app_now() + interval '1 hour'").await;
    assert_eq!(pass(&kit, EventKind::StayTomorrow).await, [], "not paid for");
    kit.database.batch("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL").await;
    kit.database.advance(SignedDuration::from_hours(12)).await;
    assert_eq!(pass(&kit, EventKind::StayTomorrow).await, [], "it is today");
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_at_once_tell_once() {
    let kit = Arc::new(Kit::start().await);
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    for n in 0..6 {
        book(&kit, &guest, &property, 10 + 2 * n).await;
    }
    kit.database.advance(SignedDuration::from_mins(12)).await;
    let passes = [(); 4].map(|()| {
        let kit = kit.clone();
        tokio::spawn(async move { kit.services.run_maintenance().await.told_expiries })
    });
    let mut told = 0;
    for pass in passes {
        told += pass.await.expect("no panic");
    }
    assert_eq!((told, pass(&kit, EventKind::BookingExpiring).await.len()), (6, 6));
}
