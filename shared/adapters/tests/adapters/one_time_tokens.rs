//! A one-time token is taken by one.

use std::sync::Arc;

use adapters::DynamoOneTimeTokens;
use domain::id::{EventId, UserId};
use jiff::Timestamp;
use services::ports::{OneTimeToken, OneTimeTokenStore};
use testkit::LocalAws;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_token_is_found_until_one_of_many_takes_it() {
    let aws = LocalAws::connect().await;
    aws.ensure_tables().await;
    let store = Arc::new(DynamoOneTimeTokens::new(aws.adapters(), aws.one_time_tokens_table()));
    let token = OneTimeToken {
        hash: EventId::new().to_string(),
        purpose: "email_verification".to_owned(),
        user_id: UserId::new(),
        bound_to: "grüße@example.com".to_owned(),
        expires_at: Timestamp::from_second(2_000_000_000).expect("an instant"),
    };
    assert_eq!(store.find(&token.hash).await.expect("an answer"), None);
    store.put(&token).await.expect("kept");
    for _ in 0..2 {
        assert_eq!(store.find(&token.hash).await.expect("an answer"), Some(token.clone()));
    }
    let for_another = OneTimeToken { purpose: "password_reset".to_owned(), ..token.clone() };
    assert!(!store.remove(&for_another).await.expect("an answer"), "it is kept for something else by now");
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, token) = (store.clone(), token.clone());
        tasks.spawn(async move { store.remove(&token).await.expect("an answer") });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
    assert_eq!(store.find(&token.hash).await.expect("an answer"), None);
}
