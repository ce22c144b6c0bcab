//! What signing in does besides: the owner hears of new devices, and old hashes become good ones.

use std::sync::Arc;

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use domain::error::{ErrorCode, Result};
use domain::event::{Event, EventKind};
use domain::id::{SessionId, UserId};
use domain::user::Password;
use services::auth::Credentials;
use services::ports::{Session, SessionStore};
use services::throttles::Client;
use store::Db;
use store::tx::Queries;
use testkit::{Kit, PASSWORD, Person, new_client};

async fn sign_in(kit: &Kit, person: &Person, device: &str, password: &str) -> Result<()> {
    let client = Client::new(new_client().address, Some(device.to_owned()));
    let credentials = Credentials { email: &person.email, password: Password::attempted(password), totp: None };
    kit.services.login(&client, credentials).await.map(drop)
}

fn news(kit: &Kit) -> Vec<Event> {
    kit.events.taken().into_iter().filter(|event| event.kind == EventKind::UserNewSignIn).collect()
}

/// Sessions during whose making somebody ends all sessions of the account: an admin, a new password, its owner.
struct EndedMeanwhile {
    sessions: Arc<dyn SessionStore>,
    db: Db,
}

#[async_trait]
impl SessionStore for EndedMeanwhile {
    async fn create(&self, session: &Session) -> Result<()> {
        let sql = "-- test.end_sessions\nUPDATE users SET sessions_valid_from = now() WHERE id = $1";
        self.db.connection().await?.execute(sql, &[&session.user_id.uuid()]).await?;
        self.sessions.create(session).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        self.sessions.find(id).await
    }

    async fn replace(&self, session: &Session, expected_version: u64) -> Result<bool> {
        self.sessions.replace(session, expected_version).await
    }

    async fn revoke(&self, id: SessionId) -> Result<()> {
        self.sessions.revoke(id).await
    }

    async fn of_user(&self, user_id: UserId) -> Result<Vec<Session>> {
        self.sessions.of_user(user_id).await
    }

    async fn is_revoked(&self, id: SessionId) -> Result<bool> {
        self.sessions.is_revoked(id).await
    }
}

#[tokio::test]
async fn who_was_signing_in_when_all_sessions_ended_is_not_signed_in() {
    let kit = Kit::with(|services| {
        let (sessions, db) = (services.sessions.clone(), services.db.clone());
        services.sessions = Arc::new(EndedMeanwhile { sessions, db });
    })
    .await;
    let person = kit.guest().await;
    let refused = sign_in(&kit, &person, "Firefox", PASSWORD).await.expect_err("the password may be another by now");
    assert_eq!(refused.code(), ErrorCode::Unauthenticated);
    assert_eq!(kit.services.sessions.of_user(person.id).await.expect("an answer"), []);
    assert_eq!(news(&kit), []);
}

#[tokio::test]
async fn the_owner_hears_of_a_sign_in_on_a_device_that_was_not_known() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    for _ in 0..2 {
        sign_in(&kit, &person, "Firefox", PASSWORD).await.expect("signed in");
    }
    assert_eq!(news(&kit), [], "who has just made an account knows");
    sign_in(&kit, &person, "Chromium", "not the password").await.expect_err("refused");
    assert_eq!(news(&kit), [], "nobody signed in");
    for _ in 0..2 {
        sign_in(&kit, &person, "Chromium", PASSWORD).await.expect("signed in");
    }
    let told = news(&kit);
    assert_eq!(told.len(), 1, "once a device");
    for _ in 0..2 {
        kit.services.notify(&told[0]).await.expect("told");
    }
    let mails = kit.mails.sent();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [person.email.as_str()]);
    for words in ["Device: Chromium", "(UTC)", "/forgot-password"] {
        assert!(mails[0].text.contains(words), "{words}: {}", mails[0].text);
    }
}

/// All its sessions ended long ago, so nobody knows its devices any more.
#[tokio::test]
async fn a_sign_in_to_an_account_that_slept_is_news() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let sql = "UPDATE users SET created_at = now() - interval '2 days' WHERE id = $1";
    kit.database.execute(sql, &[&person.id.uuid()]).await;
    sign_in(&kit, &person, "Firefox", PASSWORD).await.expect("signed in");
    assert_eq!(news(&kit).len(), 1);
}

#[tokio::test]
async fn a_password_hashed_with_less_work_is_hashed_anew_when_it_proves_right() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let params = Params::new(8_192, 1, 1, None).expect("parameters");
    let weak: PasswordHash =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(PASSWORD.as_bytes()).expect("a hash");
    let weak = weak.to_string();
    let sql = "UPDATE users SET password_hash = $2 WHERE id = $1";
    kit.database.execute(sql, &[&person.id.uuid(), &weak]).await;
    let kept = async || -> String {
        kit.database.value("SELECT password_hash FROM users WHERE id = $1", &[&person.id.uuid()]).await
    };

    sign_in(&kit, &person, "Firefox", "not the password").await.expect_err("refused");
    assert_eq!(kept().await, weak);
    sign_in(&kit, &person, "Firefox", PASSWORD).await.expect("signed in");
    let anew = kept().await;
    assert!(anew.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{anew}");
    sign_in(&kit, &person, "Firefox", PASSWORD).await.expect("by the new hash");
    assert_eq!(kept().await, anew, "once");
}

#[tokio::test]
async fn a_password_changed_meanwhile_is_not_overwritten_by_a_hash_of_the_one_before() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let before: String =
        kit.database.value("SELECT password_hash FROM users WHERE id = $1", &[&person.id.uuid()]).await;
    let sql = "UPDATE users SET password_hash = 'another' WHERE id = $1";
    kit.database.execute(sql, &[&person.id.uuid()]).await;
    let connection = kit.services.db.connection().await.expect("a connection");
    let replaced = store::users::replace_password_hash(&connection, person.id, &before, "anew").await;
    assert!(!replaced.expect("tried"));
    let kept: String = kit.database.value("SELECT password_hash FROM users WHERE id = $1", &[&person.id.uuid()]).await;
    assert_eq!(kept, "another");
}
