//! What is outside: the traits that `adapters` implements on AWS, Redis and Stripe, and `testkit` for faults.

mod oidc;
mod payments;

use std::sync::Arc;

use async_trait::async_trait;
use domain::calendar_feed::{FeedFault, FeedUrl};
use domain::error::Result;
use domain::event::{Event, EventKind};
use domain::id::{EventId, NotificationId, SessionId, UserId};
use domain::photo::{ImageId, PhotoType};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
pub use store::calendar_feeds::Validators;

pub use self::oidc::{ClientCredentials, IdentityProviders, ProviderMetadata, Redeemed, Redemption};
pub use self::payments::{
    DisputeMovement, Intent, NewIntent, NewReversal, NewTransfer, PaymentProvider, PayoutProvider, ProviderAccount,
    ProviderDispute, RefundOutcome, TransferOutcome,
};

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
    /// What the device calls itself (`User-Agent`).
    #[serde(default)]
    pub device: Option<String>,
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
    /// Ends the session; its refresh tokens are worth nothing from then on.
    async fn revoke(&self, id: SessionId) -> Result<()>;
    /// The sessions of a person that were not ended before their time; one that has only just begun may be missing.
    async fn of_user(&self, user_id: UserId) -> Result<Vec<Session>>;
    /// Whether the session was ended before its time.
    async fn is_revoked(&self, id: SessionId) -> Result<bool>;
}

/// What a one-time token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    /// SHA-256 of the token, base64url.
    pub hash: String,
    /// What for, such as `email_verification`.
    pub purpose: String,
    /// For whom; of a sign-in that has just begun, the account it makes if it makes one.
    pub user_id: UserId,
    /// What it dies with when that changes: the address it was sent to, lowered, or a hash of the password's hash. Of a
    /// sign-in at a provider, how far it has come.
    pub bound_to: String,
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
    /// Removes the token as it was found, for the same purpose; true for the one caller who did.
    async fn remove(&self, found: &OneTimeToken) -> Result<bool>;
    /// Removes all tokens of a person. Looks through all there are.
    async fn remove_of_user(&self, user_id: UserId) -> Result<()>;
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

/// A bucket that fills with each try and empties by itself. Its state is one number: when it will be empty, in
/// milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Whose; says nothing to a reader.
    pub key: String,
    /// Milliseconds from full to empty.
    pub window: i64,
    /// What this try adds, in milliseconds.
    pub cost: i64,
    /// What it adds when a gauge is full.
    pub strained_cost: i64,
}

/// A try, with the buckets it goes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// Buckets that refuse nothing: one that is full stays as it is, and the limits take the strained cost.
    pub gauges: Vec<Bucket>,
    /// Buckets of which each must have room.
    pub limits: Vec<Bucket>,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Whether there was room in every limit; if not, nothing was added anywhere.
    pub allowed: bool,
    /// Whether a gauge was full.
    pub strained: bool,
    /// What was added to each gauge.
    pub gauge_costs: Vec<i64>,
    /// When each limit will be empty, as it now is; in the past for one that is.
    pub empty_at: Vec<i64>,
}

/// Counts tries for all functions at once. One try is one step: of many at the same moment no more get through than
/// there is room for.
#[async_trait]
pub trait ThrottleStore: Send + Sync {
    /// Adds a try to its buckets, or says that there is no room.
    async fn take(&self, attempt: &Attempt) -> Result<Counted>;
    /// Takes back what a try has added: `(key, milliseconds)`.
    async fn give_back(&self, costs: &[(String, i64)], now: i64) -> Result<()>;
}

/// An entry of a person's in-app inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Identity; later ones sort later.
    pub id: NotificationId,
    /// Whose inbox it is in.
    pub user_id: UserId,
    /// What happened.
    pub kind: EventKind,
    /// What it is about, as the event had it.
    pub data: serde_json::Value,
    /// When it happened.
    pub created_at: Timestamp,
    /// Since when it is read.
    pub read_at: Option<Timestamp>,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// Keeps people's in-app inboxes.
#[async_trait]
pub trait NotificationStore: Send + Sync {
    /// Keeps an entry; one of this id that is there already stays as it is.
    async fn put(&self, entry: &Notification) -> Result<()>;
    /// A page of a person's entries, newest first: those before `before`.
    async fn page(&self, user_id: UserId, before: Option<NotificationId>, limit: u32) -> Result<Vec<Notification>>;
    /// Notes since when an entry is read, unless it is; gives it as it then is, none when it is not there.
    async fn mark_read(&self, user_id: UserId, id: NotificationId, at: Timestamp) -> Result<Option<Notification>>;
    /// Removes all entries of a person.
    async fn remove_of_user(&self, user_id: UserId) -> Result<()>;
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

/// What is looked for in the cache, and what becomes of it when it is not there.
#[derive(Clone, Debug)]
pub struct Look {
    /// Keys of what the answer hangs on.
    pub generations: Vec<String>,
    /// A word that no generation ever was: that of those that have none.
    pub fresh_generation: String,
    /// How long a generation stays.
    pub generation_seconds: u64,
    /// Beginning of the answer's key; the rest follows from the generations.
    pub name: String,
    /// How long one may work on the answer before another may begin.
    pub lease_seconds: u64,
    /// Whether only what is asked for again is worth keeping, and within how many seconds.
    pub only_when_asked_again_within: Option<u64>,
}

/// What a cache has for somebody who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// The answer.
    Kept(Vec<u8>),
    /// None, and it is this caller's to work out and keep under this key.
    Leased(String),
    /// None, and another is at it.
    Awaited,
    /// None, and it need not be kept.
    NotWorthKeeping,
}

/// A cache that may be absent, slow or empty: a miss is always a right answer.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value, if it is there and came in time.
    async fn get(&self, key: &str) -> Option<Vec<u8>>;
    /// Keeps a value for some seconds.
    async fn set(&self, key: &str, value: &[u8], ttl_seconds: u64);
    /// Looks for an answer under the generations there are, in one trip; none while there is no cache.
    async fn look(&self, look: &Look) -> Option<Looked>;
    /// Keeps what was worked out for some seconds, if anything was, and gives the lease back.
    async fn end_lease(&self, key: &str, value: Option<&[u8]>, ttl_seconds: u64);
    /// Forgets values; false when the cache did not say that it has. Without a cache by configuration there is nothing
    /// to forget.
    async fn delete(&self, keys: &[String]) -> bool;
    /// Whether the cache answers; none when there is no cache by configuration.
    async fn ping(&self) -> Option<bool>;
}

/// Puts the provider's webhook events on the queue of their worker.
#[async_trait]
pub trait WebhookQueue: Send + Sync {
    /// Puts one event on the queue.
    async fn put(&self, body: &str) -> Result<()>;
}

/// What came back from the address of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The same as before.
    Unchanged,
    /// Something: whether it is a calendar is for the reader to say.
    Calendar {
        /// At most [`MAX_BYTES`](domain::calendar_feed::MAX_BYTES).
        bytes: Vec<u8>,
        /// What asks whether it has changed.
        validators: Validators,
    },
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    /// What was wrong.
    pub fault: FeedFault,
    /// The HTTP status, where that was it.
    pub status: Option<u16>,
}

/// Fetches calendars from addresses that strangers name: only from the public internet, wherever names and redirects
/// lead, and never more than fits.
#[async_trait]
pub trait CalendarSource: Send + Sync {
    /// Fetches a calendar, unless it is as it was.
    async fn fetch(&self, url: &FeedUrl, known: &Validators) -> Result<Fetched, FetchFailure>;
}

/// A request that uploads one image; good for 15 minutes, and for this type and size alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoUpload {
    /// Where to.
    pub url: String,
    /// What must be sent along, by name.
    pub headers: Vec<(&'static str, String)>,
}

/// Keeps photos and pictures of people: uploads, which are private, and the variants made of them, which everybody may
/// get who knows the address.
#[async_trait]
pub trait PhotoStorage: Send + Sync {
    /// Where variants are served from, without a slash at the end.
    fn base_url(&self) -> &str;
    /// Makes the request that uploads an image.
    async fn presign_upload(&self, id: ImageId, content_type: PhotoType, bytes: u32) -> Result<PhotoUpload>;
    /// Whether an image was uploaded and is still there.
    async fn is_uploaded(&self, id: ImageId) -> Result<bool>;
    /// What was uploaded, but of something larger than `max_bytes` no more than that and one byte.
    async fn upload(&self, id: ImageId, max_bytes: u32) -> Result<Option<Vec<u8>>>;
    /// Keeps a variant: a JPEG of this width.
    async fn put_variant(&self, id: ImageId, width: u32, jpeg: Vec<u8>) -> Result<()>;
    /// Takes the upload away, if it is there.
    async fn delete_upload(&self, id: ImageId) -> Result<()>;
    /// Takes the upload and all variants away, as far as they are there.
    async fn delete_all(&self, id: ImageId) -> Result<()>;
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
    /// The payment provider's API key and webhook secrets.
    Stripe,
    /// The providers by which people may sign in, with our names and secrets there.
    SignInProviders,
}

/// Gives secrets, cached for a limited time.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The secret's text.
    async fn secret(&self, name: SecretName) -> Result<Arc<str>>;
    /// What it gave was refused: the next call must fetch it anew.
    async fn refused(&self, name: SecretName);
}
