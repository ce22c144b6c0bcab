//! A cache may be gone or slow: then it is a miss, and soon.

use std::time::{Duration, Instant};

use adapters::{NoCache, RedisCache};
use domain::id::EventId;
use services::ports::{Cache, Look, Looked};
use testkit::redis_url;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

/// Far below what a request may take; the cache's own limits are below it, the rest is a busy machine.
const SOON: Duration = Duration::from_millis(700);
/// Time for anything to come back.
const SECONDS: Duration = Duration::from_secs(20);
const AT_ONCE: Duration = Duration::from_millis(40);

/// For what is not about its limits.
fn patient() -> RedisCache {
    RedisCache::new(&redis_url()).expect("an address").with_patience(10)
}

fn key() -> String {
    format!("test:{}", EventId::new())
}

async fn misses_within(cache: &RedisCache, limit: Duration) {
    let started = Instant::now();
    assert_eq!(cache.get("test:any").await, None);
    assert!(started.elapsed() < limit, "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_is_kept_comes_back_until_it_is_forgotten() {
    let cache = patient();
    let (key, value) = (key(), b"\0\xff bytes \xf0".as_slice());
    assert_eq!(cache.ping().await, Some(true));
    assert_eq!(cache.get(&key).await, None);
    cache.set(&key, value, 60).await;
    assert_eq!(cache.get(&key).await.as_deref(), Some(value));
    cache.set(&key, b"", 60).await;
    assert_eq!(cache.get(&key).await.as_deref(), Some(b"".as_slice()), "empty is not nothing");
    assert!(cache.delete(std::slice::from_ref(&key)).await);
    assert_eq!(cache.get(&key).await, None);
}

fn look(only_when_asked_again_within: Option<u64>) -> Look {
    Look {
        generations: vec![key(), key()],
        fresh_generation: key(),
        generation_seconds: 60,
        name: key(),
        lease_seconds: 60,
        only_when_asked_again_within,
    }
}

async fn leased(cache: &RedisCache, look: &Look) -> String {
    match cache.look(look).await {
        Some(Looked::Leased(key)) => key,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_works_an_answer_out_and_the_others_find_it() {
    let (cache, look) = (patient(), look(None));
    let key = leased(&cache, &look).await;
    assert_eq!(cache.look(&look).await, Some(Looked::Awaited));
    cache.end_lease(&key, None, 60).await;
    assert_eq!(leased(&cache, &look).await, key, "whoever failed leaves it to the next");
    let values: [&[u8]; 2] = [b"\0\xff", b""];
    for value in values {
        cache.end_lease(&key, Some(value), 60).await;
        let other = Look { fresh_generation: "another".to_owned(), ..look.clone() };
        assert_eq!(cache.look(&other).await, Some(Looked::Kept(value.to_vec())));
    }
    assert!(cache.delete(std::slice::from_ref(&key)).await);
    assert_eq!(leased(&cache, &look).await, key, "a hit takes no lease");
    assert_eq!(NoCache.look(&look).await, None);
}

#[tokio::test]
async fn an_answer_goes_with_any_of_its_generations() {
    let cache = patient();
    for gone in 0..2 {
        let look = look(None);
        let key = leased(&cache, &look).await;
        cache.end_lease(&key, Some(b"x"), 60).await;
        assert!(cache.delete(&look.generations[gone..=gone]).await);
        let after = Look { fresh_generation: self::key(), ..look };
        assert_ne!(leased(&cache, &after).await, key);
    }
}

#[tokio::test]
async fn what_is_asked_for_once_is_not_kept() {
    let (cache, look) = (patient(), look(Some(60)));
    assert_eq!(cache.look(&look).await, Some(Looked::NotWorthKeeping));
    let key = leased(&cache, &look).await;
    cache.end_lease(&key, Some(b"x"), 60).await;
    assert_eq!(cache.look(&look).await, Some(Looked::Kept(b"x".to_vec())));
}

#[tokio::test]
async fn a_value_has_an_end() {
    let (cache, key) = (patient(), key());
    cache.set(&key, b"x", 60).await;
    let client = redis::Client::open(redis_url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let left: i64 = redis::cmd("TTL").arg(&key).query_async(&mut connection).await.expect("an answer");
    assert!((50..=60).contains(&left), "{left} s");
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_a_miss_and_then_costs_nothing_for_a_while() {
    let cache = RedisCache::new("redis://127.0.0.1:1").expect("an address");
    misses_within(&cache, SOON).await;
    misses_within(&cache, AT_ONCE).await;
    cache.set("test:any", b"x", 60).await;
    assert!(!cache.delete(&["test:any".to_owned()]).await);
    assert_eq!(cache.ping().await, Some(false));
}

#[tokio::test]
async fn a_redis_that_never_answers_is_a_miss_and_then_costs_nothing_for_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let silent = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            taken.push(stream);
        }
    });
    let cache = RedisCache::new(&format!("redis://{address}")).expect("an address");
    misses_within(&cache, SOON).await;
    misses_within(&cache, AT_ONCE).await;
    silent.abort();
}

/// A way to the real Redis: ended with its task. Its connections are cut whenever somebody on the channel wants to hear
/// that they are.
async fn cable() -> (String, JoinHandle<()>, mpsc::Sender<oneshot::Sender<()>>) {
    let url = redis_url();
    let redis = url.trim_start_matches("redis://").split('/').next().expect("a host").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (cut, mut cuts) = mpsc::channel::<oneshot::Sender<()>>(1);
    let cable = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (mut near, _) = accepted.expect("a connection");
                    let mut far = TcpStream::connect(&redis).await.expect("Redis answers");
                    connections.spawn(async move { copy_bidirectional(&mut near, &mut far).await });
                }
                Some(done) = cuts.recv() => {
                    connections.shutdown().await;
                    done.send(()).expect("somebody waits");
                }
            }
        }
    });
    (format!("redis://{address}"), cable, cut)
}

#[tokio::test]
async fn a_redis_that_is_killed_is_a_miss_and_nothing_breaks() {
    let (url, cable, _cut) = cable().await;
    let (cache, key) = (RedisCache::new(&url).expect("an address"), key());
    cache.set(&key, b"x", 60).await;
    assert_eq!(cache.get(&key).await.as_deref(), Some(b"x".as_slice()));
    cable.abort();
    assert!(cable.await.expect_err("it was cut").is_cancelled());
    misses_within(&cache, SOON).await;
    misses_within(&cache, SOON).await;
    assert_eq!(cache.ping().await, Some(false));
}

#[tokio::test]
async fn a_redis_that_was_started_anew_is_used_at_once() {
    let (url, cable, cut) = cable().await;
    let (cache, key) = (RedisCache::new(&url).expect("an address"), key());
    let mut used_at_once = false;
    // A busy machine may miss a limit; what rests after each cut is never in time.
    for _ in 0..5 {
        let kept = async {
            while cache.get(&key).await.is_none() {
                cache.set(&key, b"x", 60).await;
            }
        };
        tokio::time::timeout(SECONDS, kept).await.expect("it comes back by itself");
        let (done, cut_off) = oneshot::channel();
        cut.send(done).await.expect("the cable listens");
        cut_off.await.expect("it is cut");
        used_at_once |= cache.get(&key).await.is_some();
    }
    assert!(used_at_once);
    cable.abort();
}

#[tokio::test]
async fn no_cache_by_configuration_is_always_a_miss() {
    NoCache.set("test:any", b"x", 60).await;
    assert_eq!((NoCache.get("test:any").await, NoCache.ping().await), (None, None));
}
