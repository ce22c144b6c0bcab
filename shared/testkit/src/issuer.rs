//! A provider of OpenID Connect in this process, as strict as a real one about codes, and as wrong as a test wants it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapters::{OidcClient, Patience};
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::error::Result;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use services::Services;
use services::ports::{SecretName, SecretSource};
use tokio::net::TcpListener;

/// Our name at every provider of the tests.
pub const CLIENT_ID: &str = "roost";

/// Our secret there, with what a header must not carry as it is.
pub const CLIENT_SECRET: &str = "s3cret: +%";

/// Where sign-ins of the tests come back to.
pub const REDIRECT_URI: &str = "https://www.roost.test/sign-in";

/// What goes wrong at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing works.
    Down,
    /// It does not know our secret.
    RefusesUs,
    /// Its ID tokens are of another key than it publishes.
    SignsWithAnotherKey,
}

struct Code {
    challenge: String,
    redirect_uri: String,
    id_token: Value,
    user_info: Value,
}

struct Known {
    origin: String,
    private: Vec<u8>,
    public: Value,
    codes: HashMap<String, Code>,
    user_infos: HashMap<String, Value>,
    calls: Vec<&'static str>,
    trouble: Option<Trouble>,
    /// What it says of itself otherwise than usual.
    metadata: Value,
}

type Shared = Arc<Mutex<Known>>;

/// A provider that is up until the test ends.
#[derive(Clone)]
pub struct Issuer {
    known: Shared,
}

fn lock(known: &Shared) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(name: &str) -> (Vec<u8>, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("keys can be made");
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let public = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name, "x": x, "y": y });
    (pair.to_pkcs8v1().expect("a key pair can be written").as_ref().to_vec(), public)
}

impl Issuer {
    /// One of its own, on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("a bound port"));
        let (private, public) = key("first");
        let known = Arc::new(Mutex::new(Known {
            origin,
            private,
            public,
            codes: HashMap::new(),
            user_infos: HashMap::new(),
            calls: Vec::new(),
            trouble: None,
            metadata: json!({}),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(user_info))
            .with_state(known.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { known }
    }

    /// Its name.
    pub fn issuer(&self) -> String {
        lock(&self.known).origin.clone()
    }

    /// What goes wrong from now on.
    pub fn set_trouble(&self, trouble: Option<Trouble>) {
        lock(&self.known).trouble = trouble;
    }

    /// From now on it says this of itself, too.
    pub fn says(&self, metadata: Value) {
        lock(&self.known).metadata = metadata;
    }

    /// From now on it signs with a new key of this name, and publishes no other.
    pub fn rotates_to(&self, name: &str) {
        let (private, public) = key(name);
        let mut known = lock(&self.known);
        (known.private, known.public) = (private, public);
    }

    /// What it was asked, in order: `discovery`, `keys`, `token`, `user_info`.
    pub fn calls(&self) -> Vec<&'static str> {
        lock(&self.known).calls.clone()
    }

    /// The configuration of a provider of this id.
    pub fn configuration(&self, id: &str) -> Value {
        json!({
            "id": id, "name": format!("The {id}"), "issuer": self.issuer(), "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET, "redirect_uris": [REDIRECT_URI],
        })
    }

    /// Somebody signs in there, having been sent by this address; the ID token and the endpoint that tells of people say
    /// this besides. Gives the code that the browser brings back.
    pub fn signs_in(&self, authorization_url: &str, id_token: &Value, user_info: &Value) -> String {
        let (endpoint, query) = authorization_url.split_once('?').expect("a query");
        let asked: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut known = lock(&self.known);
        assert_eq!(endpoint, format!("{}/authorize", known.origin));
        for (name, expected) in [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], expected, "{name}");
        }
        let now = Timestamp::now().as_second();
        let mut claims = json!({
            "iss": known.origin, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
        });
        for (name, value) in id_token.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let code = format!("code-{}", uuid::Uuid::new_v4().simple());
        let made = Code {
            challenge: asked["code_challenge"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
            id_token: claims,
            user_info: user_info.clone(),
        };
        known.codes.insert(code.clone(), made);
        code
    }
}

/// What a browser keeps of a sign-in, and brings back.
pub fn state_of(authorization_url: &str) -> String {
    let (_, query) = authorization_url.split_once('?').expect("a query");
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state");
    found.expect("a state").1.into_owned()
}

/// Has these providers configured, and waited for as long as a busy machine takes.
pub fn with_providers(services: &mut Services, providers: &[Value]) {
    let text = Arc::from(json!({ "providers": providers }).to_string());
    services.secrets = Arc::new(WithProviders { inner: services.secrets.clone(), text });
    let long = Duration::from_secs(20);
    let patience = Patience { connect: long, call: long, reread: Duration::ZERO, ..Patience::default() };
    services.identity_providers = Arc::new(OidcClient::new(patience));
}

struct WithProviders {
    inner: Arc<dyn SecretSource>,
    text: Arc<str>,
}

#[async_trait]
impl SecretSource for WithProviders {
    async fn secret(&self, name: SecretName) -> Result<Arc<str>> {
        match name {
            SecretName::SignInProviders => Ok(self.text.clone()),
            _ => self.inner.secret(name).await,
        }
    }

    async fn refused(&self, name: SecretName) {
        self.inner.refused(name).await;
    }
}

/// Notes the call; the answer of one that is down.
fn called(known: &Shared, call: &'static str) -> Option<Response> {
    let mut known = lock(known);
    known.calls.push(call);
    (known.trouble == Some(Trouble::Down)).then(|| StatusCode::BAD_GATEWAY.into_response())
}

async fn configuration(State(shared): State<Shared>) -> Response {
    if let Some(down) = called(&shared, "discovery") {
        return down;
    }
    let known = lock(&shared);
    let origin = &known.origin;
    let mut metadata = json!({
        "issuer": origin, "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"), "jwks_uri": format!("{origin}/keys"),
        "userinfo_endpoint": format!("{origin}/me"), "id_token_signing_alg_values_supported": ["ES256"],
    });
    for (name, value) in known.metadata.as_object().expect("metadata") {
        metadata[name] = value.clone();
    }
    Json(metadata).into_response()
}

async fn keys(State(shared): State<Shared>) -> Response {
    match called(&shared, "keys") {
        Some(down) => down,
        None => Json(json!({ "keys": [lock(&shared).public.clone()] })).into_response(),
    }
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    if let Some(down) = called(&shared, "token") {
        return down;
    }
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut known = lock(&shared);
    let refused = |status: StatusCode, error| (status, Json(json!({ "error": error }))).into_response();
    if known.trouble == Some(Trouble::RefusesUs) || !is_us(&headers, &form) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    // Spent, whatever comes of it.
    let code = form.get("code").and_then(|code| known.codes.remove(code));
    let verifier = form.get("code_verifier").map_or("", String::as_str);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let redirect_uri = form.get("redirect_uri").map_or("", String::as_str);
    let good = code.filter(|code| code.challenge == challenge && code.redirect_uri == redirect_uri);
    let Some(code) = good.filter(|_| form.get("grant_type").is_some_and(|kind| kind == "authorization_code")) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let mut header = Header::new(Algorithm::ES256);
    header.kid = known.public["kid"].as_str().map(str::to_owned);
    let private = match known.trouble {
        Some(Trouble::SignsWithAnotherKey) => key("another").0,
        _ => known.private.clone(),
    };
    let id_token = jsonwebtoken::encode(&header, &code.id_token, &EncodingKey::from_ec_der(&private));
    let access_token = uuid::Uuid::new_v4().simple().to_string();
    known.user_infos.insert(access_token.clone(), code.user_info);
    let tokens = json!({
        "id_token": id_token.expect("a token can be signed"), "access_token": access_token, "token_type": "Bearer",
    });
    Json(tokens).into_response()
}

fn is_us(headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET)));
    match headers.get("authorization").and_then(|value| value.to_str().ok()) {
        Some(basic) => basic == format!("Basic {expected}") && !form.contains_key("client_secret"),
        None => {
            let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
            is("client_id", CLIENT_ID) && is("client_secret", CLIENT_SECRET)
        }
    }
}

async fn user_info(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(down) = called(&shared, "user_info") {
        return down;
    }
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match bearer.and_then(|token| lock(&shared).user_infos.get(token).cloned()) {
        Some(told) => Json(told).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}
