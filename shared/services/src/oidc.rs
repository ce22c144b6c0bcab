//! Signing in at a provider of OpenID Connect: authorization code flow with PKCE, state and nonce, begun here and
//! completed by the browser that began it. Who may be whom is `domain::identity`'s rule. See ADR 20.

mod completing;
mod id_token;
mod providers;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{Error, Invalid, Result};
use domain::id::UserId;
use domain::identity::ProviderId;
use jiff::{SignedDuration, Timestamp};

use crate::Services;
use crate::one_time_tokens::{hash_token, random_word};
use crate::ports::OneTimeToken;
use crate::sealing::Purpose;
use crate::throttles::{Client, Rule};

pub use completing::Completion;
pub use providers::{Provider, is_guarded};

/// How long somebody may take at the provider.
const STARTED_SECONDS: i64 = 600;

/// What is kept of a sign-in that has begun; `bound_to` is where its answer comes back to.
const STARTED: &str = "sign_in_started";

/// A sign-in that has begun.
pub struct StartedSignIn {
    /// Where the person goes.
    pub authorization_url: String,
    /// Comes back with the answer.
    pub state: String,
    /// Stays with the browser, and completes the sign-in from there and from nowhere else.
    pub browser_secret: String,
    /// Seconds until it is too late.
    pub expires_in: i64,
}

/// What ties a sign-in to the browser that began it. None of it is kept: what goes to the provider is derived from it.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) state: &'a str,
    pub(crate) browser_secret: &'a str,
}

impl Binding<'_> {
    /// What is kept of it. Whoever lacks one of the two finds nothing.
    fn hash(&self) -> String {
        hash_token(&format!("sign-in\0{}\0{}", self.state, self.browser_secret))
    }

    /// A word for one use, which neither what is kept nor what was sent before tells.
    async fn word(&self, services: &Services, usage: &str) -> Result<String> {
        let bound = format!("{usage}\0{}\0{}", self.state, self.browser_secret);
        Ok(URL_SAFE_NO_PAD.encode(services.sealer().await?.tag(Purpose::SignIn, bound.as_bytes())))
    }

    /// What the code's challenge is made from (RFC 7636).
    async fn verifier(&self, services: &Services) -> Result<String> {
        self.word(services, "verifier").await
    }

    /// What the ID token must repeat.
    async fn nonce(&self, services: &Services) -> Result<String> {
        self.word(services, "nonce").await
    }
}

impl Services {
    /// Begins a sign-in: makes what the browser is sent to the provider with.
    ///
    /// # Errors
    /// `not_found` for a provider that is not configured, `422` for a page that is not, `unavailable` when the provider
    /// does not answer, `rate_limited`.
    pub async fn start_sign_in(
        &self,
        client: &Client,
        provider: &ProviderId,
        redirect_uri: &str,
    ) -> Result<StartedSignIn> {
        let _counted = self.throttle(client, &[Rule::calls(client)]).await?;
        let provider = self.sign_in_provider(provider).await?;
        if !provider.redirect_uris.iter().any(|known| known == redirect_uri) {
            let unknown = Invalid::new("not_allowed", "This page is none of those that are configured.");
            return Err(Error::invalid_field("/redirect_uri", unknown));
        }
        let metadata = self.identity_providers.metadata(&provider.issuer).await?;
        let (state, browser_secret) = (random_word(), random_word());
        let binding = Binding { state: &state, browser_secret: &browser_secret };
        let challenge = hash_token(&binding.verifier(self).await?);
        let nonce = binding.nonce(self).await?;
        let asked = [
            ("response_type", "code"),
            ("client_id", &provider.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", &provider.scopes.join(" ")),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let mode = provider.response_mode.as_deref().map(|mode| ("response_mode", mode));
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(asked.into_iter().chain(mode)).finish();
        let endpoint = &metadata.authorization_endpoint;
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        self.one_time_tokens
            .put(&OneTimeToken {
                hash: binding.hash(),
                purpose: purpose(STARTED, &provider),
                user_id: UserId::new(),
                bound_to: redirect_uri.to_owned(),
                expires_at: Timestamp::now() + SignedDuration::from_secs(STARTED_SECONDS),
            })
            .await?;
        Ok(StartedSignIn {
            authorization_url: format!("{endpoint}{separator}{query}"),
            state,
            browser_secret,
            expires_in: STARTED_SECONDS,
        })
    }
}

/// What a token of a sign-in at this provider is good for: one of another provider is none.
fn purpose(step: &str, provider: &Provider) -> String {
    format!("{step}:{}", provider.issuer)
}
