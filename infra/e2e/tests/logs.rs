//! What is nobody's business is in no log: passwords, tokens, codes and addresses of people.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Api, Mail, Stack, Watch};
use serde_json::{Value, json};
use tokio::time::interval;
use uuid::Uuid;

/// All logs of the stack together, once they have this.
async fn logs_with(request_id: &str) -> Result<Vec<(String, String)>> {
    let folder = Stack::load()?.logs();
    let since = Watch::start();
    let mut pace = interval(Duration::from_millis(200));
    loop {
        let mut logs = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("no logs at {}", folder.display()))? {
            let path = entry?.path();
            // The local AWS writes down the mails that it sends.
            if path.file_stem().is_some_and(|name| name == "ministack") {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            logs.push((path.display().to_string(), text));
        }
        if logs.iter().any(|(_, text)| text.contains(request_id)) {
            return Ok(logs);
        }
        ensure!(since.elapsed().as_secs() < 30, "the last request is in no log");
        pace.tick().await;
    }
}

/// Everything of an account that is secret, after all that has to do with signing in was played.
async fn play(api: &Api) -> Result<Vec<String>> {
    let canary = Uuid::new_v4().simple().to_string();
    let (email, password) = (format!("canary-{canary}@example.com"), format!("password {canary}"));
    let post = |path: &str, body: Value| api.post(path).json(&body).send();
    let registration = json!({
        "email": email, "password": password, "first_name": "Canaryfirst", "last_name": format!("Canary{canary}"),
        "phone": "+351219876543",
    });
    post("/v1/users", registration.clone()).await?.expect_status(201)?;
    post("/v1/users", registration).await?.expect_problem(409, "email_taken")?;
    let wrong = format!("wrong {canary}");
    post("/v1/auth/login", json!({ "email": email, "password": wrong })).await?.expect_status(401)?;
    let pair = post("/v1/auth/login", json!({ "email": email, "password": password })).await?.expect_status(200)?;
    let (access, refresh) = (pair.text_at("/access_token")?, pair.text_at("/refresh_token")?);
    let next = post("/v1/auth/refresh", json!({ "refresh_token": refresh })).await?.expect_status(200)?;

    let verification = api.mailbox().wait_for(&email, 1, |mail| mail.token().is_some()).await?;
    let verification = verification.first().and_then(Mail::token).context("no token")?;
    post("/v1/auth/email/verify", json!({ "token": verification })).await?.expect_status(204)?;
    let proposed = api.post("/v1/auth/totp").bearer(&access).expect(200).await?;
    let code = json!({ "code": format!("{canary} is no code") });
    api.post("/v1/auth/totp/confirm").bearer(&access).json(&code).send().await?.expect_status(422)?;
    post("/v1/auth/password/forgot", json!({ "email": email })).await?.expect_status(202)?;
    let is_reset = |mail: &Mail| mail.text.contains("/reset-password?token=");
    let reset = api.mailbox().wait_for(&email, 1, is_reset).await?;
    let reset = reset.first().and_then(Mail::token).context("no token")?;
    let another = format!("another {canary}");
    post("/v1/auth/password/reset", json!({ "token": reset, "password": another })).await?.expect_status(204)?;
    // As people mistype: what is not valid, or not JSON, is secret all the same.
    api.get(&format!("/v1/users/me?email={email}")).bearer(&access).send().await?;
    api.post("/v1/auth/login").json_text(format!("{{\"email\":\"{email}\",\"password\":\"{password}")).send().await?;
    let query =
        format!("mutation {{ login(input: {{ email: \"{email}\", password: \"{another}\" }}) {{ accessToken }} }}");
    post("/graphql", json!({ "query": query })).await?.expect_status(200)?;
    let secret = proposed.text_at("/secret")?;
    let (access_2, refresh_2) = (next.text_at("/access_token")?, next.text_at("/refresh_token")?);
    Ok(vec![canary, access, refresh, verification, secret, reset, access_2, refresh_2, "+351219876543".to_owned()])
}

#[tokio::test]
async fn no_log_has_a_password_a_token_or_an_address() -> Result<()> {
    let api = Api::connect().await?;
    let secrets = play(&api).await?;
    let last = format!("e2e-logs-{}", Uuid::new_v4().simple());
    api.get("/v1/auth/sessions").header("x-request-id", last.as_bytes()).expect(401).await?;
    for (log, text) in logs_with(&last).await? {
        for secret in &secrets {
            let found = text.lines().find(|line| line.contains(secret.as_str()));
            ensure!(found.is_none(), "{secret} is in {log}: {}", found.unwrap_or_default());
        }
    }
    Ok(())
}
