//! A photo's way on the running stack: signed upload, S3's event, the worker, and what everybody then sees.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Draft, PHOTO};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_uploaded_photo_lets_a_property_be_listed_and_is_then_seen_in_two_widths() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.draft_property(&host, &Draft::default()).await?;
    let list = format!("{}/list", property.path());
    let refused = api.post(&list).by(&host).send().await?;
    ensure!(refused.expect_problem(409, "not_ready")?.json["missing"] == json!(["photos"]), "{refused}");
    api.upload_photo(&host, &property.path()).await?;
    api.post(&list).by(&host).expect(200).await?;

    let photo = api.settled_photo(&host, &property.path()).await?;
    ensure!(photo["status"] == "ready" && photo["width"] == 640 && photo["height"] == 400, "{photo}");
    let seen = api.get(&property.path()).expect(200).await?.at("/photos/0")?;
    ensure!(seen == photo, "strangers see another: {seen}");
    for (width, magic) in [("w480", [0xff, 0xd8]), ("w1200", [0xff, 0xd8])] {
        let url = photo["urls"][width].as_str().context("no address")?;
        let answer = api.http().get(url).send().await?.error_for_status()?;
        ensure!(answer.headers()["content-type"] == "image/jpeg", "{:?}", answer.headers());
        ensure!(answer.bytes().await?.starts_with(&magic), "{url} is no JPEG");
    }
    let of_photo = format!("{}/photos/{}", property.path(), photo["id"].as_str().context("no id")?);
    let kept = api.call(Method::DELETE, &of_photo).by(&host).send().await?;
    kept.expect_problem(409, "not_ready")?;
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_photo_is_rejected_and_stays_the_hosts_alone() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.draft_property(&host, &Draft::default()).await?;
    let body = json!({ "content_type": "image/jpeg", "bytes": PHOTO.len() });
    let made = api.post(&format!("{}/photos", property.path())).by(&host).json(&body).expect(201).await?;
    api.upload(&made, "image/jpeg", PHOTO.to_vec()).await?;
    let photo = api.settled_photo(&host, &property.path()).await?;
    ensure!(photo["status"] == "rejected" && photo["rejection"] == "wrong_type", "{photo}");
    let refused = api.post(&format!("{}/list", property.path())).by(&host).send().await?;
    refused.expect_problem(409, "not_ready")?;
    Ok(())
}

#[tokio::test]
async fn browsers_may_upload_from_another_origin() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.draft_property(&host, &Draft::default()).await?;
    let body = json!({ "content_type": "image/png", "bytes": PHOTO.len() });
    let made = api.post(&format!("{}/photos", property.path())).by(&host).json(&body).expect(201).await?;
    let preflight = api.http().request(Method::OPTIONS, made.text_at("/upload/url")?);
    let preflight = preflight
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-type");
    let answer = preflight.send().await?;
    ensure!(answer.status().is_success(), "{answer:?}");
    let allowed = answer.headers().get("access-control-allow-origin").context("no origin is allowed")?;
    ensure!(["*", "http://localhost:3000"].contains(&allowed.to_str()?), "{allowed:?}");
    Ok(())
}
