//! The ports of `services` on AWS and Redis, one file a dependency. Nothing here decides anything.

mod aws;
mod calendar_fetcher;
mod deliveries;
mod dynamo_throttles;
mod email;
mod notifications;
mod oidc;
mod one_time_tokens;
mod photos;
mod queues;
mod redis_cache;
mod redis_throttles;
mod secrets_manager;
mod sessions;
mod stripe;

pub use aws::Aws;
pub use calendar_fetcher::{CalendarFetcher, HostNames, World};
pub use deliveries::DynamoDeliveries;
pub use dynamo_throttles::DynamoThrottles;
pub use email::SesMailer;
pub use notifications::DynamoNotifications;
pub use oidc::{OidcClient, Patience};
pub use one_time_tokens::DynamoOneTimeTokens;
pub use photos::S3Photos;
pub use queues::SqsQueue;
pub use redis_cache::{NoCache, RedisCache};
pub use redis_throttles::RedisThrottles;
pub use secrets_manager::SecretsManager;
pub use sessions::DynamoSessions;
pub use stripe::Stripe;
