//! An address is verified once, by whoever reads its mail.

use std::sync::Arc;

use domain::error::ErrorCode;
use domain::event::{Event, EventKind};
use domain::id::{EventId, UserId};
use jiff::Timestamp;
use serde_json::json;
use services::ports::OneTimeToken;
use testkit::{Kit, WEB_URL, new_client};
use tokio::task::JoinSet;

/// The token out of the mail that a registration causes.
async fn mailed_token(kit: &Kit, user_id: UserId) -> String {
    let data = json!({ "user_id": user_id });
    let event = Event { id: EventId::new(), kind: EventKind::UserRegistered, occurred_at: Timestamp::now(), data };
    kit.services.notify(&event).await.expect("mailed");
    let text = kit.mails.sent().pop().expect("a mail").text;
    let (_, rest) = text.split_once(&format!("{WEB_URL}/verify-email?token=")).expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

async fn is_verified(kit: &Kit, user_id: UserId) -> bool {
    kit.database.value("SELECT email_verified_at IS NOT NULL FROM users WHERE id = $1", &[&user_id.uuid()]).await
}

#[tokio::test]
async fn a_link_verifies_once() {
    let kit = Kit::start().await;
    let person = kit.unverified().await;
    let token = mailed_token(&kit, person.id).await;
    for wrong in ["", "x", "🦀", &token[1..]] {
        let error = kit.services.verify_email(&new_client(), wrong).await.expect_err(wrong);
        assert_eq!(error.code(), ErrorCode::TokenInvalid);
    }
    assert!(!is_verified(&kit, person.id).await);
    kit.services.verify_email(&new_client(), &token).await.expect("verified");
    assert!(is_verified(&kit, person.id).await);
    assert_eq!(
        kit.services.verify_email(&new_client(), &token).await.expect_err("used").code(),
        ErrorCode::TokenInvalid
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opened_many_times_at_once_is_used_by_one() {
    let kit = Arc::new(Kit::start().await);
    let person = kit.unverified().await;
    let token = mailed_token(&kit, person.id).await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (kit, token) = (kit.clone(), token.clone());
        tasks.spawn(async move { kit.services.verify_email(&new_client(), &token).await.is_ok() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|used| *used).count(), 1);
    assert!(is_verified(&kit, person.id).await);
}

#[tokio::test]
async fn old_tokens_and_those_for_something_else_or_a_former_address_are_refused() {
    let kit = Kit::start().await;
    let person = kit.unverified().await;
    for (change, sql) in [
        ("old", None),
        ("purpose", None),
        ("address", Some("UPDATE users SET email = 'new@example.com', email_key = 'new@example.com' WHERE id = $1")),
    ] {
        let token = mailed_token(&kit, person.id).await;
        let hash = sha256(&token);
        let kept = kit.services.one_time_tokens.find(&hash).await.expect("the table answers").expect("kept hashed");
        let changed = match change {
            "old" => OneTimeToken { expires_at: Timestamp::now(), ..kept },
            "purpose" => OneTimeToken { purpose: "password_reset".to_owned(), ..kept },
            _ => kept,
        };
        kit.services.one_time_tokens.put(&changed).await.expect("the table answers");
        if let Some(sql) = sql {
            kit.database.execute(sql, &[&person.id.uuid()]).await;
        }
        let error = kit.services.verify_email(&new_client(), &token).await.expect_err(change);
        assert_eq!(error.code(), ErrorCode::TokenInvalid, "{change}");
        assert!(!is_verified(&kit, person.id).await, "{change}");
    }
}

fn sha256(token: &str) -> String {
    use base64::Engine as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}
