//! Events survive a queue that is down: what was committed is published later, by whoever sweeps.

use std::sync::Arc;

use domain::event::EventKind;
use domain::id::EventId;
use serde_json::json;
use testkit::{EventsMode, Kit, LocalAws};

async fn write(kit: &Kit, count: u32) {
    let written = kit.services.write("test.write", |tx| async move {
        for n in 0..count {
            store::outbox::insert(&tx, EventKind::BookingRequested, &json!({ "n": n })).await?;
        }
        Ok(())
    });
    written.await.expect("a queue is no reason to fail a write");
}

async fn unpublished(kit: &Kit) -> i64 {
    kit.database.value("SELECT count(*) FROM outbox WHERE published_at IS NULL", &[]).await
}

async fn end_claims(kit: &Kit) {
    kit.database.batch("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second'").await;
}

#[tokio::test]
async fn events_are_published_right_after_the_commit() {
    let kit = Kit::start().await;
    write(&kit, 23).await;
    assert_eq!((kit.events.taken().len(), unpublished(&kit).await), (23, 0));
    end_claims(&kit).await;
    assert_eq!(kit.services.sweep_outbox().await.expect("swept"), 0);
}

#[tokio::test]
async fn a_queue_that_is_down_delays_and_loses_nothing() {
    let kit = Kit::start().await;
    for mode in [EventsMode::Fail, EventsMode::Hang] {
        kit.events.set(mode);
        write(&kit, 3).await;
    }
    assert_eq!(unpublished(&kit).await, 6);
    kit.events.set(EventsMode::Fail);
    end_claims(&kit).await;
    kit.services.sweep_outbox().await.expect_err("the queue is still down");
    assert_eq!((kit.events.taken().len(), unpublished(&kit).await), (0, 6));
    kit.events.set(EventsMode::Take);
    assert_eq!(kit.services.sweep_outbox().await.expect("swept"), 6, "a failed sweep gives its events back at once");
    assert_eq!((kit.events.taken().len(), unpublished(&kit).await), (6, 0));
}

#[tokio::test]
async fn what_the_queue_refuses_of_a_batch_stays_for_the_next_sweep() {
    let kit = Kit::start().await;
    kit.events.set(EventsMode::TakeFirst);
    write(&kit, 12).await;
    assert_eq!((kit.events.taken().len(), unpublished(&kit).await), (2, 10), "the first of each batch");
    kit.events.set(EventsMode::Take);
    end_claims(&kit).await;
    assert_eq!(kit.services.sweep_outbox().await.expect("swept"), 10);
    let mut ids: Vec<EventId> = kit.events.taken().iter().map(|event| event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), kit.events.taken().len()), (12, 12), "each once");
}

#[tokio::test]
async fn events_reach_a_real_queue_as_the_message_that_is_agreed_on() {
    let aws = LocalAws::connect().await;
    let queue = aws.new_queue().await;
    let publisher = aws.publisher(&queue);
    let kit = Kit::with(|services| services.events = Arc::new(publisher)).await;
    write(&kit, 11).await;
    // Whether the first attempt was in time or not.
    end_claims(&kit).await;
    kit.services.sweep_outbox().await.expect("swept");
    assert_eq!(unpublished(&kit).await, 0);
    let mut seen = Vec::new();
    for body in aws.drain(&queue).await {
        let message: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(message["kind"], "booking.requested");
        assert!(message["id"].as_str().is_some_and(|id| id.parse::<EventId>().is_ok()), "{message}");
        assert!(message["occurred_at"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()), "{message}");
        seen.push(message["data"]["n"].as_u64().expect("a number"));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..11).collect::<Vec<_>>());
}
