//! What is outside: the traits that `adapters` implements on AWS and Redis, and `testkit` for faults.

use std::sync::Arc;

use async_trait::async_trait;
use domain::error::Result;
use domain::event::Event;
use domain::id::{EventId, SessionId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Puts events on the queue of the workers.
#[async_trait]
pub trait EventPublisher: Send + Sync {
    /// Publishes at most ten events; gives those the queue has taken.
    async fn publish(&self, events: &[Event]) -> Result<Vec<EventId>>;
}

/// A refresh session: a device signed in. Only the hashes of its tokens are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Identity; the family of its refresh tokens.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// SHA-256 (base64url) of the refresh tokens that may be used once each; more than one after two tabs refreshed
    /// at the same moment.
    pub live: Vec<String>,
    /// The hashes of those spent a few seconds ago, and when.
    pub recently_spent: Vec<SpentToken>,
    /// Counts changes, for compare-and-set.
    pub version: u64,
    /// When the device signed in.
    pub created_at: Timestamp,
    /// When it last refreshed.
    pub used_at: Timestamp,
    /// End of the session, however often it is refreshed.
    pub expires_at: Timestamp,
}

/// A refresh token that has been used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentToken {
    /// SHA-256, base64url.
    pub hash: String,
    /// When it was used.
    pub at: Timestamp,
}

/// Keeps refresh sessions, and forgets them when they end.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps a new session.
    async fn create(&self, session: &Session) -> Result<()>;
    /// The session of this id, unless it has ended.
    async fn find(&self, id: SessionId) -> Result<Option<Session>>;
    /// Replaces the session if its version is still `expected_version`; else says false and changes nothing.
    async fn replace(&self, session: &Session, expected_version: u64) -> Result<bool>;
    /// Ends the session.
    async fn revoke(&self, id: SessionId) -> Result<()>;
}

/// What a one-time token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    /// SHA-256 of the token, base64url.
    pub hash: String,
    /// What for, such as `email_verification`.
    pub purpose: String,
    /// For whom.
    pub user_id: UserId,
    /// What it is bound to: the address it was sent to, lowered.
    pub email_key: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Keeps one-time tokens.
#[async_trait]
pub trait OneTimeTokenStore: Send + Sync {
    /// Keeps a token.
    async fn put(&self, token: &OneTimeToken) -> Result<()>;
    /// The token of this hash, if it has not ended and was not taken.
    async fn find(&self, hash: &str) -> Result<Option<OneTimeToken>>;
    /// Removes the token; true for the one caller who did.
    async fn remove(&self, hash: &str) -> Result<bool>;
}

/// What became of a claim to deliver something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryClaim {
    /// It is this caller's to do, for a while.
    Mine,
    /// It has been done.
    Done,
    /// Another is at it.
    InProgress,
}

/// Remembers what a worker has done, so that a message that comes again has no second effect.
#[async_trait]
pub trait DeliveryLog: Send + Sync {
    /// Claims the delivery for some seconds.
    async fn claim(&self, delivery_id: &str) -> Result<DeliveryClaim>;
    /// Marks it as done.
    async fn complete(&self, delivery_id: &str) -> Result<()>;
    /// Gives the claim back: it was not done.
    async fn release(&self, delivery_id: &str) -> Result<()>;
}

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail to the provider.
    async fn send(&self, mail: &Mail) -> Result<()>;
}

/// A cache that may be absent, slow or empty: a miss is always a right answer.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value, if it is there and came in time.
    async fn get(&self, key: &str) -> Option<Vec<u8>>;
    /// Keeps a value for some seconds.
    async fn set(&self, key: &str, value: &[u8], ttl_seconds: u64);
    /// Forgets a value.
    async fn delete(&self, key: &str);
    /// Whether the cache answers; none when there is no cache by configuration.
    async fn ping(&self) -> Option<bool>;
}

/// A secret the application needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretName {
    /// Where the database is and the role of the functions.
    Database,
    /// Keys that sign access tokens.
    TokenKeys,
    /// The key of quotes, cursors and fingerprints.
    SigningKey,
}

/// Gives secrets, cached for a limited time.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The secret's text.
    async fn secret(&self, name: SecretName) -> Result<Arc<str>>;
    /// What it gave was refused: the next call must fetch it anew.
    async fn refused(&self, name: SecretName);
}
