//! Nobody learns by the clock which addresses have accounts. What is compared is a ratio: how long anything takes depends
//! on the machine, but not on whether there is an account.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::Api;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

/// Pairs of calls; their medians are compared.
const PAIRS: usize = 15;

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

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

async fn expect_alike(path: &str, status: u16, body: impl Fn(&str) -> Value) -> Result<()> {
    let known = Api::connect().await?.register_user().await?.email;
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        // In turns, so that what else goes on meanwhile is in both.
        of_known.push(took(path, &body(&known), status).await?);
        let unknown = format!("e2e-{}@example.com", Uuid::new_v4().simple());
        of_unknown.push(took(path, &body(&unknown), status).await?);
    }
    let (known, unknown) = (median(of_known), median(of_unknown));
    let ratio = (known / unknown).max(unknown / known);
    ensure!(ratio < LARGEST_RATIO, "{path} tells by its time: {known} s with an account, {unknown} s without");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_takes_as_long_with_an_account_as_without() -> Result<()> {
    expect_alike("/v1/auth/login", 401, |email| json!({ "email": email, "password": "not the password" })).await
}

#[tokio::test]
async fn a_forgotten_password_takes_as_long_with_an_account_as_without() -> Result<()> {
    expect_alike("/v1/auth/password/forgot", 202, |email| json!({ "email": email })).await
}
