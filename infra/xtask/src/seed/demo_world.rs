//! A small cut of the made-up world for looking around: some hundred listings everywhere, the first of them with
//! pictures that go the way of any photo, through the API by their hosts.

use anyhow::{Context as _, Result};
use reqwest::Client;
use serde_json::json;

use super::demo::post;
use super::pictures;
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::ui::Step;

/// Its own number, so that a larger world can be added.
const SEED: u64 = 0;
const LISTINGS: u64 = 300;
const BOOKINGS: u64 = 2_400;
/// So many listings get pictures.
const PICTURED: i64 = 24;

/// Makes what is missing of it.
pub(crate) async fn fill(paths: &Paths, description: &Description, http: &Client) -> Result<()> {
    let postgres = description.postgres(paths)?;
    let database = postgres.connect("roost_owner", DATABASE).await.context("logging in to PostgreSQL")?;
    let people = format!("person-%.{SEED}@seed.roost.test");
    if database.query_opt("SELECT 1 FROM users WHERE email_key LIKE $1 LIMIT 1", &[&people]).await?.is_none() {
        super::into(&postgres, DATABASE, (LISTINGS, BOOKINGS), SEED, None).await?;
        crate::redis::forget_everything(description.ports().redis).await?;
    }
    let without = database
        .query(
            "SELECT p.id, u.email FROM properties p JOIN users u ON u.id = p.host_id
             WHERE u.email_key LIKE $1 AND NOT EXISTS (SELECT 1 FROM photos WHERE property_id = p.id)
                AND p.id IN (SELECT p.id FROM properties p JOIN users u ON u.id = p.host_id WHERE u.email_key LIKE $1
                             ORDER BY p.id LIMIT $2)
             ORDER BY p.id",
            &[&people, &PICTURED],
        )
        .await?;
    let step = Step::start("Pictures");
    for (row, number) in without.iter().zip(0..) {
        let (id, email): (uuid::Uuid, String) = (row.get(0), row.get(1));
        let id = domain::id::PropertyId::from_uuid(id);
        let picture = pictures::jpeg(number)?;
        upload(http, description.api(), &id.to_string(), &email, picture).await.with_context(|| format!("{id}"))?;
    }
    step.done(&format!("{} drawn and uploaded", without.len()));
    Ok(())
}

/// As the host's own client does.
async fn upload(http: &Client, api: &str, id: &str, email: &str, picture: Vec<u8>) -> Result<()> {
    let credentials = json!({"email": email, "password": seed::PASSWORD});
    let session = post(http, &format!("{api}/v1/auth/login"), None, &credentials).await?;
    let token = session["access_token"].as_str().context("a login gives an access token")?;
    let photo = json!({"content_type": "image/jpeg", "bytes": picture.len()});
    let made = post(http, &format!("{api}/v1/properties/{id}/photos"), Some(token), &photo).await?;
    let url = made["upload"]["url"].as_str().context("an upload has an address")?;
    let put = http.put(url).header("content-type", "image/jpeg").body(picture);
    put.send().await?.error_for_status().context("uploading a picture")?;
    Ok(())
}
