//! Use cases, one file a resource: who may do what, in which transaction, with which events.
//! Rules are `domain`'s, SQL is `store`'s, what is outside comes in through `ports`. Knows nothing of HTTP.

use std::sync::Arc;
use std::time::Duration;

use domain::error::{Error, Result};
use domain::pricing::ServiceFees;
use domain::throttle::Limits;

pub mod access_tokens;
pub mod actor;
pub mod admin;
pub mod auth;
pub mod avatars;
pub mod booking_changes;
pub mod bookings;
pub mod cached;
pub mod calendar;
pub mod calendar_exports;
pub mod calendar_feeds;
pub mod cancellations;
pub mod disputes;
pub mod earnings;
pub mod email_changes;
pub mod erasures;
pub mod exports;
pub mod feed_refresh;
pub mod health;
pub mod hidden_reviews;
pub mod host_answers;
pub mod idempotency;
pub mod identities;
pub mod inbox;
mod ledger;
pub mod mail_templates;
pub mod maintenance;
pub mod map;
pub mod no_shows;
pub mod notifications;
pub mod oidc;
pub mod one_time_tokens;
pub mod outbox;
pub mod password_resets;
pub mod passwords;
pub mod payments;
pub mod payout_accounts;
pub mod payouts;
pub mod photo_images;
pub mod photos;
pub mod places;
pub mod ports;
pub mod properties;
pub mod property_changes;
pub mod quotes;
pub mod receipts;
pub mod refunds;
pub mod reminders;
pub mod reviews;
pub mod revocations;
pub mod roles;
pub mod sealing;
pub mod search;
pub mod second_factors;
pub mod sessions;
pub mod settlement;
pub mod stay_calendars;
pub mod stripe_webhooks;
pub mod suspensions;
pub mod threads;
pub mod throttles;
mod totp;
pub mod users;
pub mod wishlists;

pub use actor::Actor;
pub use idempotency::{Answer, IdempotencyKey, SavedAnswer};
pub use store::{Db, Tx};

use feed_refresh::FeedSettings;
use ports::{
    Cache, CalendarSource, DeliveryLog, EventPublisher, IdentityProviders, Mailer, NotificationStore,
    OneTimeTokenStore, PaymentProvider, PayoutProvider, PhotoStorage, SecretSource, SessionStore, ThrottleStore,
    WebhookQueue,
};

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API is reached; issuer of tokens, base of links to it. No slash at the end.
    pub public_base_url: String,
    /// Where the front end is; base of the links in mails. No slash at the end.
    pub web_base_url: String,
    /// Sender of mails.
    pub mail_from: String,
    /// How many unpaid bookings of one guest may hold nights at a time.
    pub max_unpaid_holds: u32,
    /// The platform's fees, frozen on each booking.
    pub service_fees: ServiceFees,
    /// How often what may be tried.
    pub limits: Limits,
    /// How calendars of other sites are read.
    pub calendar_feeds: FeedSettings,
    /// A request whose work is committed waits so long for the provider to be told of it; the rest is the reconciler's.
    pub follow_up_limit: Duration,
}

/// Everything a use case works with.
pub struct Services {
    /// PostgreSQL: the truth.
    pub db: Db,
    /// Redis: what may vanish.
    pub cache: Arc<dyn Cache>,
    /// SQS: events on their way to the workers.
    pub events: Arc<dyn EventPublisher>,
    /// DynamoDB: refresh sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// DynamoDB: one-time tokens.
    pub one_time_tokens: Arc<dyn OneTimeTokenStore>,
    /// Who counts attempts: Redis, then DynamoDB.
    pub throttles: Vec<Arc<dyn ThrottleStore>>,
    /// DynamoDB: what a worker has done already.
    pub deliveries: Arc<dyn DeliveryLog>,
    /// DynamoDB: in-app inboxes.
    pub notifications: Arc<dyn NotificationStore>,
    /// SES.
    pub mailer: Arc<dyn Mailer>,
    /// Stripe.
    pub payment_provider: Arc<dyn PaymentProvider>,
    /// Stripe, where hosts are paid.
    pub payout_provider: Arc<dyn PayoutProvider>,
    /// S3: photos.
    pub photos: Arc<dyn PhotoStorage>,
    /// SQS: webhook events on their way to their worker.
    pub webhook_queue: Arc<dyn WebhookQueue>,
    /// The internet, as far as hosts name calendars in it.
    pub calendars: Arc<dyn CalendarSource>,
    /// Providers of OpenID Connect, by which people sign in.
    pub identity_providers: Arc<dyn IdentityProviders>,
    /// Secrets Manager.
    pub secrets: Arc<dyn SecretSource>,
    /// The operator's decisions.
    pub settings: Settings,
    /// Keys parsed once; start with the default.
    pub keys: access_tokens::KeyRingCache,
    /// Sessions known to have ended or not; start with the default.
    pub revocations: revocations::RevocationCache,
}

impl Services {
    /// Runs `work` in one transaction; once that is committed, publishes the events it wrote and tells the cache what is
    /// no longer true.
    pub async fn write<T, F>(&self, name: &'static str, work: impl Fn(Arc<Tx>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let committed = self.db.run_tx(name, work).await?;
        tokio::join!(self.publish(&committed.events), self.tell_cache());
        Ok(committed.value)
    }

    /// Runs blocking computation, such as password hashing, off the thread that serves.
    pub(crate) async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}
