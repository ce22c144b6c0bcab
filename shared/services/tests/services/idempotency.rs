//! The same request with the same key has one effect and one answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use serde_json::json;
use services::{Answer, IdempotencyKey, SavedAnswer};
use testkit::Kit;
use tokio::task::JoinSet;

async fn key(kit: &Kit, caller: &str, request: &[u8]) -> IdempotencyKey {
    kit.services.idempotency(caller, "the-key", request).await.expect("a key")
}

/// What the work does when it comes to its end.
type Outcome = fn() -> Result<u32>;

/// Counts its runs, writes an event, and ends with `outcome`.
async fn run(kit: &Kit, key: Option<&IdempotencyKey>, runs: &AtomicU32, outcome: Outcome) -> Result<Answer> {
    kit.services
        .idempotently(
            "test.idempotent",
            key,
            |tx| async move {
                runs.fetch_add(1, Ordering::SeqCst);
                store::outbox::insert(&tx, EventKind::BookingRequested, &json!({})).await?;
                outcome()
            },
            |outcome| match outcome {
                Ok(value) => SavedAnswer { status: 201, headers: vec![], body: value.to_string().into_bytes() },
                Err(error) => SavedAnswer {
                    status: error.code().status(),
                    headers: vec![("content-type".to_owned(), "application/problem+json".to_owned())],
                    body: error.code().as_str().as_bytes().to_vec(),
                },
            },
        )
        .await
}

async fn events(kit: &Kit) -> i64 {
    kit.database.value("SELECT count(*) FROM outbox", &[]).await
}

async fn kept(kit: &Kit) -> i64 {
    kit.database.value("SELECT count(*) FROM idempotency_keys", &[]).await
}

#[tokio::test]
async fn without_a_key_each_request_has_its_effect() {
    let (kit, runs) = (Kit::start().await, AtomicU32::new(0));
    for _ in 0..2 {
        assert!(!run(&kit, None, &runs, || Ok(1)).await.expect("done").replayed);
    }
    assert_eq!((runs.into_inner(), events(&kit).await, kept(&kit).await), (2, 2, 0));
}

#[tokio::test]
async fn a_second_request_gets_the_first_answer_and_has_no_effect() {
    let (kit, runs) = (Kit::start().await, AtomicU32::new(0));
    let key = key(&kit, "user_1", b"request").await;
    let first = run(&kit, Some(&key), &runs, || Ok(1)).await.expect("done");
    let second = run(&kit, Some(&key), &runs, || Ok(2)).await.expect("replayed");
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_eq!(first.saved, second.saved);
    assert_eq!((runs.into_inner(), events(&kit).await), (1, 1));
    assert_eq!(kit.events.taken().len(), 1);
}

#[tokio::test]
async fn a_key_of_another_request_is_refused_and_one_of_another_caller_is_not_the_same() {
    let (kit, runs) = (Kit::start().await, AtomicU32::new(0));
    run(&kit, Some(&key(&kit, "user_1", b"request").await), &runs, || Ok(1)).await.expect("done");
    let error = run(&kit, Some(&key(&kit, "user_1", b"another").await), &runs, || Ok(2)).await.expect_err("reused");
    assert_eq!(error.code(), ErrorCode::IdempotencyKeyReused);
    let other = run(&kit, Some(&key(&kit, "user_2", b"another").await), &runs, || Ok(2)).await.expect("done");
    assert_eq!((other.replayed, runs.into_inner()), (false, 2));
}

#[tokio::test]
async fn a_conflict_of_business_is_kept_though_its_work_is_rolled_back() {
    let (kit, runs) = (Kit::start().await, AtomicU32::new(0));
    let key = key(&kit, "user_1", b"request").await;
    let taken: Outcome = || Err(Error::new(ErrorCode::DatesUnavailable, "taken"));
    let first = run(&kit, Some(&key), &runs, taken).await.expect("an answer, though a refusal");
    let second = run(&kit, Some(&key), &runs, || Ok(1)).await.expect("the same refusal");
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_eq!((first.saved.status, &first.saved), (409, &second.saved));
    assert_eq!((runs.into_inner(), events(&kit).await), (1, 0));
}

#[tokio::test]
async fn faults_outages_and_invalid_requests_are_not_kept() {
    let (kit, runs) = (Kit::start().await, AtomicU32::new(0));
    let key = key(&kit, "user_1", b"request").await;
    let failures: [Outcome; 5] = [
        || Err(Error::internal("a fault")),
        || Err(Error::unavailable("an outage")),
        || Err(Error::validation(Vec::new())),
        || Err(Error::not_found()),
        || Err(Error::new(ErrorCode::Forbidden, "no")),
    ];
    for failure in failures {
        run(&kit, Some(&key), &runs, failure).await.expect_err("the failure itself");
        assert_eq!((kept(&kit).await, events(&kit).await), (0, 0));
    }
    let done = run(&kit, Some(&key), &runs, || Ok(1)).await.expect("done");
    assert_eq!((done.replayed, runs.into_inner()), (false, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_has_its_effect_and_the_others_wait_or_replay() {
    let kit = Arc::new(Kit::start().await);
    let runs = Arc::new(AtomicU32::new(0));
    let key = key(&kit, "user_1", b"request").await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (kit, runs, key) = (kit.clone(), runs.clone(), key.clone());
        tasks.spawn(async move { run(&kit, Some(&key), &runs, || Ok(7)).await });
    }
    let mut first = 0;
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(answer) => {
                assert_eq!(answer.saved.body, b"7");
                first += u32::from(!answer.replayed);
            }
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::IdempotencyInProgress);
                assert!(error.retry_after_seconds().is_some());
            }
        }
    }
    assert_eq!((first, runs.load(Ordering::SeqCst), events(&kit).await), (1, 1, 1));
}
