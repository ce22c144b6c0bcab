//! Providers of OpenID Connect over HTTPS: what they say of themselves and their keys, remembered for a while, and codes
//! redeemed. Which providers there are is the operator's word alone; what a provider names is asked as guardedly as itself,
//! and redirects lead nowhere.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::error::{Error, Result};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use services::oidc::is_guarded;
use services::ports::{ClientCredentials, IdentityProviders, ProviderMetadata, Redeemed, Redemption};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

/// The most that an answer may be.
const MAX_BYTES: usize = 256 * 1024;

/// How long is waited, and what was told is believed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer.
    pub call: Duration,
    /// Until a provider is asked anew what it is and what its keys are.
    pub fresh: Duration,
    /// Until it is asked anew for a key that it does not have: anybody can name such.
    pub reread: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(700),
            call: Duration::from_millis(1_800),
            fresh: Duration::from_secs(3_600),
            reread: Duration::from_secs(30),
        }
    }
}

/// What was fetched, and when.
struct Kept<T> {
    value: Arc<T>,
    at: Instant,
}

/// By address. Locked while one is fetched, so that it is fetched once.
type Cache<T> = Mutex<HashMap<String, Kept<T>>>;

/// Talks to providers.
pub struct OidcClient {
    patience: Patience,
    http: OnceCell<Client>,
    metadata: Cache<ProviderMetadata>,
    keys: Cache<Vec<Value>>,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    id_token_signing_alg_values_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

impl OidcClient {
    /// Connects when first asked.
    pub fn new(patience: Patience) -> Self {
        Self { patience, http: OnceCell::new(), metadata: Cache::default(), keys: Cache::default() }
    }

    async fn http(&self) -> Result<&Client> {
        self.http
            .get_or_try_init(|| async {
                Client::builder()
                    .connect_timeout(self.patience.connect)
                    .timeout(self.patience.call)
                    .redirect(redirect::Policy::none())
                    .referer(false)
                    .user_agent("Roost/1.0")
                    .build()
                    .map_err(Error::internal)
            })
            .await
    }

    async fn fetch<T: DeserializeOwned>(&self, url: &str) -> Result<T> {
        let (status, body) = answer(self.http().await?.get(url)).await?;
        if status != StatusCode::OK {
            return Err(Error::unavailable(format!("a sign-in provider answered {status}")));
        }
        serde_json::from_slice(&body).map_err(Error::unavailable)
    }

    async fn discover(&self, issuer: &str) -> Result<ProviderMetadata> {
        // §4.1: a slash at the end of the issuer is not doubled.
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let found: Discovered = self.fetch(&url).await?;
        if found.issuer != issuer {
            return Err(Error::unavailable("a sign-in provider calls itself otherwise than it is configured"));
        }
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        // One on the internet must not lead us back to ourselves.
        let may_be_plain = issuer.starts_with("http://");
        let is_good = |url: &&String| is_guarded(url) && (may_be_plain || url.starts_with("https://"));
        if !endpoints.iter().chain(&found.userinfo_endpoint.as_ref()).all(is_good) {
            return Err(Error::unavailable("a sign-in provider names an address that is not encrypted"));
        }
        let methods = found.token_endpoint_auth_methods_supported;
        Ok(ProviderMetadata {
            issuer: found.issuer,
            authorization_endpoint: found.authorization_endpoint,
            token_endpoint: found.token_endpoint,
            jwks_uri: found.jwks_uri,
            userinfo_endpoint: found.userinfo_endpoint,
            signing_algorithms: found.id_token_signing_alg_values_supported,
            // RFC 8414 §2: the default.
            takes_basic: methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
            names_itself: found.authorization_response_iss_parameter_supported,
        })
    }
}

#[async_trait]
impl IdentityProviders for OidcClient {
    async fn metadata(&self, issuer: &str) -> Result<Arc<ProviderMetadata>> {
        let mut cache = self.metadata.lock().await;
        if let Some(kept) = cache.get(issuer).filter(|kept| kept.at.elapsed() < self.patience.fresh) {
            return Ok(kept.value.clone());
        }
        let value = Arc::new(self.discover(issuer).await?);
        cache.insert(issuer.to_owned(), Kept { value: value.clone(), at: Instant::now() });
        Ok(value)
    }

    async fn keys(&self, metadata: &ProviderMetadata, key_id: Option<&str>) -> Result<Arc<Vec<Value>>> {
        let mut cache = self.keys.lock().await;
        if let Some(kept) = cache.get(&metadata.jwks_uri) {
            let age = kept.at.elapsed();
            let has_it = key_id.is_none_or(|wanted| kept.value.iter().any(|key| key["kid"] == wanted));
            if age < self.patience.fresh && (has_it || age < self.patience.reread) {
                return Ok(kept.value.clone());
            }
        }
        let Keys { keys } = self.fetch(&metadata.jwks_uri).await?;
        let value = Arc::new(keys);
        cache.insert(metadata.jwks_uri.clone(), Kept { value: value.clone(), at: Instant::now() });
        Ok(value)
    }

    async fn redeem(&self, metadata: &ProviderMetadata, redemption: Redemption<'_>) -> Result<Redeemed> {
        let ClientCredentials { id, secret } = redemption.client;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", redemption.code),
            ("redirect_uri", redemption.redirect_uri),
            ("code_verifier", redemption.verifier),
        ];
        let mut request = self.http().await?.post(&metadata.token_endpoint).header("accept", "application/json");
        if metadata.takes_basic {
            request = request.header("authorization", basic(id, secret));
        } else {
            form.extend([("client_id", id), ("client_secret", secret)]);
        }
        let (status, body) = answer(request.form(&form)).await?;
        if status == StatusCode::OK {
            let Tokens { id_token, access_token } = serde_json::from_slice(&body).map_err(unreadable)?;
            return Ok(Redeemed::Tokens { id_token, access_token });
        }
        let Refusal { error } = serde_json::from_slice(&body).unwrap_or_default();
        match (status, error.as_str()) {
            // What is no code at all, some call a request that is wrong.
            (StatusCode::BAD_REQUEST, "invalid_grant" | "invalid_request") => {
                tracing::warn!(error, "a sign-in provider refused a code");
                Ok(Redeemed::CodeRefused)
            }
            (StatusCode::UNAUTHORIZED, _) | (StatusCode::BAD_REQUEST, "invalid_client") => Ok(Redeemed::ClientRefused),
            (status, _) => Err(Error::unavailable(format!("a sign-in provider answered {status} to a code"))),
        }
    }

    async fn user_info(&self, metadata: &ProviderMetadata, access_token: &str) -> Result<Option<Value>> {
        let Some(url) = &metadata.userinfo_endpoint else { return Ok(None) };
        let request = self.http().await?.get(url).bearer_auth(access_token).header("accept", "application/json");
        let (status, body) = answer(request).await?;
        if status != StatusCode::OK {
            return Err(Error::unavailable(format!("a sign-in provider answered {status} about a person")));
        }
        serde_json::from_slice(&body).map(Some).map_err(unreadable)
    }
}

/// RFC 6749 §2.3.1: each part is encoded as in a form before the two are joined.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// The answer, unless it is too long. No error names the address: it may have secrets of ours in it one day.
async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>)> {
    // One event a call, so that a test can count.
    tracing::trace!(target: "adapters::call", "a sign-in provider");
    let down = |error: reqwest::Error| Error::unavailable(error.without_url());
    let mut response = request.send().await.map_err(down)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(down)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Error::unavailable("the answer of a sign-in provider is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), body))
}

/// The library's message may have a token in it.
fn unreadable(_: serde_json::Error) -> Error {
    Error::unavailable("the answer of a sign-in provider can't be read")
}
