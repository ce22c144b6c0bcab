//! How a simulator is set up: by the caller, or by arguments and environment variables of the command.
//! Must not read anything else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::API_VERSION;

/// The kinds of event sent when nothing else is asked for: those that Roost's endpoint subscribes to.
const DEFAULT_WEBHOOK_EVENTS: [&str; 15] = [
    "payment_intent.created",
    "payment_intent.requires_action",
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "account.updated",
    "transfer.created",
    "transfer.reversed",
];

/// Versions other than [`API_VERSION`] that have the same shapes for what is simulated.
const COMPATIBLE_VERSIONS: [&str; 1] = ["2026-09-30.endive"];

/// What a simulator starts from.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The account's secret key, `sk_test_…`.
    pub secret_key: String,
    /// Secrets to sign webhooks with, `whsec_…`; each gives one `v1` signature, as while Stripe rolls a secret.
    pub webhook_secrets: Vec<String>,
    /// Where webhooks go; without it events are listed and not sent.
    pub webhook_url: Option<String>,
    /// Kinds of event that are sent; `*` stands for all.
    pub webhook_events: Vec<String>,
    /// Versions accepted in `Stripe-Version`.
    pub api_versions: Vec<String>,
    /// How long a call of the API takes before it does its work.
    pub latency: Duration,
    /// How long `webhook_late` holds an event, and at most how long `webhook_shuffled` waits for company.
    pub webhook_delay: Duration,
    /// Makes ids the same in each run; without it they differ, so that a database that outlives the simulator meets
    /// no id twice.
    pub seed: Option<u64>,
    /// The file that the account is kept in, so that the next start goes on with it; without it all is forgotten.
    pub data_file: Option<PathBuf>,
    /// Where the command writes its address; the library leaves it alone.
    pub state_file: Option<PathBuf>,
}

/// What is wrong with the arguments.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An argument that is not known.
    #[error(
        "unknown argument {0}; known: --listen --key --webhook-secret --webhook-url --webhook-events --api-version --latency-ms --webhook-delay-ms --seed --data-file --state-file"
    )]
    Unknown(String),
    /// An argument without its value.
    #[error("{0} needs a value")]
    NoValue(String),
    /// A value that cannot be read.
    #[error("{name}: {reason}")]
    Invalid {
        /// The argument.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            secret_key: "sk_test_roost".to_owned(),
            webhook_secrets: vec!["whsec_roost".to_owned()],
            webhook_url: None,
            webhook_events: DEFAULT_WEBHOOK_EVENTS.map(str::to_owned).to_vec(),
            api_versions: [&[API_VERSION][..], &COMPATIBLE_VERSIONS].concat().into_iter().map(str::to_owned).collect(),
            latency: Duration::ZERO,
            webhook_delay: Duration::from_secs(2),
            seed: None,
            data_file: None,
            state_file: None,
        }
    }
}

impl Config {
    /// Reads the command's arguments (without the program's name); `environment` answers for those not given, as
    /// `STRIPE_SIM_LISTEN` for `--listen`.
    ///
    /// # Errors
    /// An unknown argument, one without a value, or a value that cannot be read.
    pub fn read(
        arguments: impl IntoIterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for name in NAMES {
            let variable = format!("STRIPE_SIM_{}", name.trim_start_matches('-').replace('-', "_").to_uppercase());
            if let Some(value) = environment(&variable).filter(|value| !value.is_empty()) {
                config.set(name, value)?;
            }
        }
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let Some(known) = NAMES.into_iter().find(|known| *known == name) else {
                return Err(ConfigError::Unknown(name));
            };
            let value = value.or_else(|| arguments.next()).ok_or(ConfigError::NoValue(name))?;
            config.set(known, value)?;
        }
        Ok(config)
    }

    fn set(&mut self, name: &'static str, value: String) -> Result<(), ConfigError> {
        match name {
            "--listen" => self.listen = parsed(name, &value)?,
            "--key" if value.starts_with("sk_test_") => self.secret_key = value,
            "--key" => return Err(ConfigError::Invalid { name, reason: "must start with sk_test_".to_owned() }),
            "--webhook-secret" => self.webhook_secrets = list(&value),
            "--webhook-url" => self.webhook_url = Some(value),
            "--webhook-events" => self.webhook_events = list(&value),
            "--api-version" => self.api_versions = list(&value),
            "--latency-ms" => self.latency = Duration::from_millis(parsed(name, &value)?),
            "--webhook-delay-ms" => self.webhook_delay = Duration::from_millis(parsed(name, &value)?),
            "--seed" => self.seed = Some(parsed(name, &value)?),
            "--data-file" => self.data_file = Some(PathBuf::from(value)),
            "--state-file" => self.state_file = Some(PathBuf::from(value)),
            _ => return Err(ConfigError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    /// Whether the endpoint is subscribed to a kind of event.
    pub(crate) fn sends(&self, kind: &str) -> bool {
        self.webhook_events.iter().any(|enabled| enabled == "*" || enabled == kind)
    }
}

const NAMES: [&str; 11] = [
    "--listen",
    "--key",
    "--webhook-secret",
    "--webhook-url",
    "--webhook-events",
    "--api-version",
    "--latency-ms",
    "--webhook-delay-ms",
    "--seed",
    "--data-file",
    "--state-file",
];

fn list(value: &str) -> Vec<String> {
    value.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn parsed<T: std::str::FromStr>(name: &'static str, value: &str) -> Result<T, ConfigError>
where
    T::Err: std::fmt::Display,
{
    value.parse().map_err(|error: T::Err| ConfigError::Invalid { name, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(arguments.iter().map(|argument| (*argument).to_owned()), |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_argument_wins_over_its_variable() {
        let config = read(&["--key", "sk_test_b"], &[("STRIPE_SIM_KEY", "sk_test_a"), ("STRIPE_SIM_SEED", "7")]);
        let config = config.expect("readable");
        assert_eq!((config.secret_key.as_str(), config.seed), ("sk_test_b", Some(7)));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(matches!(read(&["--keys=x"], &[]), Err(ConfigError::Unknown(_))));
        assert!(matches!(read(&["--key"], &[]), Err(ConfigError::NoValue(_))));
        assert!(matches!(read(&["--key", "sk_live_x"], &[]), Err(ConfigError::Invalid { .. })));
        assert!(matches!(read(&["--seed", "x"], &[]), Err(ConfigError::Invalid { .. })));
    }
}
