//! Signing in, staying signed in, and being signed out.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{ErrorCode, Result};
use domain::user::Password;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use services::Services;
use services::auth::{Credentials, TokenPair};
use services::ports::{Session, SessionStore};
use testkit::{Kit, PASSWORD, Person, new_client};
use tokio::task::JoinSet;

async fn login(kit: &Kit, person: &Person) -> TokenPair {
    attempt(&kit.services, &person.email, PASSWORD).await.expect("signed in")
}

async fn attempt(services: &Services, email: &str, password: &str) -> Result<TokenPair> {
    services.login(&new_client(), Credentials { email, password: Password::attempted(password), totp: None }).await
}

/// The session of a pair, as its access token names it.
async fn session_of(kit: &Kit, pair: &TokenPair) -> Option<Session> {
    let payload = pair.access_token.split('.').nth(1).expect("three parts");
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON");
    let id = claims["sid"].as_str().expect("a session").parse().expect("an id");
    kit.services.sessions.find(id).await.expect("the table answers")
}

/// As if every token spent so far had been spent a while ago.
async fn age(kit: &Kit, pair: &TokenPair, by: SignedDuration) {
    let session = session_of(kit, pair).await.expect("alive");
    let mut aged = session.clone();
    aged.recently_spent.iter_mut().for_each(|spent| spent.at -= by);
    aged.version += 1;
    assert!(kit.services.sessions.replace(&aged, session.version).await.expect("the table answers"));
}

fn code<T>(outcome: Result<T>) -> Option<ErrorCode> {
    outcome.err().map(|error| error.code())
}

#[tokio::test]
async fn wrong_address_wrong_password_and_no_address_are_refused_alike() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    login(&kit, &guest).await;
    let shouted = guest.email.to_uppercase();
    assert!(attempt(&kit.services, &shouted, PASSWORD).await.is_ok(), "addresses have no case");
    let mut details = Vec::new();
    for (email, password) in [
        (guest.email.as_str(), "wrong"),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        (guest.email.as_str(), ""),
        ("", ""),
    ] {
        let error = attempt(&kit.services, email, password).await.map(|_| ()).expect_err("refused");
        assert_eq!(error.code(), ErrorCode::InvalidCredentials);
        details.push(error.detail().to_owned());
    }
    details.dedup();
    assert_eq!(details.len(), 1);
}

#[tokio::test]
async fn a_suspended_account_neither_signs_in_nor_refreshes() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let pair = login(&kit, &guest).await;
    kit.database.execute("UPDATE users SET suspended_at = now() WHERE id = $1", &[&guest.id.uuid()]).await;
    assert_eq!(code(attempt(&kit.services, &guest.email, PASSWORD).await), Some(ErrorCode::Forbidden));
    assert_eq!(code(kit.services.refresh(&new_client(), &pair.refresh_token).await), Some(ErrorCode::Unauthenticated));
}

#[tokio::test]
async fn refreshing_gives_another_pair_of_the_same_session() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let first = login(&kit, &guest).await;
    let second = kit.services.refresh(&new_client(), &first.refresh_token).await.expect("refreshed");
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(session_of(&kit, &first).await, session_of(&kit, &second).await);
    assert_eq!(second.user.id, guest.id);
    kit.services.refresh(&new_client(), &second.refresh_token).await.expect("and so on");
}

#[tokio::test]
async fn a_spent_token_is_good_again_for_ten_seconds_then_ends_the_session() {
    let kit = Kit::start().await;
    let first = login(&kit, &kit.guest().await).await;
    let second = kit.services.refresh(&new_client(), &first.refresh_token).await.expect("refreshed");
    let other_tab =
        kit.services.refresh(&new_client(), &first.refresh_token).await.expect("two tabs at the same moment");
    age(&kit, &first, SignedDuration::from_secs(10)).await;
    assert_eq!(code(kit.services.refresh(&new_client(), &first.refresh_token).await), Some(ErrorCode::TokenReused));
    assert_eq!(session_of(&kit, &first).await, None, "the family is revoked");
    for pair in [second, other_tab, first] {
        assert_eq!(
            code(kit.services.refresh(&new_client(), &pair.refresh_token).await),
            Some(ErrorCode::Unauthenticated)
        );
    }
}

#[tokio::test]
async fn a_token_reused_ends_its_own_session_and_no_other() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let (phone, laptop) = (login(&kit, &guest).await, login(&kit, &guest).await);
    kit.services.refresh(&new_client(), &phone.refresh_token).await.expect("refreshed");
    age(&kit, &phone, SignedDuration::from_mins(1)).await;
    assert_eq!(code(kit.services.refresh(&new_client(), &phone.refresh_token).await), Some(ErrorCode::TokenReused));
    kit.services.refresh(&new_client(), &laptop.refresh_token).await.expect("another device");
}

#[tokio::test]
async fn logging_out_ends_the_session_and_a_stranger_s_token_ends_nothing() {
    let kit = Kit::start().await;
    let pair = login(&kit, &kit.guest().await).await;
    for stranger in ["", "x", "🦀", &pair.access_token, &pair.refresh_token[1..]] {
        kit.services.logout(stranger).await.expect("nothing to end");
    }
    assert!(session_of(&kit, &pair).await.is_some());
    kit.services.logout(&pair.refresh_token).await.expect("logged out");
    kit.services.logout(&pair.refresh_token).await.expect("twice is the same");
    assert_eq!(session_of(&kit, &pair).await, None);
    assert_eq!(code(kit.services.refresh(&new_client(), &pair.refresh_token).await), Some(ErrorCode::Unauthenticated));
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_often_it_is_refreshed() {
    let kit = Kit::start().await;
    let pair = login(&kit, &kit.guest().await).await;
    let session = session_of(&kit, &pair).await.expect("alive");
    let days = session.expires_at.duration_since(Timestamp::now()).as_hours() / 24;
    assert!((29..=30).contains(&days), "{days} days");
    let refreshed = kit.services.refresh(&new_client(), &pair.refresh_token).await.expect("refreshed");
    let later = session_of(&kit, &refreshed).await.expect("alive");
    assert_eq!(later.expires_at, session.expires_at);
    // The table forgets ended sessions some time later; until then they are refused all the same.
    let ended = Session { expires_at: Timestamp::now(), version: later.version + 1, ..later.clone() };
    assert!(kit.services.sessions.replace(&ended, later.version).await.expect("the table answers"));
    assert_eq!(
        code(kit.services.refresh(&new_client(), &refreshed.refresh_token).await),
        Some(ErrorCode::Unauthenticated)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_refresh_at_the_same_moment_all_stay_signed_in() {
    let kit = Arc::new(Kit::start().await);
    let pair = login(&kit, &kit.guest().await).await;
    let mut tabs = JoinSet::new();
    for _ in 0..4 {
        let (kit, token) = (kit.clone(), pair.refresh_token.clone());
        tabs.spawn(async move { kit.services.refresh(&new_client(), &token).await.map(|pair| pair.refresh_token) });
    }
    for tab in tabs.join_all().await {
        let token = tab.expect("within the ten seconds");
        kit.services.refresh(&new_client(), &token).await.expect("each pair is good");
    }
}

/// A store that is down.
struct Down;

#[async_trait::async_trait]
impl SessionStore for Down {
    async fn create(&self, _: &Session) -> Result<()> {
        Err(domain::error::Error::unavailable("down"))
    }
    async fn find(&self, _: domain::id::SessionId) -> Result<Option<Session>> {
        Err(domain::error::Error::unavailable("down"))
    }
    async fn replace(&self, _: &Session, _: u64) -> Result<bool> {
        Err(domain::error::Error::unavailable("down"))
    }
    async fn revoke(&self, _: domain::id::SessionId) -> Result<()> {
        Err(domain::error::Error::unavailable("down"))
    }
    async fn of_user(&self, _: domain::id::UserId) -> Result<Vec<Session>> {
        Err(domain::error::Error::unavailable("down"))
    }
    async fn is_revoked(&self, _: domain::id::SessionId) -> Result<bool> {
        Err(domain::error::Error::unavailable("down"))
    }
}

#[tokio::test]
async fn without_the_sessions_table_signing_in_is_unavailable_and_not_refused() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let pair = login(&kit, &guest).await;
    let mut services = kit.more_services();
    services.sessions = Arc::new(Down);
    assert_eq!(code(attempt(&services, &guest.email, PASSWORD).await), Some(ErrorCode::Unavailable));
    assert_eq!(code(services.refresh(&new_client(), &pair.refresh_token).await), Some(ErrorCode::Unavailable));
    assert_eq!(code(services.logout(&pair.refresh_token).await), Some(ErrorCode::Unavailable));
    kit.services.refresh(&new_client(), &pair.refresh_token).await.expect("nothing was spent meanwhile");
}

/// Each process asks about a session now and then; one that has not asked yet knows at once.
#[tokio::test]
async fn the_access_tokens_of_an_ended_session_are_refused_and_those_of_others_are_not() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let (phone, laptop) = (login(&kit, &guest).await, login(&kit, &guest).await);
    let refreshed = kit.services.refresh(&new_client(), &phone.refresh_token).await.expect("refreshed");
    kit.services.logout(&refreshed.refresh_token).await.expect("logged out");
    let other_process = kit.more_services();
    for pair in [&phone, &refreshed] {
        assert_eq!(code(other_process.authenticate(&pair.access_token).await), Some(ErrorCode::Unauthenticated));
    }
    other_process.authenticate(&laptop.access_token).await.expect("another device");
}

#[tokio::test]
async fn without_the_sessions_table_those_signed_in_can_go_on() {
    let kit = Kit::start().await;
    let pair = login(&kit, &kit.guest().await).await;
    let mut services = kit.more_services();
    services.sessions = Arc::new(Down);
    services.authenticate(&pair.access_token).await.expect("good until it expires");
}
