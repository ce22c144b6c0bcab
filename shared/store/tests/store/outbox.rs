//! Events are handed to one publisher at a time, and to none once they are published.

use std::collections::HashSet;
use std::sync::Arc;

use domain::event::{Event, EventKind};
use domain::id::EventId;
use serde_json::json;
use testkit::Kit;
use tokio::task::JoinSet;

async fn write(kit: &Kit, count: usize) -> Vec<Event> {
    let written = kit.services.db.run_tx("test.write", |tx| async move {
        for n in 0..count {
            store::outbox::insert(&tx, EventKind::BookingRequested, &json!({ "n": n })).await?;
        }
        Ok(())
    });
    written.await.expect("written").events
}

async fn claim(kit: &Kit, limit: i64) -> Vec<EventId> {
    let claimed =
        kit.services.db.run_tx("test.claim", |tx| async move { store::outbox::claim(&tx, limit).await }).await;
    claimed.expect("claimed").value.into_iter().map(|event| event.id).collect()
}

/// As if the claims' time were over.
async fn end_claims(kit: &Kit) {
    kit.database.batch("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second'").await;
}

#[tokio::test]
async fn a_new_event_belongs_to_its_writer_until_the_claim_is_over() {
    let kit = Kit::start().await;
    let events = write(&kit, 3).await;
    assert_eq!(events.len(), 3, "the writer gets its events to publish");
    assert!(claim(&kit, 100).await.is_empty());
    // The product's clock has no part in it: moving it must not publish twice.
    kit.database.advance(jiff::SignedDuration::from_hours(48)).await;
    assert!(claim(&kit, 100).await.is_empty());
    end_claims(&kit).await;
    assert_eq!(claim(&kit, 2).await.len(), 2);
    assert_eq!(claim(&kit, 100).await.len(), 1);
    assert!(claim(&kit, 100).await.is_empty());
}

#[tokio::test]
async fn released_events_may_be_taken_at_once_and_published_ones_never() {
    let kit = Kit::start().await;
    let ids: Vec<EventId> = write(&kit, 2).await.iter().map(|event| event.id).collect();
    let connection = kit.services.db.connection().await.expect("connected");
    store::outbox::mark_published(&connection, &ids[..1]).await.expect("marked");
    store::outbox::release(&connection, &ids).await.expect("released");
    assert_eq!(claim(&kit, 100).await, &ids[1..]);
    end_claims(&kit).await;
    assert_eq!(claim(&kit, 100).await, &ids[1..]);
    assert_eq!(store::outbox::purge(&connection).await.expect("purged"), 0, "published events are kept for a week");
    kit.database
        .batch("UPDATE outbox SET published_at = clock_timestamp() - interval '8 days' WHERE published_at IS NOT NULL")
        .await;
    assert_eq!(store::outbox::purge(&connection).await.expect("purged"), 1);
    let left: i64 = kit.database.value("SELECT count(*) FROM outbox", &[]).await;
    assert_eq!(left, 1, "what is not published stays however old it is");
}

#[tokio::test]
async fn events_of_work_that_was_rolled_back_never_were() {
    let kit = Kit::start().await;
    let failed: domain::error::Result<store::Committed<()>> = kit
        .services
        .db
        .run_tx("test.rolled_back", |tx| async move {
            store::outbox::insert(&tx, EventKind::BookingRequested, &json!({})).await?;
            Err(domain::error::Error::not_found())
        })
        .await;
    assert!(failed.is_err());
    let left: i64 = kit.database.value("SELECT count(*) FROM outbox", &[]).await;
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweepers_at_once_never_take_the_same_event() {
    let kit = Arc::new(Kit::start().await);
    let written = write(&kit, 200).await.len();
    end_claims(&kit).await;
    let mut sweepers = JoinSet::new();
    for _ in 0..6 {
        let kit = kit.clone();
        sweepers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = claim(&kit, 7).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        });
    }
    let all: Vec<EventId> = sweepers.join_all().await.concat();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "an event was taken twice");
    assert_eq!(all.len(), written);
}
