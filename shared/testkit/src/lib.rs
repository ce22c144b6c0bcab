//! What integration tests stand on: a database of their own, the use cases on the real local AWS and Redis, people and
//! listings to work with, the routers in process, and stand-ins that fail on demand. For tests only: whatever goes
//! wrong while a test is set up ends it with a sentence that says what to do.

mod api;
mod aws;
mod calendars;
mod database;
mod environment;
mod fakes;
mod issuer;
pub mod outage;
mod people;
mod stays;
mod stripe;
mod tokens;
mod totp;

use std::sync::Arc;
use std::time::Duration;

use domain::money::BasisPoints;
use domain::pricing::ServiceFees;
use domain::throttle::{ClientAddress, Limits};
use runtime::config::{Config, SecretAt};
use services::Services;
use services::throttles::Client;
use utoipa_axum::router::OpenApiRouter;
use web::{AppState, HttpSettings, OriginPattern};

pub use api::{Answer, Api, redacted};
pub use aws::LocalAws;
pub use calendars::{CalendarSite, Served};
pub use database::{APP_ROLE, TestDatabase, migrations_folder};
pub use environment::{redis_url, require};
pub use fakes::{EventsMode, RecordedEvents, RecordedMails, UnreliableDeliveries};
pub use issuer::{CLIENT_ID, CLIENT_SECRET, Issuer, REDIRECT_URI, Trouble, state_of, with_providers};
pub use people::{Person, details, in_days, one_adult};
pub use stays::stay;
pub use stripe::{Authentication, RecordedWebhooks, StripeAccount, WEBHOOK_SECRET};
pub use tokens::TokenKeys;
pub use totp::TotpApp;

/// A machine that builds and tests may be slow to connect; what a function does then is for the tests of outages.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request and its calls of AWS may take so many times as long as a function's: nobody waits for a test, and the machine may
/// have much else to do.
const TIMES_AS_LONG: u32 = 10;

/// Where the tests' API pretends to be.
pub const BASE_URL: &str = "https://api.roost.test";

/// Where the tests' front end pretends to be.
pub const WEB_URL: &str = "https://www.roost.test";

/// The password of everybody whom the kit makes.
pub const PASSWORD: &str = "correct horse battery staple";

/// An address that nobody else has: attempts are counted for all tests together.
pub fn new_address() -> ClientAddress {
    let network = uuid::Uuid::new_v4().as_u128() & !u128::from(u64::MAX);
    ClientAddress::of(std::net::Ipv6Addr::from(network).into())
}

/// A client at an address of its own.
pub fn new_client() -> Client {
    Client::new(Some(new_address()), None)
}

/// Everything one test works with. Its database goes when it is dropped.
pub struct Kit {
    /// The use cases: PostgreSQL, Redis and DynamoDB are real; events and mails are recorded.
    pub services: Arc<Services>,
    /// The test's database.
    pub database: TestDatabase,
    /// What was published, and whether that works.
    pub events: Arc<RecordedEvents>,
    /// What was mailed, and whether that works.
    pub mails: Arc<RecordedMails>,
    /// Signs access tokens as the application does, and as it does not.
    pub tokens: TokenKeys,
    /// Where the payment provider is; none where the test has nothing to do with money.
    stripe: Option<StripeAt>,
}

/// The API's base and the functions' secret.
type StripeAt = (String, String);

/// What a kit has beside its database.
struct Outside {
    /// Without it there is no cache.
    redis_url: Option<String>,
    /// Where the local AWS is.
    aws: String,
}

impl Outside {
    /// The stack that `cargo xtask test` has started.
    fn of_the_tests() -> Self {
        Self { redis_url: Some(redis_url()), aws: require("AWS_ENDPOINT_URL") }
    }
}

impl Kit {
    /// A kit with everything in order.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A kit whose services the test changes before they are used.
    pub async fn with(change: impl FnOnce(&mut Services)) -> Self {
        Self::over(None, change).await
    }

    /// A kit whose payment provider is a simulator of its own.
    pub async fn with_stripe() -> (Self, StripeAccount) {
        let account = StripeAccount::start().await;
        let kit = Self::over(Some((account.url(), account.secret())), |_| {}).await;
        (kit, account)
    }

    /// A kit that needs PostgreSQL and nothing else: its payment provider is a simulator in this process, there is no
    /// cache, and `change` puts something in the place of what is on AWS.
    pub async fn on_postgres(change: impl FnOnce(&mut Services)) -> (Self, StripeAccount) {
        let account = StripeAccount::start().await;
        let elsewhere = Outside { redis_url: None, aws: "http://127.0.0.1:9".to_owned() };
        let kit = Self::assembled(Some((account.url(), account.secret())), &elsewhere, change).await;
        (kit, account)
    }

    async fn over(stripe: Option<StripeAt>, change: impl FnOnce(&mut Services)) -> Self {
        let aws = LocalAws::connect().await;
        aws.ensure_tables().await;
        Self::assembled(stripe, &Outside::of_the_tests(), change).await
    }

    async fn assembled(stripe: Option<StripeAt>, outside: &Outside, change: impl FnOnce(&mut Services)) -> Self {
        let database = TestDatabase::create().await;
        let tokens = TokenKeys::generate();
        let events = Arc::new(RecordedEvents::default());
        let mails = Arc::new(RecordedMails::default());
        let mut services = services(&database, &tokens, &events, &mails, stripe.as_ref(), outside);
        change(&mut services);
        Self { services: Arc::new(services), database, events, mails, tokens, stripe }
    }

    /// Another copy of the function, so to speak: the same stores behind other use cases, for the test to change.
    pub fn more_services(&self) -> Services {
        let outside = Outside::of_the_tests();
        services(&self.database, &self.tokens, &self.events, &self.mails, self.stripe.as_ref(), &outside)
    }

    /// The routes inside the shell that every function has.
    pub fn api(&self, routes: OpenApiRouter<AppState>) -> Api {
        Self::api_over(Arc::clone(&self.services), routes)
    }

    /// The same over other services.
    pub fn api_over(services: Arc<Services>, routes: OpenApiRouter<AppState>) -> Api {
        let http = Arc::new(HttpSettings {
            public_base_url: BASE_URL.into(),
            cors_origins: OriginPattern::parse("http://localhost:*").into_iter().collect(),
            time_limit: TIMES_AS_LONG * HttpSettings::TIME_LIMIT,
        });
        Api::new(web::app(AppState { services, http }, routes))
    }
}

fn services(
    database: &TestDatabase,
    tokens: &TokenKeys,
    events: &Arc<RecordedEvents>,
    mails: &Arc<RecordedMails>,
    stripe: Option<&StripeAt>,
    outside: &Outside,
) -> Services {
    let mut config = config(database, tokens, outside);
    if let Some((api_base, secret)) = stripe {
        config.stripe_api_base.clone_from(api_base);
        config.stripe = Some(SecretAt::Value(secret.clone()));
    }
    let mut services = runtime::patient_services(&config, TIMES_AS_LONG).expect("REDIS_URL is an address");
    services.db = services.db.with_connect_limit(PATIENCE);
    services.events = Arc::clone(events) as _;
    services.mailer = Arc::clone(mails) as _;
    services
}

fn config(database: &TestDatabase, tokens: &TokenKeys, outside: &Outside) -> Config {
    Config {
        stripe: None,
        sign_in_providers: None,
        stripe_api_base: "http://127.0.0.1:9".to_owned(),
        payment_events_queue_url: String::new(),
        public_base_url: BASE_URL.to_owned(),
        web_base_url: WEB_URL.to_owned(),
        cors_origins: Vec::new(),
        database: SecretAt::Value(database.app_url()),
        database_pool_size: 12,
        token_keys: SecretAt::Value(tokens.secret()),
        secrets_fresh_seconds: 300,
        signing_key: SecretAt::Value(tokens.signing_secret()),
        redis_url: outside.redis_url.clone(),
        events_queue_url: "unused: events are recorded".to_owned(),
        sessions_table: aws::SESSIONS.to_owned(),
        one_time_tokens_table: aws::ONE_TIME_TOKENS.to_owned(),
        throttles_table: aws::THROTTLES.to_owned(),
        limits: Limits::default(),
        client_address_header: None,
        deliveries_table: aws::DELIVERIES.to_owned(),
        notifications_table: aws::NOTIFICATIONS.to_owned(),
        photos_bucket: aws::PHOTOS.to_owned(),
        photos_base_url: format!("{}/{}", outside.aws, aws::PHOTOS),
        mail_from: "no-reply@roost.test".to_owned(),
        max_unpaid_holds: 10,
        service_fees: ServiceFees { guest: BasisPoints(1_420), host: BasisPoints(300) },
        calendar_feed_trusted_origin: None,
    }
}
