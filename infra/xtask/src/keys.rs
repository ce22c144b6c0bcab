//! Rotation of the keys that sign access tokens, without signing anybody out: a key is added and so announced, later it
//! signs, later the old one is retired. Of this stack, or of a stage on AWS through the developer's own `aws`.

use std::process::Stdio;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::description::Description;
use crate::local;
use crate::paths::Paths;
use crate::resources::Aws;
use crate::secrets::Secrets;
use crate::ui;

/// Other services keep the key set for an hour, our functions the secret for five minutes: twice that, and a key is known.
const ANNOUNCED: SignedDuration = SignedDuration::from_hours(2);

/// A token lives for 15 minutes, and functions sign with the key before for up to five more: with some to spare.
const OUTLIVED: SignedDuration = SignedDuration::from_mins(30);

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Which keys there are, and which one signs. No key is printed.
    Show(Place),
    /// One step of a rotation: `add`, two hours later `activate`, half an hour later `retire`.
    Rotate {
        /// Which.
        step: Step,
        #[command(flatten)]
        place: Place,
        /// Without the wait: for a key that leaked, and for trying out.
        #[arg(long)]
        now: bool,
    },
}

#[derive(Args)]
pub(crate) struct Place {
    /// The secret of a stage on AWS, such as roost/prod/token-keys, by the credentials that `aws` finds; else this stack's.
    #[arg(long)]
    secret_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Make a key, which is accepted and published and does not sign yet.
    Add,
    /// Let it sign; the old one is still accepted.
    Activate,
    /// Remove the old one.
    Retire,
}

/// The secret: every key in it is accepted, the active one signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRing {
    active_kid: String,
    /// Since when it signs; none for the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_since: Option<Timestamp>,
    keys: Vec<Key>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Key {
    kid: String,
    /// None for one that was put there by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_at: Option<Timestamp>,
    private_key_pkcs8_base64: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({})", self.kid)
    }
}

impl Key {
    fn make(kid: String, made_at: Option<Timestamp>) -> Result<Self> {
        let key =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| anyhow!("making an ES256 key"))?;
        let pkcs8 = key.to_pkcs8v1().map_err(|_| anyhow!("encoding an ES256 key"))?;
        Ok(Self { kid, made_at, private_key_pkcs8_base64: STANDARD.encode(pkcs8.as_ref()) })
    }
}

impl KeyRing {
    /// With one key, which signs.
    pub(crate) fn of_one(kid: &str) -> Result<Self> {
        let key = Key::make(kid.to_owned(), None)?;
        Ok(Self { active_kid: kid.to_owned(), active_since: None, keys: vec![key] })
    }

    /// Does one step; returns what was done and what comes next.
    fn rotate(&mut self, step: Step, now: Timestamp, without_wait: bool) -> Result<String> {
        match step {
            Step::Add => self.add(now),
            Step::Activate => self.activate(now, without_wait),
            Step::Retire => self.retire(now, without_wait),
        }
    }

    fn add(&mut self, now: Timestamp) -> Result<String> {
        let others = self.others();
        ensure!(others.is_empty(), "a rotation is under way: {} is there beside the key that signs", others.join(", "));
        let mut suffix = [0; 4];
        SystemRandom::new().fill(&mut suffix).map_err(|_| anyhow!("the system gives no random bytes"))?;
        let kid = format!("{}-{:08x}", now.strftime("%Y-%m-%d"), u32::from_be_bytes(suffix));
        self.keys.push(Key::make(kid.clone(), Some(now))?);
        Ok(format!("{kid} is announced. In two hours: activate"))
    }

    fn activate(&mut self, now: Timestamp, without_wait: bool) -> Result<String> {
        let next = self.keys.last().filter(|key| key.kid != self.active_kid);
        let next = next.context("there is no newer key than the one that signs: add one first")?;
        wait("announced", next.made_at, ANNOUNCED, now, without_wait)?;
        self.active_kid = next.kid.clone();
        self.active_since = Some(now);
        Ok(format!("{} signs. In half an hour: retire", self.active_kid))
    }

    fn retire(&mut self, now: Timestamp, without_wait: bool) -> Result<String> {
        let newest = self.keys.last().map(|key| key.kid.as_str());
        ensure!(newest == Some(&self.active_kid), "the newest key does not sign yet: activate it first");
        let others = self.others().join(", ");
        ensure!(!others.is_empty(), "there is no old key");
        wait("in use", self.active_since, OUTLIVED, now, without_wait)?;
        self.keys.retain(|key| key.kid == self.active_kid);
        Ok(format!("{others} is no longer accepted"))
    }

    /// All but the one that signs.
    fn others(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.kid.as_str()).filter(|kid| *kid != self.active_kid).collect()
    }

    fn parse(secret: &str) -> Result<Self> {
        // The text of a secret is in no message, whatever is wrong with it.
        let ring: Self = serde_json::from_str(secret).map_err(|_| anyhow!("the secret is not a ring of token keys"))?;
        ensure!(ring.keys.iter().any(|key| key.kid == ring.active_kid), "the active key is not among the keys");
        Ok(ring)
    }
}

fn wait(state: &str, since: Option<Timestamp>, long_enough: SignedDuration, now: Timestamp, skip: bool) -> Result<()> {
    let left =
        since.map_or(SignedDuration::ZERO, |since| (since + long_enough).duration_since(now)).max(SignedDuration::ZERO);
    if skip || left.is_zero() {
        return Ok(());
    }
    bail!("the new key must be {state} for longer, or people are signed out: come again in {left:#}, or say --now");
}

/// `cargo xtask keys …`.
pub(crate) async fn run(paths: &Paths, command: KeysCommand) -> Result<()> {
    let (KeysCommand::Show(place) | KeysCommand::Rotate { place, .. }) = &command;
    let secret = Secret::find(paths, place).await?;
    let mut ring = KeyRing::parse(&secret.read().await?)?;
    if let KeysCommand::Rotate { step, now, .. } = command {
        let done = ring.rotate(step, Timestamp::now(), now)?;
        secret.write(&ring).await?;
        ui::say(&done);
    }
    for key in &ring.keys {
        let signs = if key.kid == ring.active_kid { ", signs" } else { "" };
        ui::say(&format!("  {}: accepted{signs}", key.kid));
    }
    Ok(())
}

/// Where a ring is.
enum Secret<'a> {
    /// In this stack's Secrets Manager, and in its state folder, from which a local AWS that lost its memory is filled.
    OfThisStack { paths: &'a Paths, aws: Aws, id: String },
    /// On AWS.
    OfAStage(String),
}

impl<'a> Secret<'a> {
    async fn find(paths: &'a Paths, place: &Place) -> Result<Self> {
        if let Some(id) = &place.secret_id {
            return Ok(Self::OfAStage(id.clone()));
        }
        let ports = Description::read(paths)?.ports();
        let functions = local::functions(&local::template(paths, ports)?)?;
        let id = functions.iter().find_map(|function| function.environment.get("TOKEN_KEYS_SECRET_ID")).cloned();
        let id = id.context("no function is told where the token keys are")?;
        Ok(Self::OfThisStack { paths, aws: Aws::new(ports.aws).await, id })
    }

    async fn read(&self) -> Result<String> {
        match self {
            Self::OfThisStack { aws, id, .. } => aws.secret_text(id).await,
            Self::OfAStage(id) => {
                let arguments = ["get-secret-value", "--secret-id", id, "--query", "SecretString", "--output", "text"];
                aws_cli(&arguments, None).await
            }
        }
    }

    async fn write(&self, ring: &KeyRing) -> Result<()> {
        let value = serde_json::to_value(ring)?;
        match self {
            Self::OfThisStack { paths, aws, id } => {
                let mut secrets = Secrets::load_or_create(paths)?;
                secrets.token_keys = value.clone();
                secrets.save(paths)?;
                aws.put_secret(id, &value).await
            }
            Self::OfAStage(id) => {
                // By its input, since arguments can be read by everybody on the machine.
                let input = serde_json::json!({ "SecretId": id, "SecretString": value.to_string() });
                aws_cli(&["put-secret-value", "--cli-input-json", "file:///dev/stdin"], Some(&input)).await.map(drop)
            }
        }
    }
}

/// Runs `aws secretsmanager …`, with the credentials and region that it finds.
async fn aws_cli(arguments: &[&str], input: Option<&Value>) -> Result<String> {
    let mut command = tokio::process::Command::new("aws");
    command.arg("secretsmanager").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().context("`aws` did not start: install the AWS CLI")?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.to_string().as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "`aws secretsmanager {}` failed ({})", arguments[0], output.status);
    String::from_utf8(output.stdout).context("`aws` answered with what is no text")
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
