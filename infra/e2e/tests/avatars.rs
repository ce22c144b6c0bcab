//! A person's picture on the running stack: signed upload, S3's event, the worker, and what everybody then sees.

use anyhow::{Context, Result, ensure};
use e2e::{Api, PHOTO};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/users/me/avatar";

#[tokio::test]
async fn an_uploaded_picture_is_seen_by_everybody_until_its_person_takes_it_away() -> Result<()> {
    let api = Api::connect().await?;
    let person = api.register_user().await?;
    let body = json!({ "content_type": "image/png", "bytes": PHOTO.len() });
    let made = api.post(PATH).by(&person).json(&body).expect(201).await?;
    api.upload(&made, "image/png", PHOTO.to_vec()).await?;
    let account = api.settled_avatar(&person).await?;
    ensure!(account["avatar_upload"] == Value::Null, "{account}");

    let profile = api.get(&format!("/v1/users/{}", person.id)).expect(200).await?.json()?;
    ensure!(profile["avatar"] == account["avatar"], "strangers see another: {profile}");
    for size in ["small", "large"] {
        let url = account["avatar"][size].as_str().context("no address")?;
        let answer = api.http().get(url).send().await?.error_for_status()?;
        ensure!(answer.headers()["content-type"] == "image/jpeg", "{:?}", answer.headers());
        ensure!(answer.bytes().await?.starts_with(&[0xff, 0xd8]), "{url} is no JPEG");
    }
    api.call(Method::DELETE, PATH).by(&person).expect(204).await?;
    let profile = api.get(&format!("/v1/users/{}", person.id)).expect(200).await?.json()?;
    ensure!(profile["avatar"] == Value::Null, "{profile}");
    Ok(())
}

#[tokio::test]
async fn a_file_of_another_type_than_was_signed_is_no_picture() -> Result<()> {
    let api = Api::connect().await?;
    let person = api.register_user().await?;
    let body = json!({ "content_type": "image/jpeg", "bytes": PHOTO.len() });
    let made = api.post(PATH).by(&person).json(&body).expect(201).await?;
    api.upload(&made, "image/jpeg", PHOTO.to_vec()).await?;
    let account = api.settled_avatar(&person).await?;
    let upload = &account["avatar_upload"];
    ensure!(upload["status"] == "rejected" && upload["rejection"] == "wrong_type", "{account}");
    ensure!(account["avatar"] == Value::Null, "{account}");
    Ok(())
}
