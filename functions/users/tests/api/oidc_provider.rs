//! Signing in by a provider that is none of ours: npm's certified `oidc-provider`, unmodified, in a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};
use testkit::{Api, CLIENT_ID, CLIENT_SECRET, Kit, REDIRECT_URI, with_providers};

use crate::api;

/// From the crate's folder, where cargo runs tests.
const FOLDER: &str = "../../infra/oidc-issuer";

fn run(command: &mut Command) {
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            panic!("{command:?}: {error}; this test needs node and npm (on Debian: apt-get install nodejs npm)")
        }
    }
}

/// A folder with the pinned provider, made once for each pin.
fn modules() -> PathBuf {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES
        .get_or_init(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider");
            let wanted = std::fs::read_to_string(Path::new(FOLDER).join("package-lock.json")).expect("a pin");
            let (marker, modules) = (folder.join("installed"), folder.join("node_modules"));
            if std::fs::read_to_string(&marker).ok().as_ref() != Some(&wanted) {
                std::fs::create_dir_all(&folder).expect("a folder");
                for file in ["package.json", "package-lock.json"] {
                    std::fs::copy(Path::new(FOLDER).join(file), folder.join(file)).expect("a copy of the pin");
                }
                let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
                run(Command::new("npm").args(install).current_dir(&folder));
                std::fs::write(marker, wanted).expect("a marker");
            }
            modules
        })
        .clone()
}

/// The provider. It ends with the test.
struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let mut command = Command::new("node");
        command.arg(Path::new(FOLDER).join("issuer.mjs")).args([CLIENT_ID, CLIENT_SECRET, REDIRECT_URI]);
        command.env("NODE_PATH", modules()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node starts");
        let mut line = String::new();
        let printed = child.stdout.take().expect("its output");
        BufReader::new(printed).read_line(&mut line).expect("a line, once it listens");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        Self { child, issuer: said["issuer"].as_str().expect("an issuer").to_owned() }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Its input is closed by then, upon which it ends by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A browser with a person before it, who signs in at the provider and consents to whatever is asked.
struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().expect("a client");
        Self { http, cookies: BTreeMap::new() }
    }

    async fn send(&mut self, url: &str, form: Option<&[(&str, &str)]>) -> Response {
        let request = match form {
            Some(form) => self.http.post(url).form(form),
            None => self.http.get(url),
        };
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(COOKIE, cookies.join("; ")).send().await.expect("the provider answers");
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Follows where the provider leads, through its forms, until it sends the browser back.
    async fn sign_in(&mut self, issuer: &str, authorization_url: &str, person: &str) -> BTreeMap<String, String> {
        let mut answer = self.send(authorization_url, None).await;
        for _ in 0..20 {
            let next = match answer.headers().get(LOCATION) {
                Some(location) => location.to_str().expect("text").to_owned(),
                None => {
                    let url = answer.url().to_string();
                    let page = answer.text().await.expect("a page");
                    let form: &[(&str, &str)] = if page.contains("value=\"login\"") {
                        &[("prompt", "login"), ("login", person), ("password", "any")]
                    } else {
                        assert!(page.contains("value=\"consent\""), "{page}");
                        &[("prompt", "consent")]
                    };
                    answer = self.send(&url, Some(form)).await;
                    continue;
                }
            };
            if let Some(query) = next.strip_prefix(REDIRECT_URI) {
                let url = reqwest::Url::parse(&format!("https://x{query}")).expect("an address");
                return url.query_pairs().into_owned().collect();
            }
            let next = if next.starts_with('/') { format!("{issuer}{next}") } else { next };
            answer = self.send(&next, None).await;
        }
        panic!("the provider leads round and round");
    }
}

async fn world() -> (Kit, Api, Provider) {
    let provider = tokio::task::spawn_blocking(Provider::start).await.expect("started");
    let configured = json!({
        "id": "npm", "name": "A real one", "issuer": provider.issuer, "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET, "redirect_uris": [REDIRECT_URI],
    });
    let kit = Kit::with(|services| with_providers(services, &[configured])).await;
    let api = api(&kit);
    (kit, api, provider)
}

async fn start(api: &Api) -> Value {
    api.post("/v1/auth/oidc/npm/start", None, &json!({ "redirect_uri": REDIRECT_URI })).await.of_status(200)
}

/// What the front end sends once the browser is back.
fn brought(started: &Value, back: &BTreeMap<String, String>) -> Value {
    json!({
        "code": back["code"], "state": back["state"], "iss": back["iss"], "browser_secret": started["browser_secret"],
    })
}

#[tokio::test]
async fn somebody_signs_in_by_a_certified_provider_and_comes_again() {
    let (kit, api, provider) = world().await;
    let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    let mut browser = Browser::new();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let started = start(&api).await;
        let url = started["authorization_url"].as_str().expect("an address");
        let back = browser.sign_in(&provider.issuer, url, &email).await;
        assert_eq!((&json!(back["state"]), &back["iss"]), (&started["state"], &provider.issuer));
        let body = brought(&started, &back);
        let pair = api.post("/v1/auth/oidc/npm/complete", None, &body).await.of_status(200);
        let me = api.get("/v1/users/me", pair["access_token"].as_str()).await.of_status(200);
        assert_eq!((&me["email"], &me["email_verified"]), (&json!(email), &json!(true)));
        assert_eq!((&me["first_name"], &me["locale"]), (&json!("Grace"), &json!("fr-FR")));
        ids.push(me["id"].clone());
        api.post("/v1/auth/oidc/npm/complete", None, &body).await.problem(422, "token_invalid");
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM identities", &[]).await, 1);
}

#[tokio::test]
async fn a_certified_provider_s_code_is_of_use_to_the_browser_it_was_made_for_alone() {
    let (_kit, api, provider) = world().await;
    let (mine, theirs) = (start(&api).await, start(&api).await);
    let url = theirs["authorization_url"].as_str().expect("an address");
    let back = Browser::new().sign_in(&provider.issuer, url, "them@example.com").await;
    // Their code with our state: the provider holds it against the challenge it was made with.
    let mut body = brought(&mine, &back);
    body["state"] = mine["state"].clone();
    api.post("/v1/auth/oidc/npm/complete", None, &body).await.problem(422, "token_invalid");
    let other_name = json!("https://issuer.example");
    let mut body = brought(&theirs, &back);
    body["iss"] = other_name;
    api.post("/v1/auth/oidc/npm/complete", None, &body).await.problem(422, "token_invalid");
}

#[tokio::test]
async fn an_address_that_a_certified_provider_has_not_verified_opens_no_account() {
    let (kit, api, provider) = world().await;
    let guest = kit.guest().await;
    let email = format!("unverified-{}", guest.email);
    kit.database
        .execute("UPDATE users SET email = $2, email_key = $2 WHERE id = $1", &[&guest.id.uuid(), &email])
        .await;
    let started = start(&api).await;
    let url = started["authorization_url"].as_str().expect("an address");
    let back = Browser::new().sign_in(&provider.issuer, url, &email).await;
    let answer = api.post("/v1/auth/oidc/npm/complete", None, &brought(&started, &back)).await;
    answer.problem(403, "provider_email_unverified");
}
