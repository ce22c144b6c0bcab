//! A key has one first request, and one answer for a day.

use domain::error::Result;
use jiff::SignedDuration;
use store::idempotency_keys::{self, Claim, IdempotencyKey, SavedAnswer};
use testkit::Kit;

fn key(caller: &str, key: &str, fingerprint: u8) -> IdempotencyKey {
    IdempotencyKey { caller: caller.to_owned(), key: key.to_owned(), fingerprint: vec![fingerprint; 32] }
}

fn answer(body: &str) -> SavedAnswer {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    SavedAnswer { status: 201, headers, body: body.as_bytes().to_vec() }
}

async fn claim(kit: &Kit, key: &IdempotencyKey) -> Claim {
    let claimed = kit.services.db.run_tx("test.claim", |tx| async move { idempotency_keys::claim(&tx, key).await });
    claimed.await.expect("claimed").value
}

async fn save(kit: &Kit, key: &IdempotencyKey, answer: &SavedAnswer) {
    let saved = kit.services.db.run_tx("test.save", |tx| async move {
        assert!(matches!(idempotency_keys::claim(&tx, key).await?, Claim::New));
        idempotency_keys::save(&tx, key, answer).await
    });
    saved.await.expect("saved");
}

#[tokio::test]
async fn while_the_first_request_runs_another_is_told_so_and_then_gets_its_answer() {
    let kit = &Kit::start().await;
    let key = &key("user_1", "k", 1);
    let first = kit.services.db.run_tx("test.first", |tx| async move {
        assert!(matches!(idempotency_keys::claim(&tx, key).await?, Claim::New));
        assert!(matches!(claim(kit, key).await, Claim::InProgress));
        let others = [self::key("user_2", "k", 1), self::key("user_1", "l", 1)];
        for other in &others {
            assert!(matches!(claim(kit, other).await, Claim::New), "{other:?} is another key");
        }
        idempotency_keys::save(&tx, key, &answer("{}")).await
    });
    first.await.expect("saved");
    // The fingerprint is the first request's, whatever this one's is.
    let Claim::Answered { fingerprint, answer: kept } = claim(kit, &self::key("user_1", "k", 2)).await else {
        panic!("the answer is kept");
    };
    assert_eq!((fingerprint, kept), (vec![1; 32], answer("{}")));
}

#[tokio::test]
async fn a_request_that_failed_leaves_its_key_free() {
    let kit = Kit::start().await;
    let key = &key("user_1", "k", 1);
    let failed: Result<store::Committed<()>> = kit
        .services
        .db
        .run_tx("test.failed", |tx| async move {
            idempotency_keys::claim(&tx, key).await?;
            idempotency_keys::save(&tx, key, &answer("{}")).await?;
            Err(domain::error::Error::not_found())
        })
        .await;
    assert!(failed.is_err());
    assert!(matches!(claim(&kit, key).await, Claim::New));
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_and_may_mean_another_request() {
    let kit = Kit::start().await;
    save(&kit, &key("user_1", "k", 1), &answer("first")).await;
    kit.database.advance(SignedDuration::from_hours(24) - SignedDuration::from_mins(1)).await;
    assert!(matches!(claim(&kit, &key("user_1", "k", 1)).await, Claim::Answered { .. }));
    kit.database.advance(SignedDuration::from_mins(1)).await;
    save(&kit, &key("user_1", "k", 2), &answer("second")).await;
    let Claim::Answered { fingerprint, answer: kept } = claim(&kit, &key("user_1", "k", 2)).await else {
        panic!("the new answer is kept for a day of its own");
    };
    assert_eq!((fingerprint, kept), (vec![2; 32], answer("second")));
    let connection = kit.services.db.connection().await.expect("connected");
    assert_eq!(idempotency_keys::purge(&connection).await.expect("purged"), 0);
    kit.database.advance(SignedDuration::from_hours(24)).await;
    assert_eq!(idempotency_keys::purge(&connection).await.expect("purged"), 1);
}
