//! What the environment says, read once at the start. Everything that is missing or wrong is named in one error.

use std::fmt;

use domain::calendar_feed::TrustedOrigin;
use domain::money::BasisPoints;
use domain::pricing::ServiceFees;
use domain::throttle::Limits;
use web::OriginPattern;

/// Where Stripe's API is, unless a simulator is to be used.
const STRIPE_API_BASE: &str = "https://api.stripe.com";

/// Where a secret is.
#[derive(Clone)]
pub enum SecretAt {
    /// Its text, given by the environment.
    Value(String),
    /// Its id in Secrets Manager.
    Id(String),
}

impl fmt::Debug for SecretAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => formatter.write_str("Value(…)"),
            Self::Id(id) => write!(formatter, "Id({id})"),
        }
    }
}

/// The configuration of every function but `migrate`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API is reached, without a slash at the end.
    pub public_base_url: String,
    /// Where the front end is, without a slash at the end.
    pub web_base_url: String,
    /// Origins browsers may call from.
    pub cors_origins: Vec<OriginPattern>,
    /// The database of the functions' role.
    pub database: SecretAt,
    /// Connections a function may have.
    pub database_pool_size: usize,
    /// Keys that sign access tokens.
    pub token_keys: SecretAt,
    /// How many seconds a secret is taken for current before it is asked for again.
    pub secrets_fresh_seconds: u32,
    /// The key of quotes, cursors and fingerprints.
    pub signing_key: SecretAt,
    /// Stripe's API key and webhook secret, where the function has to do with payments.
    pub stripe: Option<SecretAt>,
    /// Where Stripe's API is.
    pub stripe_api_base: String,
    /// The providers by which people may sign in; none without it.
    pub sign_in_providers: Option<SecretAt>,
    /// The cache, if there is one.
    pub redis_url: Option<String>,
    /// Queue of webhook events; empty where the function takes none in.
    pub payment_events_queue_url: String,
    /// Queue of events.
    pub events_queue_url: String,
    /// Table of refresh sessions.
    pub sessions_table: String,
    /// Table of one-time tokens.
    pub one_time_tokens_table: String,
    /// Table of attempts.
    pub throttles_table: String,
    /// Table of what workers have done.
    pub deliveries_table: String,
    /// Table of in-app inboxes.
    pub notifications_table: String,
    /// Bucket of photos.
    pub photos_bucket: String,
    /// Where its variants are served from, without a slash at the end.
    pub photos_base_url: String,
    /// Sender of mails.
    pub mail_from: String,
    /// Unpaid bookings a guest may have at a time.
    pub max_unpaid_holds: u32,
    /// How often what may be tried.
    pub limits: Limits,
    /// A header in which the gateway says where a request comes from, in the place of what the event says; on local
    /// stages alone.
    pub client_address_header: Option<String>,
    /// The platform's fees.
    pub service_fees: ServiceFees,
    /// What calendars may be read from besides the public internet; on local and test stages alone.
    pub calendar_feed_trusted_origin: Option<TrustedOrigin>,
}

/// The configuration of `migrate`.
#[derive(Clone, Debug)]
pub struct MigrateConfig {
    /// The database of the owner role, with DDL.
    pub owner: SecretAt,
    /// The database of the functions' role, which is made and kept.
    pub app: SecretAt,
}

/// Every variable that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the environment is not complete: {}", self.faults.join("; "))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::read(environment)
    }

    fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables { lookup, faults: Vec::new() };
        let config = Self {
            public_base_url: variables.base_url("PUBLIC_BASE_URL"),
            web_base_url: variables.base_url("WEB_BASE_URL"),
            cors_origins: variables.origins("CORS_ORIGINS"),
            database: variables.secret("DATABASE_URL", "DATABASE_SECRET_ID"),
            database_pool_size: variables.number("DATABASE_POOL_SIZE", 2, 1, 100) as usize,
            token_keys: variables.secret("TOKEN_KEYS", "TOKEN_KEYS_SECRET_ID"),
            secrets_fresh_seconds: variables.number("SECRETS_FRESH_SECONDS", 300, 1, 3_600),
            signing_key: variables.secret("SIGNING_KEYS", "SIGNING_SECRET_ID"),
            stripe: variables.optional_secret("STRIPE_SECRET", "STRIPE_SECRET_ID"),
            stripe_api_base: variables.optional("STRIPE_API_BASE").unwrap_or_else(|| STRIPE_API_BASE.to_owned()),
            sign_in_providers: variables.optional_secret("SIGN_IN_PROVIDERS", "SIGN_IN_PROVIDERS_SECRET_ID"),
            redis_url: variables.optional("REDIS_URL"),
            payment_events_queue_url: variables.optional("PAYMENT_EVENTS_QUEUE_URL").unwrap_or_default(),
            events_queue_url: variables.required("EVENTS_QUEUE_URL"),
            sessions_table: variables.required("SESSIONS_TABLE"),
            one_time_tokens_table: variables.required("ONE_TIME_TOKENS_TABLE"),
            throttles_table: variables.required("THROTTLES_TABLE"),
            deliveries_table: variables.required("DELIVERIES_TABLE"),
            notifications_table: variables.required("NOTIFICATIONS_TABLE"),
            photos_bucket: variables.required("PHOTOS_BUCKET"),
            photos_base_url: variables.base_url("PHOTOS_BASE_URL"),
            mail_from: variables.required("MAIL_FROM"),
            max_unpaid_holds: variables.number("MAX_UNPAID_HOLDS", 10, 1, 100_000),
            limits: variables.limits("THROTTLE_LIMITS"),
            client_address_header: variables.on_local_stages("CLIENT_ADDRESS_HEADER"),
            service_fees: ServiceFees {
                guest: BasisPoints(variables.number("GUEST_FEE_BASIS_POINTS", 1_420, 0, 10_000)),
                host: BasisPoints(variables.number("HOST_FEE_BASIS_POINTS", 300, 0, 10_000)),
            },
            calendar_feed_trusted_origin: variables.trusted_origin("CALENDAR_FEED_TRUSTED_ORIGIN"),
        };
        variables.finish(config)
    }
}

impl MigrateConfig {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let mut variables = Variables { lookup: environment, faults: Vec::new() };
        let config = Self {
            owner: variables.secret("MIGRATION_DATABASE_URL", "MIGRATION_DATABASE_SECRET_ID"),
            app: variables.secret("DATABASE_URL", "DATABASE_SECRET_ID"),
        };
        variables.finish(config)
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

struct Variables<L> {
    lookup: L,
    faults: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Variables<L> {
    /// Set and not empty.
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.faults.push(format!("{name} is missing"));
            String::new()
        })
    }

    fn secret(&mut self, value_name: &str, id_name: &str) -> SecretAt {
        match (self.optional(value_name), self.optional(id_name)) {
            (Some(value), _) => SecretAt::Value(value),
            (None, Some(id)) => SecretAt::Id(id),
            (None, None) => {
                self.faults.push(format!("{id_name} (or {value_name}) is missing"));
                SecretAt::Id(String::new())
            }
        }
    }

    fn optional_secret(&self, value_name: &str, id_name: &str) -> Option<SecretAt> {
        let value = self.optional(value_name).map(SecretAt::Value);
        value.or_else(|| self.optional(id_name).map(SecretAt::Id))
    }

    fn base_url(&mut self, name: &str) -> String {
        let url = self.required(name);
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            self.faults.push(format!("{name} must start with https:// or http://"));
        }
        url.trim_end_matches('/').to_owned()
    }

    fn origins(&mut self, name: &str) -> Vec<OriginPattern> {
        let list = self.optional(name).unwrap_or_default();
        let mut origins = Vec::new();
        for text in list.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            match OriginPattern::parse(text) {
                Some(origin) => origins.push(origin),
                None => self.faults.push(format!("{name} has {text:?}, which is not an origin")),
            }
        }
        origins
    }

    /// An origin past the guard of calendar feeds. Where it could lead into a network worth guarding it is refused.
    fn trusted_origin(&mut self, name: &str) -> Option<TrustedOrigin> {
        let origin = TrustedOrigin::parse(&self.on_local_stages(name)?);
        origin.map_err(|invalid| self.faults.push(format!("{name}: {invalid}"))).ok()
    }

    /// What would be a hole anywhere else.
    fn on_local_stages(&mut self, name: &str) -> Option<String> {
        let text = self.optional(name)?;
        let stage = self.optional("STAGE").unwrap_or_default();
        if !["local", "test"].contains(&stage.as_str()) {
            self.faults.push(format!("{name} may be set for STAGE local or test only, not {stage:?}"));
        }
        Some(text)
    }

    fn limits(&mut self, name: &str) -> Limits {
        let text = self.optional(name).unwrap_or_default();
        Limits::parse(&text).unwrap_or_else(|invalid| {
            self.faults.push(format!("{name}: {invalid}"));
            Limits::default()
        })
    }

    /// A whole number within these limits.
    fn number(&mut self, name: &str, default: u32, min: u32, max: u32) -> u32 {
        let Some(text) = self.optional(name) else { return default };
        text.parse().ok().filter(|number| (min..=max).contains(number)).unwrap_or_else(|| {
            self.faults.push(format!("{name} must be a whole number from {min} to {max}"));
            default
        })
    }

    fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        if self.faults.is_empty() { Ok(config) } else { Err(ConfigError { faults: self.faults }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(name: &str) -> Option<String> {
        let value = match name {
            "PUBLIC_BASE_URL" => "https://api.example.com/",
            "WEB_BASE_URL" => "https://example.com",
            "CORS_ORIGINS" => "https://example.com, http://localhost:*",
            "DATABASE_SECRET_ID" => "roost/database",
            "TOKEN_KEYS" => "{\"active_kid\":\"secret-kid\"}",
            "SIGNING_SECRET_ID" => "roost/signing",
            "EVENTS_QUEUE_URL" => "http://localhost/queue",
            "SESSIONS_TABLE" | "ONE_TIME_TOKENS_TABLE" | "THROTTLES_TABLE" => "table",
            "DELIVERIES_TABLE" | "NOTIFICATIONS_TABLE" => "table",
            "PHOTOS_BUCKET" => "photos",
            "PHOTOS_BASE_URL" => "https://photos.example.com",
            "MAIL_FROM" => "no-reply@example.com",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_complete_environment_is_taken_with_defaults() {
        let config = Config::read(complete).expect("complete");
        assert_eq!(config.public_base_url, "https://api.example.com");
        assert_eq!(config.cors_origins.len(), 2);
        assert_eq!((config.database_pool_size, config.max_unpaid_holds), (2, 10));
        assert_eq!(config.service_fees.guest, BasisPoints(1_420));
        assert_eq!(config.redis_url, None);
    }

    #[test]
    fn every_fault_is_named_in_one_error() {
        let lookup = |name: &str| match name {
            "WEB_BASE_URL" | "SESSIONS_TABLE" => None,
            "TOKEN_KEYS" => Some(" ".to_owned()),
            "CORS_ORIGINS" => Some("https://a.example,*".to_owned()),
            "MAX_UNPAID_HOLDS" => Some("none".to_owned()),
            "HOST_FEE_BASIS_POINTS" => Some("10001".to_owned()),
            "THROTTLE_LIMITS" => Some("login=0/1".to_owned()),
            _ => complete(name),
        };
        let error = Config::read(lookup).expect_err("faulty").to_string();
        for name in [
            "WEB_BASE_URL",
            "SESSIONS_TABLE",
            "TOKEN_KEYS",
            "CORS_ORIGINS",
            "MAX_UNPAID_HOLDS",
            "HOST_FEE_BASIS_POINTS",
            "THROTTLE_LIMITS",
        ] {
            assert!(error.contains(name), "{name} in {error}");
        }
    }

    #[test]
    fn a_value_in_the_environment_wins_over_a_secret_id() {
        let lookup = |name: &str| match name {
            "DATABASE_URL" => Some("postgres://localhost/roost".to_owned()),
            _ => complete(name),
        };
        assert!(matches!(Config::read(lookup).expect("complete").database, SecretAt::Value(_)));
    }

    #[test]
    fn calendars_are_read_from_private_addresses_on_local_and_test_stages_alone() {
        let read = |stage: Option<&'static str>, origin: &'static str| {
            Config::read(move |name: &str| match name {
                "STAGE" => stage.map(str::to_owned),
                "CALENDAR_FEED_TRUSTED_ORIGIN" => Some(origin.to_owned()),
                _ => complete(name),
            })
        };
        for stage in ["local", "test"] {
            assert!(read(Some(stage), "http://127.0.0.1:8080").expect("taken").calendar_feed_trusted_origin.is_some());
            assert!(read(Some(stage), "http://localhost:8080").is_err());
            assert_eq!(read(Some(stage), "").expect("none").calendar_feed_trusted_origin, None);
        }
        for stage in [Some("prod"), Some("dev"), Some("LOCAL"), None] {
            let error = read(stage, "http://127.0.0.1:8080").expect_err("refused").to_string();
            assert!(error.contains("CALENDAR_FEED_TRUSTED_ORIGIN"), "{error}");
        }
    }

    #[test]
    fn a_header_says_where_a_request_comes_from_on_local_and_test_stages_alone() {
        for stage in [Some("local"), Some("prod"), Some("dev"), None] {
            let read = Config::read(move |name: &str| match name {
                "STAGE" => stage.map(str::to_owned),
                "CLIENT_ADDRESS_HEADER" => Some("x-client".to_owned()),
                _ => complete(name),
            });
            assert_eq!(read.is_ok(), stage == Some("local"), "{stage:?}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        assert!(!format!("{:?}", Config::read(complete)).contains("secret-kid"));
    }
}
