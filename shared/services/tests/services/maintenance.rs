//! What the scheduler does each minute: safe at any time, and twice at once.

use std::sync::Arc;

use jiff::SignedDuration;
use services::properties::Property;
use testkit::{EventsMode, Kit, Person};

async fn hold(kit: &Kit, guest: &Person, property: &Property, first: i32) {
    kit.book(guest, property.id, (first, first + 1)).await;
}

async fn event(kit: &Kit) {
    let written = kit.services.write("test.event", |tx| async move {
        store::outbox::insert(&tx, domain::event::EventKind::BookingRequested, &serde_json::json!({})).await
    });
    written.await.expect("written");
}

async fn statuses(kit: &Kit) -> Vec<(String, i64)> {
    let rows = kit.database.rows("SELECT status, count(*) FROM bookings GROUP BY 1 ORDER BY 1", &[]).await;
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_pass_with_nothing_to_do_does_nothing() {
    let kit = Kit::start().await;
    let report = kit.services.run_maintenance().await;
    assert_eq!(report.failed_steps, Vec::<&str>::new());
    assert_eq!((report.expired_holds, report.completed_stays, report.published_events), (0, 0, 0));
}

#[tokio::test]
async fn a_pass_expires_what_ran_out_and_leaves_what_did_not() {
    let kit = Kit::start().await;
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    hold(&kit, &guest, &property, 10).await;
    kit.database.advance(SignedDuration::from_mins(10)).await;
    hold(&kit, &guest, &property, 20).await;
    kit.database.advance(SignedDuration::from_mins(5)).await;
    let report = kit.services.run_maintenance().await;
    assert_eq!((report.expired_holds, report.failed_steps), (1, vec![]));
    assert_eq!(statuses(&kit).await, [("expired".to_owned(), 1), ("pending_payment".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_passes_at_once_do_everything_once() {
    let kit = Arc::new(Kit::start().await);
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    kit.events.set(EventsMode::Fail);
    for n in 0..8 {
        hold(&kit, &guest, &property, 10 + n).await;
        event(&kit).await;
    }
    kit.events.set(EventsMode::Take);
    kit.database.batch("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second'").await;
    kit.database
        .batch("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL WHERE check_in < CURRENT_DATE + 14")
        .await;
    kit.database.advance(SignedDuration::from_hours(24 * 30)).await;
    let passes = [(); 3].map(|()| {
        let kit = kit.clone();
        tokio::spawn(async move { kit.services.run_maintenance().await })
    });
    let (mut expired, mut completed, mut published) = (0, 0, 0);
    for pass in passes {
        let report = pass.await.expect("no panic");
        assert_eq!(report.failed_steps, Vec::<&str>::new());
        expired += report.expired_holds;
        completed += report.completed_stays;
        published += report.published_events;
    }
    assert_eq!((expired, completed), (4, 4));
    let requested = kit.events.taken().iter().filter(|event| event.kind.as_str() == "booking.requested").count();
    assert_eq!(requested, 8, "each event once, of {published} published");
    assert_eq!(statuses(&kit).await, [("completed".to_owned(), 4), ("expired".to_owned(), 4)]);
    let entries: i64 = kit
        .database
        .value("SELECT max(jsonb_array_length(timeline))::bigint FROM bookings WHERE status = 'expired'", &[])
        .await;
    assert_eq!(entries, 2, "made and expired, once");
}

#[tokio::test]
async fn a_step_that_fails_is_named_and_keeps_no_other_from_running() {
    let kit = Kit::start().await;
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    kit.events.set(EventsMode::Fail);
    hold(&kit, &guest, &property, 10).await;
    event(&kit).await;
    kit.database.batch("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second'").await;
    kit.database.advance(SignedDuration::from_mins(15)).await;
    let report = kit.services.run_maintenance().await;
    assert_eq!((report.failed_steps, report.expired_holds), (vec!["sweep_outbox"], 1));
}

#[tokio::test]
async fn old_answers_and_published_events_are_removed() {
    let kit = Kit::start().await;
    let key = kit.services.idempotency("user_1", "k", b"request").await.expect("a key");
    let saved = store::idempotency_keys::SavedAnswer { status: 201, headers: vec![], body: vec![] };
    let (key, saved) = (&key, &saved);
    let written = kit.services.write("test.save", |tx| async move {
        store::outbox::insert(&tx, domain::event::EventKind::BookingRequested, &serde_json::json!({})).await?;
        store::idempotency_keys::save(&tx, key, saved).await
    });
    written.await.expect("written");
    assert_eq!(kit.services.run_maintenance().await.purged_rows, 0);
    kit.database.batch("UPDATE outbox SET published_at = now() - interval '8 days'").await;
    kit.database.advance(SignedDuration::from_hours(24)).await;
    assert_eq!(kit.services.run_maintenance().await.purged_rows, 2);
}
