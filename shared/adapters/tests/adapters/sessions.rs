//! A session changes by compare-and-set, and a revoked one stays revoked.

use std::sync::Arc;

use adapters::DynamoSessions;
use domain::id::{SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use services::ports::{Session, SessionStore, SpentToken};
use testkit::LocalAws;
use tokio::task::JoinSet;

async fn store() -> DynamoSessions {
    let aws = LocalAws::connect().await;
    aws.ensure_tables().await;
    DynamoSessions::new(aws.adapters(), aws.sessions_table())
}

fn session() -> Session {
    let now = Timestamp::now();
    Session {
        id: SessionId::new(),
        user_id: UserId::new(),
        live: vec!["a".to_owned(), "b".to_owned()],
        device: Some("Browser/1.0".to_owned()),
        recently_spent: vec![SpentToken { hash: "c".to_owned(), at: now }],
        version: 1,
        created_at: now,
        used_at: now,
        expires_at: now + SignedDuration::from_hours(1),
    }
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_kept() {
    let store = store().await;
    let session = session();
    assert_eq!(store.find(session.id).await.expect("an answer"), None);
    store.create(&session).await.expect("kept");
    assert_eq!(store.find(session.id).await.expect("an answer"), Some(session.clone()));
    let mut other = session.clone();
    other.live.clear();
    store.create(&other).await.expect_err("there is one of this id");
    assert_eq!(store.find(session.id).await.expect("an answer"), Some(session));
}

#[tokio::test]
async fn a_change_needs_the_version_it_is_based_on() {
    let store = store().await;
    let first = session();
    store.create(&first).await.expect("kept");
    let second = Session { version: 2, live: vec!["d".to_owned()], ..first.clone() };
    assert!(store.replace(&second, 1).await.expect("an answer"));
    assert!(!store.replace(&Session { version: 2, ..first.clone() }, 1).await.expect("an answer"), "it is at 2 now");
    assert_eq!(store.find(first.id).await.expect("an answer"), Some(second));
}

#[tokio::test]
async fn of_many_changes_at_once_one_is_made() {
    let store = Arc::new(store().await);
    let first = session();
    store.create(&first).await.expect("kept");
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (store, next) = (store.clone(), Session { version: 2, live: vec![n.to_string()], ..first.clone() });
        tasks.spawn(async move { store.replace(&next, 1).await.expect("an answer") });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|made| *made).count(), 1);
}

#[tokio::test]
async fn a_revoked_session_is_gone_and_no_late_change_brings_it_back() {
    let store = store().await;
    let session = session();
    store.create(&session).await.expect("kept");
    for _ in 0..2 {
        store.revoke(session.id).await.expect("revoked");
    }
    assert!(!store.replace(&Session { version: 2, ..session.clone() }, 1).await.expect("an answer"));
    assert_eq!(store.find(session.id).await.expect("an answer"), None);
}
