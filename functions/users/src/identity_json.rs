//! Wire types of signing in at providers.

use domain::error::Invalid;
use domain::id::IdentityId;
use domain::identity::ProviderId;
use domain::user::Email;
use jiff::Timestamp;
use serde::Serialize;
use services::identities::Identity;
use services::oidc::{Completion, Provider, StartedSignIn};
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text_with};

/// The longest word that a provider or a browser brings back.
const MAX_WORD_BYTES: usize = 4_096;

/// A provider by which people may sign in.
#[derive(Serialize, ToSchema)]
pub struct SignInProviderOut {
    id: ProviderId,
    /// For people.
    #[schema(examples("Google"))]
    name: String,
}

impl From<&Provider> for SignInProviderOut {
    fn from(provider: &Provider) -> Self {
        Self { id: provider.id.clone(), name: provider.name.clone() }
    }
}

/// All providers there are: there is never a next page.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInProvidersOut {
    pub(crate) data: Vec<SignInProviderOut>,
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

/// Where a sign-in comes back to.
#[derive(ToSchema)]
pub struct StartSignInIn {
    /// A page of the front end, exactly as it is configured.
    #[schema(format = "uri")]
    pub redirect_uri: String,
}

impl FromFields for StartSignInIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let redirect_uri = fields.required("redirect_uri", text_with(word));
        Ok(Self { redirect_uri: redirect_uri? })
    }
}

/// A sign-in that has begun.
#[derive(Serialize, ToSchema)]
pub struct StartedSignInOut {
    /// Send the person there.
    #[schema(format = "uri")]
    authorization_url: String,
    /// Comes back with the answer.
    state: String,
    /// Keep it in this browser; it goes nowhere but here again.
    browser_secret: String,
    /// Seconds until it is too late.
    expires_in: i64,
}

impl From<StartedSignIn> for StartedSignInOut {
    fn from(started: StartedSignIn) -> Self {
        Self {
            authorization_url: started.authorization_url,
            state: started.state,
            browser_secret: started.browser_secret,
            expires_in: started.expires_in,
        }
    }
}

/// What came back from the provider, and what the browser kept.
#[derive(ToSchema)]
pub struct CompleteSignInIn {
    /// As it came.
    #[schema(max_length = 4096)]
    code: String,
    /// As it came.
    #[schema(max_length = 4096)]
    state: String,
    /// As the beginning gave it to this browser.
    #[schema(max_length = 4096)]
    browser_secret: String,
    /// As it came, if it came (RFC 9207).
    #[schema(max_length = 4096)]
    iss: Option<String>,
    /// A code of the second factor, or a recovery code; required where the account has one.
    #[schema(max_length = 4096)]
    totp: Option<String>,
}

impl FromFields for CompleteSignInIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let code = fields.required("code", text_with(word));
        let state = fields.required("state", text_with(word));
        let browser_secret = fields.required("browser_secret", text_with(word));
        let iss = fields.optional("iss", text_with(word));
        let totp = fields.optional("totp", text_with(word));
        Ok(Self { code: code?, state: state?, browser_secret: browser_secret?, iss: iss?, totp: totp? })
    }
}

impl CompleteSignInIn {
    /// The same, at this provider.
    pub fn at<'a>(&'a self, provider: &'a ProviderId) -> Completion<'a> {
        Completion {
            provider,
            code: &self.code,
            state: &self.state,
            browser_secret: &self.browser_secret,
            issuer: self.iss.as_deref(),
            totp: self.totp.as_deref(),
        }
    }
}

fn word(text: &str) -> Result<String, Invalid> {
    match text.len() {
        0 => Err(Invalid::new("required", "This must not be empty.")),
        1..=MAX_WORD_BYTES => Ok(text.to_owned()),
        _ => Err(Invalid::new("text_too_long", format!("This must be at most {MAX_WORD_BYTES} bytes long."))),
    }
}

/// Who the caller is at a provider.
#[derive(Serialize, ToSchema)]
pub struct IdentityOut {
    id: IdentityId,
    /// Null once the provider is no longer configured: nobody signs in by it then.
    #[schema(required)]
    provider: Option<SignInProviderOut>,
    /// The provider's own name: an address.
    issuer: String,
    /// The address there when it was linked.
    email: Email,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<(Identity, Option<Provider>)> for IdentityOut {
    fn from((identity, provider): (Identity, Option<Provider>)) -> Self {
        Self {
            id: identity.id,
            provider: provider.as_ref().map(SignInProviderOut::from),
            issuer: identity.issuer,
            email: identity.email,
            created_at: identity.created_at,
        }
    }
}

/// All identities there are: there is never a next page.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentitiesOut {
    pub(crate) data: Vec<IdentityOut>,
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}
