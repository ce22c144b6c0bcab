//! Events reach the queue whole, and a queue that is not there is an outage.

use domain::event::{Event, EventKind};
use domain::id::EventId;
use jiff::Timestamp;
use serde_json::json;
use services::ports::EventPublisher;
use testkit::LocalAws;

fn event(n: u32) -> Event {
    let data = json!({ "n": n, "text": "Grüße \"🦀\" <&>" });
    Event { id: EventId::new(), kind: EventKind::BookingRequested, occurred_at: Timestamp::now(), data }
}

#[tokio::test]
async fn ten_events_are_taken_at_once_and_read_back_as_they_were() {
    let aws = LocalAws::connect().await;
    let queue = aws.new_queue().await;
    let events: Vec<Event> = (0..10).map(event).collect();
    let mut taken = aws.publisher(&queue).publish(&events).await.expect("taken");
    taken.sort();
    assert_eq!(taken, events.iter().map(|event| event.id).collect::<Vec<_>>());
    let mut read: Vec<Event> =
        aws.drain(&queue).await.iter().map(|body| serde_json::from_str(body).expect("an event")).collect();
    read.sort_by_key(|event| event.id);
    assert_eq!(read, events);
}

#[tokio::test]
async fn a_queue_that_is_not_there_takes_nothing() {
    let aws = LocalAws::connect().await;
    let gone = format!("{}-gone", aws.new_queue().await);
    aws.publisher(&gone).publish(&[event(0)]).await.expect_err("nobody is told that it was published");
}
