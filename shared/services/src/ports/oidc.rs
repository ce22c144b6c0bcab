//! What a sign-in asks of a provider of OpenID Connect. What its answers are worth is not decided here.

use std::sync::Arc;

use async_trait::async_trait;
use domain::error::Result;
use serde_json::Value;

/// What a provider says of itself (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Its name, exactly as configured.
    pub issuer: String,
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where it tells of people what the ID token does not say.
    pub userinfo_endpoint: Option<String>,
    /// What it may sign ID tokens with: names of algorithms (RFC 7518).
    pub signing_algorithms: Vec<String>,
    /// Whether the client's secret goes into the header (`client_secret_basic`) and not into the form.
    pub takes_basic: bool,
    /// Whether each answer names it as `iss` (RFC 9207).
    pub names_itself: bool,
}

/// Who we are at a provider.
#[derive(Clone, Copy)]
pub struct ClientCredentials<'a> {
    /// Name.
    pub id: &'a str,
    /// Secret.
    pub secret: &'a str,
}

/// A code as it came back, with what belongs to it.
#[derive(Clone, Copy)]
pub struct Redemption<'a> {
    /// Who we are.
    pub client: ClientCredentials<'a>,
    /// The code.
    pub code: &'a str,
    /// Where it was sent.
    pub redirect_uri: &'a str,
    /// What its challenge was made from (RFC 7636).
    pub verifier: &'a str,
}

/// What a code was worth.
pub enum Redeemed {
    /// Tokens.
    Tokens {
        /// Who signed in, as the provider signs it.
        id_token: String,
        /// Opens the endpoint that tells more.
        access_token: String,
    },
    /// Nothing: it is unknown, used, too old or another's.
    CodeRefused,
    /// Nothing: the provider does not take our secret.
    ClientRefused,
}

/// Talks to providers over HTTPS, and remembers for a while what they say of themselves.
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// What the provider of this name says of itself.
    ///
    /// # Errors
    /// `unavailable`, also for what can't be trusted or understood.
    async fn metadata(&self, issuer: &str) -> Result<Arc<ProviderMetadata>>;
    /// Its public keys (JSON Web Keys), fetched anew if none is of this name and that was not done just now.
    async fn keys(&self, metadata: &ProviderMetadata, key_id: Option<&str>) -> Result<Arc<Vec<Value>>>;
    /// Redeems a code. It is spent then, whatever comes back.
    async fn redeem(&self, metadata: &ProviderMetadata, redemption: Redemption<'_>) -> Result<Redeemed>;
    /// What it tells of the person whose access token this is; none where it tells nothing.
    async fn user_info(&self, metadata: &ProviderMetadata, access_token: &str) -> Result<Option<Value>>;
}
