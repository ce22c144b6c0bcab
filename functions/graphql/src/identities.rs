//! Signing in at providers of OpenID Connect.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::id::IdentityId;
use domain::identity::ProviderId;
use serde::{Deserialize, Serialize};
use users::identity_json::{CompleteSignInIn, SignInProviderOut, StartSignInIn, StartedSignInOut};
use users::json::TokenPairOut;

use crate::auth::{DonePayload, TokensPayload};
use crate::caller::{RequestExt, require_id};
use crate::scalars::DateTime;
use crate::wire;

/// A provider by which people may sign in.
#[derive(Clone, Deserialize, SimpleObject)]
struct SignInProvider {
    id: ID,
    /// For people.
    name: String,
}

/// Who the caller is at a provider.
#[derive(Deserialize, SimpleObject)]
pub(crate) struct Identity {
    id: ID,
    /// Null once the provider is no longer configured: nobody signs in by it then.
    provider: Option<SignInProvider>,
    /// The provider's own name: an address.
    issuer: String,
    /// The address there when it was linked.
    email: String,
    created_at: DateTime,
}

/// Where a sign-in comes back to.
#[derive(Serialize, InputObject)]
struct StartSignInInput {
    /// Of `signInProviders`.
    provider: ID,
    /// A page of the front end, exactly as it is configured.
    redirect_uri: String,
}

/// A sign-in that has begun.
#[derive(Deserialize, SimpleObject)]
struct StartSignInPayload {
    /// Send the person there.
    authorization_url: String,
    /// Comes back with the answer.
    state: String,
    /// Keep it in this browser; it goes nowhere but here again.
    browser_secret: String,
    /// Seconds until it is too late.
    expires_in: i32,
}

/// What came back from the provider, and what the browser kept.
#[derive(Serialize, InputObject)]
struct CompleteSignInInput {
    /// Of `signInProviders`.
    provider: ID,
    /// As it came.
    code: String,
    /// As it came.
    state: String,
    /// As the beginning gave it to this browser.
    browser_secret: String,
    /// As it came, if it came (RFC 9207).
    iss: Option<String>,
    /// A code of the second factor, or a recovery code; required where the account has one.
    totp: Option<String>,
}

/// The identity to remove.
#[derive(Serialize, InputObject)]
struct DeleteIdentityInput {
    identity_id: ID,
}

/// Providers.
#[derive(Default)]
pub(crate) struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// Providers by which people may sign in; there may be none.
    async fn sign_in_providers(&self, ctx: &Context<'_>) -> Result<Option<Vec<SignInProvider>>> {
        let providers = ctx.services().sign_in_providers().await?;
        let shown = providers.iter().map(|provider| wire::object(&SignInProviderOut::from(provider)));
        Ok(Some(shown.collect::<domain::error::Result<_>>()?))
    }
}

/// Signing in at providers.
#[derive(Default)]
pub(crate) struct IdentityMutation;

#[Object]
impl IdentityMutation {
    /// Begin to sign in at a provider: send the person there, and keep the secret in this browser.
    async fn start_sign_in(&self, ctx: &Context<'_>, input: StartSignInInput) -> Result<Option<StartSignInPayload>> {
        let StartSignInIn { redirect_uri } = wire::read(&input, &["provider"])?;
        let provider = require_id::<ProviderId>(&input.provider)?;
        let client = &web::context::current().client;
        let started = ctx.services().start_sign_in(client, &provider, &redirect_uri).await?;
        Ok(Some(wire::object(&StartedSignInOut::from(started))?))
    }

    /// Complete a sign-in at a provider with what came back.
    async fn complete_sign_in(&self, ctx: &Context<'_>, input: CompleteSignInInput) -> Result<Option<TokensPayload>> {
        let body: CompleteSignInIn = wire::read(&input, &["provider"])?;
        let provider = require_id::<ProviderId>(&input.provider)?;
        let client = &web::context::current().client;
        let pair = ctx.services().complete_sign_in(client, body.at(&provider)).await?;
        Ok(Some(wire::object(&TokenPairOut::from(&pair))?))
    }

    /// Sign in by a provider no longer. Devices that are signed in stay so.
    async fn delete_identity(&self, ctx: &Context<'_>, input: DeleteIdentityInput) -> Result<Option<DonePayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id::<IdentityId>(&input.identity_id)?;
        ctx.services().delete_identity(actor, id).await?;
        Ok(Some(DonePayload { ok: true }))
    }
}
