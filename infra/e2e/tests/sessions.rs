//! Signing in and out, refresh tokens and one-time tokens.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Watch};
use serde_json::json;
use tokio::time::interval;

async fn refresh(api: &Api, token: &str) -> Result<Answer> {
    api.post("/v1/auth/refresh").json(&json!({ "refresh_token": token })).send().await
}

/// Asks again, at a steady pace, until the answer is the awaited one.
async fn until(seconds: u64, what: &str, mut ask: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let since = Watch::start();
    let mut pace = interval(Duration::from_millis(500));
    while !ask().await? {
        ensure!(since.elapsed().as_secs() < seconds, "{what} did not happen within {seconds} s");
        pace.tick().await;
    }
    Ok(())
}

#[tokio::test]
async fn wrong_address_and_wrong_password_are_one_answer() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let mut bodies = Vec::new();
    for email in [user.email.as_str(), "nobody-at-all@example.com"] {
        let login = api.post("/v1/auth/login").json(&json!({ "email": email, "password": "not the password" }));
        let mut problem = login.send().await?.expect_problem(401, "invalid_credentials")?.json;
        problem["request_id"] = json!("");
        bodies.push(problem);
    }
    ensure!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "they tell which was wrong: {bodies:?}");
    let upper = api.login(&user.email.to_uppercase(), &user.password).await?;
    ensure!(upper.id == user.id, "an address is compared without case");
    Ok(())
}

#[tokio::test]
async fn login_answers_a_pair_of_tokens_and_the_user() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let login = api.post("/v1/auth/login").json(&json!({ "email": user.email, "password": user.password }));
    let answer = login.expect(200).await?;
    ensure!(answer.text_at("/token_type")? == "Bearer" && answer.at("/expires_in")? == 900, "{answer}");
    ensure!(answer.require_header("cache-control")?.contains("no-store"), "tokens may be kept: {answer}");
    let me = api.get("/v1/users/me").bearer(&answer.text_at("/access_token")?).expect(200).await?;
    ensure!(me.text_at("/id")? == user.id && me.text_at("/email")? == user.email, "{me}");
    ensure!(!String::from_utf8_lossy(&me.body).contains("password"), "{me}");
    let public = api.get(&format!("/v1/users/{}", user.id)).expect(200).await?;
    let text = String::from_utf8_lossy(&public.body).into_owned();
    ensure!(!text.contains(&user.email) && !text.contains("phone\":\"") && !text.contains("Lovelace"), "{public}");
    ensure!(public.text_at("/first_name")? == "Ada", "{public}");
    Ok(())
}

#[tokio::test]
async fn spent_refresh_token_serves_two_tabs_and_later_revokes_the_family() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let other = api.login(&user.email, &user.password).await?;
    let first = refresh(&api, &user.refresh_token).await?.expect_status(200)?;
    let second = refresh(&api, &user.refresh_token).await?.expect_status(200)?;
    let (first, second) = (first.text_at("/refresh_token")?, second.text_at("/refresh_token")?);
    ensure!(first != second && first != user.refresh_token, "a token was given twice");
    let newest = refresh(&api, &first).await?.expect_status(200)?.text_at("/refresh_token")?;

    until(20, "the end of the 10 s in which a spent token serves", async || {
        let answer = refresh(&api, &user.refresh_token).await?;
        if answer.status == 200 {
            return Ok(false);
        }
        answer.expect_problem(401, "token_reused")?;
        Ok(true)
    })
    .await?;
    for token in [&newest, &second] {
        let answer = refresh(&api, token).await?;
        ensure!(answer.status == 401, "the family lives on: {answer}");
    }
    refresh(&api, &other.refresh_token).await?.expect_status(200)?;
    Ok(())
}

#[tokio::test]
async fn unknown_refresh_token_is_refused() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let mut altered = user.refresh_token.clone();
    altered.pop();
    for token in ["", "x", &altered, &user.access_token, &"x".repeat(10_000)] {
        let answer = refresh(&api, token).await?;
        ensure!(matches!(answer.status, 401 | 422), "{answer}");
        answer.problem()?;
    }
    refresh(&api, &user.refresh_token).await?.expect_status(200)?;
    Ok(())
}

#[tokio::test]
async fn logout_ends_the_family_and_its_access_tokens_within_60_seconds() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let other = api.login(&user.email, &user.password).await?;
    api.get("/v1/users/me").by(&user).expect(200).await?;
    let logout = api.post("/v1/auth/logout").json(&json!({ "refresh_token": user.refresh_token }));
    let answer = logout.expect(204).await?;
    ensure!(answer.body.is_empty(), "{answer}");
    let refused = refresh(&api, &user.refresh_token).await?;
    ensure!(refused.status == 401, "{refused}");
    until(60, "the end of the access token", async || {
        // Every copy of every function must have heard of it.
        for path in ["/v1/users/me", "/v1/bookings", "/v1/users/me", "/v1/bookings"] {
            if api.get(path).by(&user).send().await?.status != 401 {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await?;
    api.get("/v1/users/me").by(&other).expect(200).await?;
    Ok(())
}

#[tokio::test]
async fn verification_token_serves_once() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let mails = api.mailbox().wait_for(&user.email, 1, |mail| mail.token().is_some()).await?;
    let token = mails.first().and_then(e2e::Mail::token).context("no token")?;
    let verify = |token: &str| api.post("/v1/auth/email/verify").json(&json!({ "token": token })).send();
    let mut altered = token.clone();
    altered.pop();
    for wrong in ["x", &altered] {
        verify(wrong).await?.expect_problem(422, "token_invalid")?;
    }
    verify(&token).await?.expect_status(204)?;
    verify(&token).await?.expect_problem(422, "token_invalid")?;
    Ok(())
}

#[tokio::test]
async fn resent_mail_verifies_as_the_first_would_have() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    let is_link = |mail: &e2e::Mail| mail.token().is_some();
    let first = api.mailbox().wait_for(&user.email, 1, is_link).await?;
    api.post("/v1/auth/email/resend").by(&user).expect(202).await?;
    let mails = api.mailbox().wait_for(&user.email, 2, is_link).await?;
    let newest = mails.first().and_then(e2e::Mail::token).context("no token")?;
    ensure!(first.first().and_then(e2e::Mail::token).as_ref() != Some(&newest), "one token in two mails");
    api.post("/v1/auth/email/verify").json(&json!({ "token": newest })).expect(204).await?;
    // There is nothing left to verify: accepted, and no mail.
    api.post("/v1/auth/email/resend").by(&user).expect(202).await?;
    Ok(())
}

#[tokio::test]
async fn demo_users_can_sign_in() -> Result<()> {
    let api = Api::connect().await?;
    let stack = e2e::Stack::load()?;
    for role in ["guest", "host", "admin"] {
        let (email, password) = stack.demo(role)?;
        let user = api.login(&email, &password).await?;
        api.get("/v1/users/me").by(&user).expect(200).await?;
    }
    Ok(())
}
