//! Rotating the keys that sign access tokens signs nobody out, until the old key is retired. Keys are everybody's: this
//! binary runs alone.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Api, Stack, User, Watch};
use serde_json::{Value, json};
use tokio::time::interval;

/// Longest wait for all copies of a function to have read a secret anew.
const PATIENCE: Duration = Duration::from_secs(60);

/// Copies of a function that answer in turn: so many answers in a row that agree are taken for all of them.
const COPIES: u32 = 12;

/// The key that signed a token, by its header.
fn kid(token: &str) -> Result<String> {
    let header = token.split('.').next().context("no token")?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    Ok(header["kid"].as_str().context("a token without kid")?.to_owned())
}

async fn published(api: &Api) -> Result<Vec<String>> {
    let keys = api.get("/.well-known/jwks.json").expect(200).await?;
    let keys = keys.at("/keys")?;
    let keys = keys.as_array().context("no keys")?;
    Ok(keys.iter().filter_map(|key| key["kid"].as_str()).map(str::to_owned).collect())
}

/// Asks again until the answer has been as wanted many times in a row.
async fn settles(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let (since, mut in_a_row) = (Watch::start(), 0);
    let mut pace = interval(Duration::from_millis(100));
    while in_a_row < COPIES {
        pace.tick().await;
        in_a_row = if is_so().await? { in_a_row + 1 } else { 0 };
        if since.elapsed() > PATIENCE {
            bail!("not within {PATIENCE:?}: {what}");
        }
    }
    Ok(())
}

async fn is_taken(api: &Api, user: &User, path: &str) -> Result<bool> {
    let answer = api.get(path).by(user).send().await?;
    Ok(answer.status == 200)
}

#[tokio::test]
async fn a_rotation_signs_nobody_out_until_the_old_key_is_retired() -> Result<()> {
    let (stack, api) = (Stack::load()?, Api::connect().await?);
    let user = api.register_user().await?;
    let old = kid(&user.access_token)?;
    let login = async || api.login(&user.email, &user.password).await;

    stack.rotate_keys("add").await?;
    settles("both keys are published", async || Ok(published(&api).await?.len() == 2)).await?;
    let both = published(&api).await?;
    ensure!(both.contains(&old), "{old} is not among {both:?}");
    ensure!(kid(&login().await?.access_token)? == old, "a key signs that was only announced");

    stack.rotate_keys("activate").await?;
    settles("the new key signs", async || Ok(kid(&login().await?.access_token)? != old)).await?;
    let anew = login().await?;
    // By functions that were told of neither step.
    for path in ["/v1/users/me", "/v1/bookings", "/v1/payouts", "/v1/wishlists"] {
        ensure!(is_taken(&api, &user, path).await?, "{path} refuses the old key before it is retired");
        ensure!(is_taken(&api, &anew, path).await?, "{path} refuses the new key");
    }
    ensure!(published(&api).await?.len() == 2, "the old key is no longer published though it is accepted");

    stack.rotate_keys("retire").await?;
    settles("the old key is refused", async || Ok(!is_taken(&api, &user, "/v1/users/me").await?)).await?;
    settles("one key is published", async || Ok(published(&api).await?.len() == 1)).await?;
    ensure!(is_taken(&api, &anew, "/v1/users/me").await?, "the new key is refused");
    // Whose access token is refused refreshes, and goes on.
    let refresh = json!({ "refresh_token": user.refresh_token });
    let token = api.post("/v1/auth/refresh").json(&refresh).expect(200).await?.text_at("/access_token")?;
    ensure!(kid(&token)? != old, "the old key signs");
    api.get("/v1/users/me").bearer(&token).expect(200).await?;
    Ok(())
}
