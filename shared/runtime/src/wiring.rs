//! The use cases on what they need: PostgreSQL, Redis, AWS. Nothing is connected or loaded before it is used.

use std::sync::Arc;
use std::time::Duration;

use adapters::{
    Aws, CalendarFetcher, DynamoDeliveries, DynamoNotifications, DynamoOneTimeTokens, DynamoSessions, DynamoThrottles,
    NoCache, OidcClient, Patience, RedisCache, RedisThrottles, S3Photos, SecretsManager, SesMailer, SqsQueue, Stripe,
};
use services::access_tokens::KeyRingCache;
use services::feed_refresh::FeedSettings;
use services::ports::{Cache, SecretName, SecretSource, ThrottleStore};
use services::revocations::RevocationCache;
use services::{Db, Services, Settings};

use crate::Error;
use crate::config::{Config, SecretAt};
use crate::database::FromSecret;
use crate::secrets::Secrets;

/// The longest a start waits for what it warms up.
const WARM_UP_LIMIT: Duration = Duration::from_secs(2);

/// Of a request's 2.8 s, which must do for the work itself too.
const FOLLOW_UP_LIMIT: Duration = Duration::from_millis(1_300);

/// The services of this configuration.
///
/// # Errors
/// When `REDIS_URL` is none.
pub fn services(config: &Config) -> Result<Services, Error> {
    patient_services(config, 1)
}

/// The same, which wait so many times as long for Redis and AWS: for tests.
///
/// # Errors
/// Those of [`services()`].
pub fn patient_services(config: &Config, times: u32) -> Result<Services, Error> {
    let aws = Aws::with_patience(times);
    let stripe = config.stripe.clone().map(|at| (SecretName::Stripe, at));
    let places = [
        (SecretName::Database, config.database.clone()),
        (SecretName::TokenKeys, config.token_keys.clone()),
        (SecretName::SigningKey, config.signing_key.clone()),
        (SecretName::SignInProviders, config.sign_in_providers.clone().unwrap_or_else(no_providers)),
    ]
    .into_iter()
    .chain(stripe);
    let fresh = Duration::from_secs(config.secrets_fresh_seconds.into());
    let secrets: Arc<dyn SecretSource> = Arc::new(Secrets::new(SecretsManager::new(aws.clone()), places, fresh));
    let redis = config.redis_url.as_ref().map(|url| RedisCache::new(url)).transpose()?;
    let redis = redis.map(|redis| Arc::new(redis.with_patience(times)));
    let cache: Arc<dyn Cache> = match &redis {
        Some(redis) => Arc::clone(redis) as _,
        None => Arc::new(NoCache),
    };
    let in_redis = redis.map(|redis| Arc::new(RedisThrottles::new(redis)) as Arc<dyn ThrottleStore>);
    let in_dynamodb = DynamoThrottles::new(aws.clone(), &config.throttles_table).with_patience(times);
    let in_dynamodb = Arc::new(in_dynamodb) as Arc<dyn ThrottleStore>;
    let stripe_api = Arc::new(Stripe::new(secrets.clone(), &config.stripe_api_base));
    Ok(Services {
        db: Db::new(Arc::new(FromSecret(secrets.clone())), config.database_pool_size),
        cache,
        events: Arc::new(SqsQueue::new(aws.clone(), &config.events_queue_url)),
        sessions: Arc::new(DynamoSessions::new(aws.clone(), &config.sessions_table)),
        one_time_tokens: Arc::new(DynamoOneTimeTokens::new(aws.clone(), &config.one_time_tokens_table)),
        throttles: in_redis.into_iter().chain([in_dynamodb]).collect(),
        deliveries: Arc::new(DynamoDeliveries::new(aws.clone(), &config.deliveries_table)),
        notifications: Arc::new(DynamoNotifications::new(aws.clone(), &config.notifications_table)),
        mailer: Arc::new(SesMailer::new(aws.clone(), &config.mail_from)),
        payment_provider: stripe_api.clone(),
        payout_provider: stripe_api,
        photos: Arc::new(S3Photos::new(aws.clone(), &config.photos_bucket, &config.photos_base_url)),
        webhook_queue: Arc::new(SqsQueue::new(aws, &config.payment_events_queue_url)),
        calendars: Arc::new(CalendarFetcher::new(config.calendar_feed_trusted_origin.clone())),
        identity_providers: Arc::new(OidcClient::new(Patience::default())),
        secrets,
        keys: KeyRingCache::default(),
        revocations: RevocationCache::default(),
        settings: Settings {
            public_base_url: config.public_base_url.clone(),
            web_base_url: config.web_base_url.clone(),
            mail_from: config.mail_from.clone(),
            max_unpaid_holds: config.max_unpaid_holds,
            service_fees: config.service_fees,
            limits: config.limits.clone(),
            calendar_feeds: FeedSettings {
                trusted_origin: config.calendar_feed_trusted_origin.clone(),
                ..FeedSettings::default()
            },
            follow_up_limit: times * FOLLOW_UP_LIMIT,
        },
    })
}

/// Where nothing is configured nobody signs in elsewhere.
fn no_providers() -> SecretAt {
    SecretAt::Value(r#"{"providers": []}"#.to_owned())
}

/// Connects the first connection to the database and gets these secrets, so that the first request need not. Whatever
/// is down stays for later: a start never fails by it.
pub(crate) async fn warm_up(services: &Services, secrets: &[SecretName]) {
    let work = async {
        let database = async { services.db.connection().await.map(drop) };
        let keys = async {
            for name in secrets {
                services.secrets.secret(*name).await?;
            }
            Ok(())
        };
        let (database, keys) = tokio::join!(database, keys);
        for error in [database.err(), keys.err()].into_iter().flatten() {
            tracing::warn!(cause = error.causes(), "not reachable at the start");
        }
    };
    if tokio::time::timeout(WARM_UP_LIMIT, work).await.is_err() {
        tracing::warn!("the start did not wait any longer for what is slow");
    }
}

/// Configuration and services of a process, with its logs started.
pub(crate) fn start() -> Result<(Config, Arc<Services>), Error> {
    crate::telemetry::start();
    let config = Config::from_environment().inspect_err(|error| tracing::error!(%error, "cannot start"))?;
    let services = services(&config)?;
    Ok((config, Arc::new(services)))
}
