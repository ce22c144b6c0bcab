//! Guessing passwords from outside: an address that guesses is stopped, its victim is not.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Result, ensure};
use e2e::{Answer, Api};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;
use uuid::Uuid;

/// An address of the loopback network that no other test calls from.
fn new_address() -> Option<IpAddr> {
    let [a, b, ..] = *Uuid::new_v4().as_bytes();
    Some(Ipv4Addr::new(127, 100 + a % 100, b, 7).into())
}

async fn login(api: &Api, email: &str, password: &str) -> Result<Answer> {
    api.post("/v1/auth/login").json(&json!({ "email": email, "password": password })).send().await
}

/// How many answers there were of each status to so many wrong passwords, eight at a time.
async fn guess(api: &Api, email: &str, times: usize) -> Result<BTreeMap<u16, usize>> {
    let guesses = stream::iter(0..times).map(|guess| async move {
        let answer = login(api, email, &format!("guess {guess}")).await?;
        if answer.status == 429 {
            answer.expect_problem(429, "rate_limited")?;
            let wait: u32 = answer.require_header("retry-after")?.parse()?;
            ensure!((1..=900).contains(&wait), "{answer}");
        }
        let policy = answer.require_header("ratelimit-policy")?;
        ensure!(policy == "\"login\";q=10;w=900", "{answer}");
        ensure!(answer.require_header("ratelimit")?.starts_with("\"login\";r="), "{answer}");
        Ok(answer.status)
    });
    let statuses: Vec<u16> = guesses.buffer_unordered(8).try_collect().await?;
    let mut counts = BTreeMap::new();
    statuses.into_iter().for_each(|status| *counts.entry(status).or_default() += 1);
    Ok(counts)
}

#[tokio::test]
async fn a_thousand_wrong_passwords_from_one_address_do_not_keep_the_owner_out() -> Result<()> {
    let (attacker, owner) = (Api::connect_from(new_address()).await?, Api::connect().await?);
    let user = owner.register_user().await?;
    let counts = guess(&attacker, &user.email, 1_000).await?;
    // Ten, ten more if the cache was too slow and the table counted, and those that come back with time.
    let looked_at = counts.get(&401).copied().unwrap_or_default();
    ensure!((10..=30).contains(&looked_at), "{counts:?}");
    ensure!(counts.get(&429).copied().unwrap_or_default() == 1_000 - looked_at, "{counts:?}");
    login(&attacker, &user.email, &user.password).await?.expect_problem(429, "rate_limited")?;
    for address in [None, new_address()] {
        let elsewhere = Api::connect_from(address).await?;
        login(&elsewhere, &user.email, &user.password).await?.expect_status(200)?;
    }
    Ok(())
}

#[tokio::test]
async fn an_address_nobody_registered_is_limited_as_one_that_somebody_did() -> Result<()> {
    let api = Api::connect().await?;
    let known = api.register_user().await?.email;
    let unknown = format!("e2e-{}@example.com", Uuid::new_v4().simple());
    for email in [known, unknown] {
        let attacker = Api::connect_from(new_address()).await?;
        let mut seen = Vec::new();
        for _ in 0..12 {
            let answer = login(&attacker, &email, "wrong").await?;
            let left = answer.require_header("ratelimit")?.split(';').nth(1).unwrap_or_default().to_owned();
            seen.push((answer.status, left));
        }
        let expected: Vec<(u16, String)> = (0..10).rev().map(|left| (401, format!("r={left}"))).collect();
        ensure!(seen.get(..10) == Some(&expected), "{email}: {seen:?}");
        ensure!(seen.iter().skip(10).all(|(status, left)| *status == 429 && left == "r=0"), "{email}: {seen:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_does_not_choose_its_address() -> Result<()> {
    let attacker = Api::connect_from(new_address()).await?;
    let email = format!("e2e-{}@example.com", Uuid::new_v4().simple());
    let mut looked_at = 0;
    for guess in 0..20 {
        let elsewhere = format!("203.0.113.{guess}");
        let mut call = attacker.post("/v1/auth/login");
        for header in ["x-forwarded-for", "x-real-ip", "true-client-ip", "x-roost-client-address"] {
            call = call.header(header, elsewhere.as_bytes());
        }
        let answer = call.json(&json!({ "email": email, "password": "wrong" })).send().await?;
        looked_at += usize::from(answer.status == 401);
    }
    ensure!(looked_at == 10, "{looked_at} guesses were looked at");
    Ok(())
}

#[tokio::test]
async fn graphql_counts_with_rest() -> Result<()> {
    let attacker = Api::connect_from(new_address()).await?;
    let email = format!("e2e-{}@example.com", Uuid::new_v4().simple());
    for _ in 0..5 {
        login(&attacker, &email, "wrong").await?.expect_problem(401, "invalid_credentials")?;
    }
    let query = "mutation ($input: LoginInput!) { login(input: $input) { accessToken } }";
    let body = json!({ "query": query, "variables": { "input": { "email": email, "password": "wrong" } } });
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(attacker.post("/graphql").json(&body).expect(200).await?.text_at("/errors/0/extensions/code")?);
    }
    ensure!(codes.iter().take(5).all(|code| code == "invalid_credentials"), "{codes:?}");
    ensure!(codes.last().is_some_and(|code| code == "rate_limited"), "{codes:?}");
    login(&attacker, &email, "wrong").await?.expect_problem(429, "rate_limited")?;
    Ok(())
}
