//! What a client meets while something is down: `503` in time, and nothing half done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use services::Db;
use testkit::{Answer, EventsMode, Kit, outage};

use crate::{api, book, stay};

/// The contract's limit.
const LIMIT: Duration = Duration::from_secs(3);

fn is_unavailable_in_time(answer: &Answer, started: Instant) {
    answer.problem(503, "unavailable");
    let seconds: u32 = answer.header("retry-after").parse().expect("seconds");
    assert!(seconds >= 1);
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
}

async fn without_database(kit: &Kit, db: Db) {
    let (guest, property) = (kit.guest().await, kit.listed_property().await);
    let mut services = kit.more_services();
    services.db = db;
    let api = Kit::api_over(Arc::new(services), bookings::routes());
    let started = Instant::now();
    is_unavailable_in_time(&api.get("/v1/bookings", Some(&guest.token)).await, started);
    let started = Instant::now();
    let refused = api.post_keyed("/v1/bookings", Some(&guest.token), "k", &stay(property.id, (10, 12))).await;
    is_unavailable_in_time(&refused, started);
    // The same key when the database is back: the outage was no answer.
    let booked = self::api(kit).post_keyed("/v1/bookings", Some(&guest.token), "k", &stay(property.id, (10, 12))).await;
    booked.of_status(201);
    assert_eq!(booked.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_503_within_three_seconds() {
    let kit = Kit::start().await;
    without_database(&kit, outage::refusing(kit.database.app_target())).await;
}

#[tokio::test]
async fn a_database_that_never_answers_is_503_within_three_seconds() {
    let kit = Kit::start().await;
    let (db, silence) = outage::silent(kit.database.app_target()).await;
    without_database(&kit, db).await;
    silence.abort();
}

#[tokio::test]
async fn connections_that_were_cut_are_replaced_at_the_next_request() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    api.get("/v1/bookings", Some(&guest.token)).await.of_status(200);
    kit.database
        .batch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    api.get("/v1/bookings", Some(&guest.token)).await.of_status(200);
}

#[tokio::test]
async fn a_queue_that_is_down_or_silent_does_not_hold_up_an_act_on_a_booking() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    for (n, mode) in [(0, EventsMode::Fail), (1, EventsMode::Hang)] {
        let booked = book(&api, &guest, &stay(property.id, (10 + n, 11 + n))).await.of_status(201);
        let path = format!("/v1/bookings/{}/cancel", booked["id"].as_str().expect("an id"));
        kit.events.set(mode);
        let started = Instant::now();
        api.post(&path, Some(&guest.token), &json!({ "reason": "Plans changed." })).await.of_status(200);
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    }
    kit.events.set(EventsMode::Take);
    kit.database.batch("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second'").await;
    assert_eq!(kit.services.run_maintenance().await.published_events, 2, "nothing is lost");
}

/// Another's transaction holds what a booking needs: it waits no longer than the limit, and leaves nothing behind.
#[tokio::test]
async fn a_row_that_stays_locked_is_503_in_time_and_then_free_again() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let mut other = kit.database.connect_as_app().await;
    let lock = other.transaction().await.expect("a transaction");
    lock.execute("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", &[&guest.id.uuid()]).await.expect("locked");
    let started = Instant::now();
    let answer = api.post_keyed("/v1/bookings", Some(&guest.token), "k", &stay(property.id, (10, 12))).await;
    is_unavailable_in_time(&answer, started);
    lock.rollback().await.expect("unlocked");
    api.post_keyed("/v1/bookings", Some(&guest.token), "k", &stay(property.id, (10, 12))).await.of_status(201);
}
