//! What the cache gives is true: whatever was committed before somebody asks, they see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use adapters::{NoCache, RedisCache};
use domain::error::{Error, ErrorCode, Result};
use domain::geo::BoundingBox;
use domain::id::PropertyId;
use futures::future::join_all;
use services::Services;
use services::cached::{Dependency, area};
use testkit::{Kit, Person, redis_url};
use tokio::sync::Notify;

/// The status of a property as an answer to keep; counts how often it is worked out.
async fn status(services: &Services, id: PropertyId, computed: &AtomicU32) -> Result<String> {
    let dependency = Dependency::Property(id);
    let compute = || async {
        computed.fetch_add(1, Ordering::SeqCst);
        read_status(services, id).await
    };
    services.cached(dependency, "status", compute).await.map(text)
}

async fn read_status(services: &Services, id: PropertyId) -> Result<Vec<u8>> {
    let property = store::properties::find(&services.db.connection().await?, id).await?.ok_or_else(Error::not_found)?;
    Ok(property.status.as_str().as_bytes().to_vec())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

async fn unlist(services: &Services, host: &Person, id: PropertyId) {
    let actor = &host.actor;
    let unlisted =
        services.write("test.unlist", |tx| async move { services::properties::unlist(&tx, actor, id).await });
    unlisted.await.expect("unlisted");
}

#[tokio::test]
async fn what_was_worked_out_is_not_worked_out_again() {
    let kit = Kit::start().await;
    let (id, computed) = (kit.listed_property().await.id, AtomicU32::new(0));
    for _ in 0..3 {
        assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "listed");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_few_ask_for_is_kept_when_it_is_asked_for_again() {
    let kit = Kit::start().await;
    let (id, computed) = (kit.listed_property().await.id, AtomicU32::new(0));
    for times in [1, 2, 2, 2] {
        let compute = || async {
            computed.fetch_add(1, Ordering::SeqCst);
            Ok(b"a page".to_vec())
        };
        let asked = kit.services.cached_when_asked_again(Dependency::Property(id), "page", compute).await;
        assert_eq!(asked.expect("an answer"), b"a page");
        assert_eq!(computed.load(Ordering::SeqCst), times);
    }
}

#[tokio::test]
async fn a_write_is_seen_by_whoever_asks_next() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let (id, computed) = (kit.listing_of(&host, |_| {}).await.id, AtomicU32::new(0));
    for _ in 0..5 {
        assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "listed");
        unlist(&kit.services, &host, id).await;
        assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "unlisted");
        kit.list(&host, id).await;
    }
    assert_eq!(computed.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn a_write_whose_cache_is_out_of_reach_leaves_nothing_stale() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let (id, computed) = (kit.listing_of(&host, |_| {}).await.id, AtomicU32::new(0));
    assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "listed");
    let mut cut_off = kit.more_services();
    cut_off.cache = Arc::new(RedisCache::new("redis://127.0.0.1:1").expect("an address"));
    unlist(&cut_off, &host, id).await;
    for _ in 0..2 {
        assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "unlisted");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 3, "the cache is not trusted until it was told");
    assert_eq!(kit.services.tell_cache_all().await.expect("told"), 1);
    for _ in 0..2 {
        assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "unlisted");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn an_answer_that_a_write_overtook_is_never_given_to_those_who_ask_later() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let id = kit.listing_of(&host, |_| {}).await.id;
    let (has_read, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = tokio::spawn({
        let (services, has_read, may_end) = (Arc::clone(&kit.services), Arc::clone(&has_read), Arc::clone(&may_end));
        async move {
            let compute = || async {
                let answer = read_status(&services, id).await;
                has_read.notify_one();
                may_end.notified().await;
                answer
            };
            services.cached(Dependency::Property(id), "status", compute).await.map(text)
        }
    });
    has_read.notified().await;
    unlist(&kit.services, &host, id).await;
    may_end.notify_one();
    assert_eq!(slow.await.expect("no panic").expect("an answer"), "listed", "it asked before the write");
    assert_eq!(status(&kit.services, id, &AtomicU32::new(0)).await.expect("an answer"), "unlisted");
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_works_it_out() {
    let kit = Kit::start().await;
    let (id, computed) = (kit.listed_property().await.id, AtomicU32::new(0));
    let copies: Vec<Services> = (0..4).map(|_| kit.more_services()).collect();
    let asked = (0..40).map(|n| status(&copies[n % copies.len()], id, &computed));
    for answer in join_all(asked).await {
        assert_eq!(answer.expect("an answer"), "listed");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_flushed_cache_and_one_that_is_gone_cost_only_the_work() {
    let kit = Kit::start().await;
    let (id, computed) = (kit.listed_property().await.id, AtomicU32::new(0));
    status(&kit.services, id, &computed).await.expect("an answer");
    forget_everything_about(&kit, id).await;
    assert_eq!(status(&kit.services, id, &computed).await.expect("an answer"), "listed");
    assert_eq!(computed.load(Ordering::SeqCst), 2);
    for cache in [Arc::new(NoCache) as _, Arc::new(RedisCache::new("redis://127.0.0.1:1").expect("an address")) as _] {
        let mut without = kit.more_services();
        without.cache = cache;
        assert_eq!(status(&without, id, &computed).await.expect("an answer"), "listed");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 4);
}

/// What a flush does, without taking the other tests' keys along.
async fn forget_everything_about(kit: &Kit, id: PropertyId) {
    let client = redis::Client::open(redis_url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let connection_to_database = kit.services.db.connection().await.expect("connected");
    let dependency = Dependency::Property(id);
    let standing = store::cache_invalidations::standing(&connection_to_database, &dependency).await.expect("read");
    let pattern = format!("{}:*", standing.database);
    let keys: Vec<String> = redis::cmd("KEYS").arg(&pattern).query_async(&mut connection).await.expect("keys");
    assert!(keys.len() >= 2, "a generation and an answer: {keys:?}");
    let _: i64 = redis::cmd("DEL").arg(&keys).query_async(&mut connection).await.expect("deleted");
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let kit = Kit::start().await;
    let id = kit.listed_property().await.id;
    let fail = || async { Err(Error::not_found()) };
    let failed = kit.services.cached(Dependency::Property(id), "status", fail).await;
    assert_eq!(failed.expect_err("a failure").code(), ErrorCode::NotFound);
    assert_eq!(status(&kit.services, id, &AtomicU32::new(0)).await.expect("an answer"), "listed");
}

#[tokio::test]
async fn a_listing_ends_the_searches_of_its_own_part_of_the_map_alone() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let id = kit.listing_of(&host, |_| {}).await.id;
    let paris = BoundingBox::new(2.2, 48.8, 2.5, 48.9).expect("a box");
    let tokyo = BoundingBox::new(139.6, 35.5, 139.9, 35.8).expect("a box");
    let france = BoundingBox::new(-5.0, 42.0, 8.0, 51.0).expect("a box");
    let hemisphere = BoundingBox::new(-90.0, -80.0, 90.0, 80.0).expect("a box");
    let counts: Vec<AtomicU32> = (0..5).map(|_| AtomicU32::new(0)).collect();
    let parts = [Some(paris), Some(tokyo), Some(france), Some(hemisphere), None];
    for _ in 0..2 {
        for (n, (part, count)) in parts.iter().zip(&counts).enumerate() {
            let compute = || async {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(b"a page".to_vec())
            };
            for _ in 0..2 {
                kit.services.cached(area(*part), &format!("search {n}"), compute).await.expect("an answer");
            }
        }
        unlist(&kit.services, &host, id).await;
    }
    let counts: Vec<u32> = counts.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    assert_eq!(counts, [2, 1, 2, 2, 2]);
}
