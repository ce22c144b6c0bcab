//! What a worker has done is not done again; what it gave up is.

use std::sync::Arc;

use adapters::DynamoDeliveries;
use domain::id::EventId;
use jiff::Timestamp;
use services::ports::{DeliveryClaim, DeliveryLog};
use testkit::LocalAws;
use tokio::task::JoinSet;

async fn log() -> (LocalAws, DynamoDeliveries, String) {
    let aws = LocalAws::connect().await;
    aws.ensure_tables().await;
    let log = DynamoDeliveries::new(aws.adapters(), aws.deliveries_table());
    (aws, log, format!("mail:{}", EventId::new()))
}

#[tokio::test]
async fn a_delivery_is_claimed_then_done_for_good() {
    let (aws, log, id) = log().await;
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Mine);
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::InProgress);
    log.complete(&id).await.expect("marked");
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Done);
    let kept = aws.item(aws.deliveries_table(), "delivery_id", &id).await.expect("kept");
    let until: i64 = kept["expires_at"].as_n().expect("a number").parse().expect("seconds");
    let days = (until - Timestamp::now().as_second()) / 86_400;
    assert!(days >= 13, "a message may live for 14 days on a queue, this for {days}");
}

#[tokio::test]
async fn a_delivery_given_back_may_be_claimed_again() {
    let (_aws, log, id) = log().await;
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Mine);
    log.release(&id).await.expect("released");
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Mine);
}

#[tokio::test]
async fn what_is_done_is_not_given_back_by_a_worker_that_was_too_late() {
    let (_aws, log, id) = log().await;
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Mine);
    log.complete(&id).await.expect("marked");
    log.release(&id).await.expect("nothing to do");
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Done);
}

#[tokio::test]
async fn a_worker_that_died_holds_its_claim_for_a_while_only() {
    let (aws, log, id) = log().await;
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Mine);
    let now = Timestamp::now().as_second();
    let key = ("delivery_id", id.as_str());
    aws.set_number(aws.deliveries_table(), key, "claimed_until", now + 5).await;
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::InProgress);
    aws.set_number(aws.deliveries_table(), key, "claimed_until", now - 1).await;
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::Mine);
    assert_eq!(log.claim(&id).await.expect("an answer"), DeliveryClaim::InProgress, "the new claim lasts anew");
}

#[tokio::test]
async fn of_many_claims_at_once_one_is_made() {
    let (_aws, log, id) = log().await;
    let log = Arc::new(log);
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let (log, id) = (log.clone(), id.clone());
        tasks.spawn(async move { log.claim(&id).await.expect("an answer") });
    }
    let claims = tasks.join_all().await;
    assert_eq!(claims.iter().filter(|claim| **claim == DeliveryClaim::Mine).count(), 1);
    assert!(!claims.contains(&DeliveryClaim::Done));
}
