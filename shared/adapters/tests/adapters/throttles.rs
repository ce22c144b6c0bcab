//! Attempts are counted alike in Redis and in DynamoDB: what there is room for gets through, however many come at the
//! same moment.

use std::sync::Arc;

use adapters::{DynamoThrottles, RedisCache, RedisThrottles};
use domain::error::ErrorCode;
use domain::id::EventId;
use services::ports::{Attempt, Bucket, Counted, ThrottleStore};
use testkit::{LocalAws, redis_url};
use tokio::task::JoinSet;

const NOW: i64 = 1_800_000_000_000;
const WINDOW: i64 = 60_000;

async fn stores() -> [(&'static str, Arc<dyn ThrottleStore>); 2] {
    let aws = LocalAws::connect().await;
    aws.ensure_tables().await;
    let redis = Arc::new(RedisCache::new(&redis_url()).expect("an address").with_patience(10));
    let dynamo = DynamoThrottles::new(aws.adapters(), aws.throttles_table()).with_patience(25);
    [("redis", Arc::new(RedisThrottles::new(redis))), ("dynamodb", Arc::new(dynamo))]
}

/// A bucket of which so many make a full one; of a strained one so many.
fn bucket(times: i64, strained_times: i64) -> Bucket {
    let key = format!("test:{}", EventId::new());
    Bucket { key, window: WINDOW, cost: WINDOW / times, strained_cost: WINDOW / strained_times }
}

fn of(limits: &[&Bucket]) -> Attempt {
    gauged(&[], limits)
}

fn gauged(gauges: &[&Bucket], limits: &[&Bucket]) -> Attempt {
    let owned = |buckets: &[&Bucket]| buckets.iter().map(|bucket| (*bucket).clone()).collect();
    Attempt { now: NOW, gauges: owned(gauges), limits: owned(limits) }
}

async fn allowed(store: &Arc<dyn ThrottleStore>, attempt: &Attempt, times: usize) -> usize {
    let mut allowed = 0;
    for _ in 0..times {
        allowed += usize::from(store.take(attempt).await.expect("counted").allowed);
    }
    allowed
}

#[tokio::test]
async fn a_bucket_has_room_for_its_quota_and_then_for_one_more_as_time_goes_by() {
    for (name, store) in stores().await {
        let limit = bucket(4, 4);
        let mut attempt = of(&[&limit]);
        let first = store.take(&attempt).await.expect("counted");
        let expected = Counted { allowed: true, strained: false, gauge_costs: vec![], empty_at: vec![NOW + 15_000] };
        assert_eq!(first, expected, "{name}");
        assert_eq!(allowed(&store, &attempt, 9).await, 3, "{name}");
        attempt.now = NOW + 14_999;
        let refused = store.take(&attempt).await.expect("counted");
        assert_eq!((refused.allowed, refused.empty_at), (false, vec![NOW + 60_000]), "{name}: a refusal adds nothing");
        attempt.now = NOW + 15_000;
        assert_eq!(allowed(&store, &attempt, 3).await, 1, "{name}");
        attempt.now = NOW + 200_000;
        assert_eq!(allowed(&store, &attempt, 9).await, 4, "{name}: empty again");
    }
}

#[tokio::test]
async fn where_one_limit_refuses_the_others_are_not_charged() {
    for (name, store) in stores().await {
        let (narrow, wide) = (bucket(1, 1), bucket(10, 10));
        assert_eq!(allowed(&store, &of(&[&narrow, &wide]), 5).await, 1, "{name}");
        assert_eq!(allowed(&store, &of(&[&wide]), 20).await, 9, "{name}");
    }
}

#[tokio::test]
async fn what_is_given_back_is_there_again() {
    for (name, store) in stores().await {
        let limit = bucket(3, 3);
        let attempt = of(&[&limit]);
        assert_eq!(allowed(&store, &attempt, 5).await, 3, "{name}");
        store.give_back(&[(limit.key.clone(), limit.cost), ("test:unknown".to_owned(), 5)], NOW).await.expect("taken");
        assert_eq!(allowed(&store, &attempt, 5).await, 1, "{name}");
        store.give_back(&[(limit.key.clone(), 3 * limit.cost)], NOW).await.expect("taken");
        assert_eq!(allowed(&store, &attempt, 5).await, 3, "{name}: never more than there was");
    }
}

#[tokio::test]
async fn a_full_gauge_refuses_nobody_and_makes_the_limits_dearer() {
    for (name, store) in stores().await {
        let gauge = bucket(3, 3);
        for _ in 0..3 {
            let counted = store.take(&gauged(&[&gauge], &[&bucket(10, 2)])).await.expect("counted");
            assert!(counted.allowed && !counted.strained, "{name}");
            assert_eq!(counted.gauge_costs, [20_000], "{name}");
        }
        for _ in 0..5 {
            // Each from somewhere else.
            let attempt = gauged(&[&gauge], &[&bucket(10, 2)]);
            let counted = store.take(&attempt).await.expect("counted");
            assert!(counted.allowed && counted.strained, "{name}");
            assert_eq!((counted.gauge_costs, counted.empty_at), (vec![0], vec![NOW + 30_000]), "{name}");
            assert_eq!(allowed(&store, &attempt, 5).await, 1, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_the_same_moment_no_more_get_through_than_there_is_room_for() {
    for (name, store) in stores().await {
        let (limit, wide) = (bucket(7, 7), bucket(1_000, 1_000));
        let attempt = of(&[&wide, &limit]);
        let mut tasks = JoinSet::new();
        for _ in 0..40 {
            let (store, attempt) = (store.clone(), attempt.clone());
            tasks.spawn(async move { store.take(&attempt).await });
        }
        let outcomes = tasks.join_all().await;
        let through = outcomes.iter().flatten().filter(|counted| counted.allowed).count();
        let unanswered = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        // One that got no answer in time may have been counted.
        assert!(through <= 7 && through + unanswered >= 7, "{name}: {through}, {unanswered} unanswered");
        assert_eq!(allowed(&store, &of(&[&limit]), 1).await, 0, "{name}");
    }
}

#[tokio::test]
async fn a_bucket_is_forgotten_when_it_is_empty() {
    let [(_, redis), (_, dynamodb)] = stores().await;
    let (kept, table) = (bucket(4, 4), bucket(4, 4));
    redis.take(&of(&[&kept])).await.expect("counted");
    let client = redis::Client::open(redis_url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let left: i64 = redis::cmd("PTTL").arg(&kept.key).query_async(&mut connection).await.expect("an answer");
    assert!((1..=15_000).contains(&left), "{left} ms");
    dynamodb.take(&of(&[&table])).await.expect("counted");
    let aws = LocalAws::connect().await;
    let item = aws.item(aws.throttles_table(), "throttle_key", &table.key).await.expect("an item");
    let expires_at: i64 = item["expires_at"].as_n().expect("a number").parse().expect("seconds");
    let full_until = (NOW + WINDOW) / 1_000;
    assert!((full_until..=full_until + 60).contains(&expires_at), "{expires_at}");
}

#[tokio::test]
async fn a_redis_that_is_gone_says_so_and_lets_nobody_through() {
    let gone = Arc::new(RedisCache::new("redis://127.0.0.1:1").expect("an address"));
    let store = RedisThrottles::new(gone);
    for _ in 0..2 {
        let error = store.take(&of(&[&bucket(1, 1)])).await.expect_err("nobody counts");
        assert_eq!(error.code(), ErrorCode::Unavailable);
    }
    assert!(store.give_back(&[("test:any".to_owned(), 1)], NOW).await.is_err());
}
