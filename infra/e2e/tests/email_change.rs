//! Another address for an account, as its owner goes about it; and mails in the owner's language.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Mail, new_key};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_address_changes_when_its_link_is_opened_and_the_old_one_hears_of_it() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_verified_user().await?;
    let locale = json!({ "locale": "fr-CA", "time_zone": "America/Toronto" });
    api.call(Method::PATCH, "/v1/users/me").by(&user).json(&locale).expect(200).await?;
    let new = format!("e2e-{}@example.com", new_key());
    let ask = |password: &str| {
        let body = json!({ "email": new, "password": password });
        api.post("/v1/users/me/email").by(&user).json(&body).send()
    };
    ask("not the password").await?.expect_problem(422, "validation_failed")?;
    ask(&user.password).await?.expect_status(202)?;

    let link = api.mailbox().wait_for(&new, 1, |mail| mail.token().is_some()).await?;
    ensure!(link[0].subject == "Vérifiez votre nouvelle adresse e-mail", "{link:?}");
    let told = |mail: &Mail| mail.text.contains(&new) && mail.token().is_none();
    let notice = api.mailbox().wait_for(&user.email, 1, told).await?;
    ensure!(notice[0].subject.contains("Changement d'adresse"), "{notice:?}");
    let me = api.get("/v1/users/me").by(&user).expect(200).await?;
    ensure!(me.text_at("/email")? == user.email, "changed before it was proven: {me}");

    let token = link[0].token().context("no token")?;
    api.post("/v1/auth/email/verify").json(&json!({ "token": token })).expect(204).await?;
    api.post("/v1/auth/email/verify")
        .json(&json!({ "token": token }))
        .send()
        .await?
        .expect_problem(422, "token_invalid")?;
    let me = api.get("/v1/users/me").by(&user).expect(200).await?;
    ensure!(me.text_at("/email")? == new && me.at("/email_verified")? == true, "{me}");
    api.mailbox().wait_for(&user.email, 2, told).await?;
    api.login(&new, &user.password).await?;
    let old = json!({ "email": user.email, "password": user.password });
    api.post("/v1/auth/login").json(&old).send().await?.expect_problem(401, "invalid_credentials")?;
    Ok(())
}
