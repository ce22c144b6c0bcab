//! Nobody learns by the clock which addresses have accounts. What is compared is a ratio: how long anything takes depends
//! on the machine, but not on whether there is an account.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Result, bail};
use e2e::Api;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

/// Pairs of calls of a round; the medians of all rounds so far are compared.
const PAIRS: usize = 15;

/// Medians that differ may be the machine's doing: it gets more pairs to show that, and no pair is left out. What
/// does tell by its time does so in each.
const ROUNDS: usize = 3;

/// One that hashes nothing for an unknown address is more than ten times as fast.
const LARGEST_RATIO: f64 = 3.0;

/// So that no attempt is refused before it is looked at.
async fn from_elsewhere() -> Result<Api> {
    let [a, b, ..] = *Uuid::new_v4().as_bytes();
    let address: IpAddr = Ipv4Addr::new(127, 100 + a % 100, b, 8).into();
    let api = Api::connect_from(Some(address)).await?;
    // The connection is made before the clock runs.
    api.get("/.well-known/jwks.json").expect(200).await?;
    Ok(api)
}

async fn took(path: &str, body: &Value, status: u16) -> Result<Duration> {
    let api = from_elsewhere().await?;
    let started = Instant::now();
    api.post(path).json(body).expect(status).await?;
    Ok(started.elapsed())
}

fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

async fn expect_alike(path: &str, status: u16, body: impl Fn(&str) -> Value) -> Result<()> {
    let known = Api::connect().await?.register_user().await?.email;
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    let mut told = String::new();
    for _ in 0..ROUNDS {
        for pair in 0..PAIRS {
            // In turns, each as often the first of its pair, so that what else goes on meanwhile is in both.
            for is_known in [pair % 2 == 0, pair % 2 != 0] {
                let unknown = format!("e2e-{}@example.com", Uuid::new_v4().simple());
                let address = if is_known { &known } else { &unknown };
                let times = if is_known { &mut of_known } else { &mut of_unknown };
                times.push(took(path, &body(address), status).await?);
            }
        }
        let (with, without) = (median(&of_known), median(&of_unknown));
        if (with / without).max(without / with) < LARGEST_RATIO {
            return Ok(());
        }
        told = format!("{with} s with an account, {without} s without");
    }
    bail!("{path} tells by its time: {told}");
}

#[tokio::test]
async fn a_wrong_password_takes_as_long_with_an_account_as_without() -> Result<()> {
    expect_alike("/v1/auth/login", 401, |email| json!({ "email": email, "password": "not the password" })).await
}

#[tokio::test]
async fn a_forgotten_password_takes_as_long_with_an_account_as_without() -> Result<()> {
    expect_alike("/v1/auth/password/forgot", 202, |email| json!({ "email": email })).await
}
