//! The second factor from outside.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::hmac;
use e2e::{Answer, Api, User};
use reqwest::Method;
use serde_json::{Value, json};

/// The code of the secret so many steps from this one (RFC 6238).
fn code(secret: &str, step: i64) -> Result<String> {
    let mut bits = String::new();
    for letter in secret.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).context("the secret is not base32")?;
        bits.push_str(&format!("{value:05b}"));
    }
    let bytes = bits.as_bytes().chunks_exact(8).map(|byte| Ok(u8::from_str_radix(std::str::from_utf8(byte)?, 2)?));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes.collect::<Result<Vec<u8>>>()?);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last().context("an empty tag")? & 15);
    let word: [u8; 4] = tag.as_ref().get(offset..offset + 4).context("a short tag")?.try_into()?;
    Ok(format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000))
}

fn step_now() -> Result<i64> {
    Ok(i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())? / 30)
}

async fn login(api: &Api, user: &User, totp: Option<&str>) -> Result<Answer> {
    let mut body = json!({ "email": user.email, "password": user.password });
    if let Some(totp) = totp {
        body["totp"] = json!(totp);
    }
    api.post("/v1/auth/login").json(&body).send().await
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_switched_off() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_verified_user().await?;
    let proposed = api.post("/v1/auth/totp").by(&user).expect(200).await?;
    let secret = proposed.text_at("/secret")?;
    ensure!(proposed.text_at("/otpauth_url")?.contains(&secret), "{proposed}");
    login(&api, &user, None).await?.expect_status(200)?;
    let confirm = |code: &str| api.post("/v1/auth/totp/confirm").by(&user).json(&json!({ "code": code })).send();
    confirm("000000").await?.expect_problem(422, "totp_invalid")?;
    let step = step_now()?;
    let confirmed = confirm(&code(&secret, step)?).await?.expect_status(200)?;
    let codes: Vec<String> = serde_json::from_value(confirmed.at("/recovery_codes")?)?;
    ensure!(codes.len() == 10, "{confirmed}");
    ensure!(api.get("/v1/users/me").by(&user).expect(200).await?.at("/totp_enabled")? == true, "it is not on");

    login(&api, &user, None).await?.expect_problem(401, "totp_required")?;
    login(&api, &user, Some(&code(&secret, step)?)).await?.expect_problem(401, "invalid_credentials")?;
    login(&api, &user, Some(&code(&secret, step + 1)?)).await?.expect_status(200)?;
    login(&api, &user, Some(&code(&secret, step + 1)?)).await?.expect_problem(401, "invalid_credentials")?;
    let recovery = codes.first().context("no recovery code")?;
    login(&api, &user, Some(recovery)).await?.expect_status(200)?;
    login(&api, &user, Some(recovery)).await?.expect_problem(401, "invalid_credentials")?;

    let query = "mutation ($input: TotpCodeInput!) { deleteTotp(input: $input) { ok } }";
    let body = json!({ "query": query, "variables": { "input": { "code": "000000" } } });
    let refused = api.post("/graphql").by(&user).json(&body).expect(200).await?;
    ensure!(refused.text_at("/errors/0/extensions/code")? == "totp_invalid", "{refused}");
    let delete = |body: Value| api.call(Method::DELETE, "/v1/auth/totp").by(&user).json(&body).send();
    delete(json!({ "code": recovery })).await?.expect_problem(422, "totp_invalid")?;
    delete(json!({ "code": codes.get(1).context("one recovery code")? })).await?.expect_status(204)?;
    login(&api, &user, None).await?.expect_status(200)?;
    Ok(())
}
