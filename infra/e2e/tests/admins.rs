//! The operator makes an admin, and takes the role away: tokens say what is true.

use anyhow::{Context as _, Result, ensure};
use e2e::{Api, Stack, Watch};
use serde_json::{Value, json};

const AUDIT: &str = "/v1/admin/audit?limit=100";

#[tokio::test]
async fn an_admin_is_made_and_unmade_by_the_operator_and_signs_in_anew() -> Result<()> {
    let (stack, api) = (Stack::load()?, Api::connect().await?);
    let person = api.register_verified_user().await?;
    let sign_in = async || -> Result<String> {
        let login = json!({ "email": person.email, "password": person.password });
        api.post("/v1/auth/login").json(&login).expect(200).await?.text_at("/access_token")
    };
    api.get(AUDIT).bearer(&sign_in().await?).send().await?.expect_problem(403, "forbidden")?;

    stack.admin("grant", &person.email).await?;
    let as_admin = sign_in().await?;
    let log = api.get(AUDIT).bearer(&as_admin).expect(200).await?.json()?;
    let of_person = |action: &str| -> Option<Value> {
        let entries = log["data"].as_array()?.iter();
        entries.clone().find(|it| it["subject_id"] == person.id && it["action"] == action).cloned()
    };
    let entry = of_person("user.grant_admin").context("it is in the log")?;
    ensure!(entry["actor_id"] == Value::Null && entry["reason"].is_string(), "{entry}");

    stack.admin("revoke", &person.email).await?;
    // Another process may have asked about the session a moment before.
    let since = Watch::start();
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(500));
    loop {
        pace.tick().await;
        let answer = api.get(AUDIT).bearer(&as_admin).send().await?;
        if answer.status == 401 {
            break;
        }
        ensure!(since.elapsed().as_secs() < 60, "the token still says admin: {answer}");
    }
    api.get(AUDIT).bearer(&sign_in().await?).send().await?.expect_problem(403, "forbidden")?;
    ensure!(stack.admin("grant", "nobody@example.com").await.is_err(), "there is no such account");
    Ok(())
}
