//! Demo accounts and a listed property of their own, made through the API as a client would. Only what no client may do, proving an
//! email address without its mail and being an administrator, is written into the database.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::{DATABASE, Postgres};
use crate::secrets::Secrets;
use crate::ui;

/// The functions may all be starting.
const LIMIT: Duration = Duration::from_secs(20);

/// Who may sign in to try things out.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Demo {
    /// Books.
    pub(crate) guest: Login,
    /// Has a listed property.
    pub(crate) host: Login,
    /// Has the role `admin`.
    pub(crate) admin: Login,
}

/// What a demo account signs in with.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    /// Its address; nothing is ever sent there.
    email: String,
    /// Its password, of this stack alone.
    password: String,
}

impl Demo {
    /// The accounts of this stack.
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let login = |name: &str| Login { email: format!("{name}@roost.test"), password: secrets.demo_password.clone() };
        Self { guest: login("guest"), host: login("host"), admin: login("admin") }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} / {}", self.email, self.password)
    }
}

/// `cargo xtask seed demo`: fills the stack that runs here.
pub(crate) async fn run(paths: &Paths) -> Result<()> {
    let description = Description::read(paths)?;
    let demo = Demo::new(&Secrets::load_or_create(paths)?);
    fill(description.api(), &description.postgres(paths)?, &demo).await?;
    let http = reqwest::Client::builder().timeout(LIMIT).build()?;
    super::demo_world::fill(paths, &description, &http).await.context("making the demo's listings")?;
    ui::table(&[("guest", demo.guest.to_string()), ("host", demo.host.to_string()), ("admin", demo.admin.to_string())]);
    Ok(())
}

/// Makes what is missing of the demo data.
pub(crate) async fn fill(api: &str, postgres: &Postgres, demo: &Demo) -> Result<()> {
    let database = postgres.connect("roost_owner", DATABASE).await.context("logging in to PostgreSQL")?;
    let http = reqwest::Client::builder().timeout(LIMIT).build()?;
    let people = [(&demo.guest, "Grace", "user"), (&demo.host, "Henry", "user"), (&demo.admin, "Ada", "admin")];
    for (login, first_name, role) in people {
        let known = database.query_opt("SELECT 1 FROM users WHERE email_key = $1", &[&login.email]).await?;
        if known.is_none() {
            let body = json!({
                "email": login.email, "password": login.password, "first_name": first_name, "last_name": "Demo",
            });
            post(&http, &format!("{api}/v1/users"), None, &body).await?;
        }
        let statement = "UPDATE users SET role = $2, email_verified_at = coalesce(email_verified_at, app_now()) \
                         WHERE email_key = $1 AND (role <> $2 OR email_verified_at IS NULL)";
        database.execute(statement, &[&login.email, &role]).await.context("verifying a demo account")?;
    }
    let statement = "SELECT 1 FROM properties JOIN users ON users.id = properties.host_id \
                     WHERE users.email_key = $1 LIMIT 1";
    if database.query_opt(statement, &[&demo.host.email]).await?.is_none() {
        list_property(&http, api, &demo.host).await.context("making the demo property")?;
    }
    Ok(())
}

async fn list_property(http: &reqwest::Client, api: &str, host: &Login) -> Result<()> {
    let credentials = json!({"email": host.email, "password": host.password});
    let session = post(http, &format!("{api}/v1/auth/login"), None, &credentials).await?;
    let token = session["access_token"].as_str().context("a login gives an access token")?;
    let property = post(http, &format!("{api}/v1/properties"), Some(token), &property()).await?;
    let id = property["id"].as_str().context("a property has an id")?;
    let photo = json!({ "content_type": "image/png", "bytes": crate::demo::PHOTO.len() });
    let photo = post(http, &format!("{api}/v1/properties/{id}/photos"), Some(token), &photo).await?;
    crate::demo::upload(http, &photo["upload"]["url"]).await?;
    post(http, &format!("{api}/v1/properties/{id}/list"), Some(token), &json!({})).await?;
    Ok(())
}

fn property() -> Value {
    json!({
        "title": "Canal house with a view",
        "description": "Two floors under the roof, ten minutes on foot from the station.",
        "kind": "apartment",
        "room_type": "entire_place",
        "location": {
            "latitude": 52.3745, "longitude": 4.8979, "street": "Prinsengracht 1",
            "city": "Amsterdam", "country": "NL", "postal_code": "1015 DV",
        },
        "time_zone": "Europe/Amsterdam",
        "max_guests": 4,
        "bedrooms": 2,
        "beds": 3,
        "bathrooms": 1.5,
        "amenities": ["wifi", "kitchen"],
        "base_price": {"amount": 15_000, "currency": "EUR"},
        "cleaning_fee": {"amount": 4_000, "currency": "EUR"},
        "currency": "EUR",
        "instant_book": true,
        "cancellation_policy": "flexible",
    })
}

pub(super) async fn post(http: &reqwest::Client, url: &str, token: Option<&str>, body: &Value) -> Result<Value> {
    let mut request = http.post(url).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.with_context(|| format!("POST {url}"))?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("POST {url} answered {status}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("POST {url} answered {text}"))
}
