//! Signing in and staying signed in.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use serde::{Deserialize, Serialize};
use services::auth::Credentials;
use users::json::{LoginIn, RefreshIn, TokenIn, TokenPairOut};

use crate::caller::RequestExt;
use crate::users::Account;
use crate::wire;

/// An address and a password.
#[derive(Serialize, InputObject)]
struct LoginInput {
    email: String,
    password: String,
}

/// A refresh token.
#[derive(Serialize, InputObject)]
struct RefreshTokensInput {
    refresh_token: String,
}

/// The refresh token of the session to end.
#[derive(Serialize, InputObject)]
struct LogoutInput {
    refresh_token: String,
}

/// The one-time token out of the mail.
#[derive(Serialize, InputObject)]
struct VerifyEmailInput {
    token: String,
}

/// The tokens a client works with (RFC 6749 §5.1).
#[derive(Deserialize, SimpleObject)]
struct TokensPayload {
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the access token ends.
    expires_in: i32,
    refresh_token: String,
    user: Account,
}

/// Done, and nothing to say.
#[derive(Deserialize, SimpleObject)]
pub(crate) struct DonePayload {
    /// Always true.
    pub(crate) ok: bool,
}

/// Sessions.
#[derive(Default)]
pub(crate) struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Sign in on a new device. A wrong address and a wrong password are answered the same.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Result<Option<TokensPayload>> {
        let LoginIn { email, password } = wire::read(&input, &[])?;
        let client = &web::context::current().client;
        let pair = ctx.services().login(client, Credentials { email: &email, password }).await?;
        Ok(Some(wire::object(&TokenPairOut::from(&pair))?))
    }

    /// Spend a refresh token for the next pair.
    async fn refresh_tokens(&self, ctx: &Context<'_>, input: RefreshTokensInput) -> Result<Option<TokensPayload>> {
        let RefreshIn { refresh_token } = wire::read(&input, &[])?;
        let pair = ctx.services().refresh(&web::context::current().client, &refresh_token).await?;
        Ok(Some(wire::object(&TokenPairOut::from(&pair))?))
    }

    /// End the session of a refresh token.
    async fn logout(&self, ctx: &Context<'_>, input: LogoutInput) -> Result<Option<DonePayload>> {
        let RefreshIn { refresh_token } = wire::read(&input, &[])?;
        ctx.services().logout(&refresh_token).await?;
        Ok(Some(DonePayload { ok: true }))
    }

    /// Verify the address of an account, or the one that it is to have.
    async fn verify_email(&self, ctx: &Context<'_>, input: VerifyEmailInput) -> Result<Option<DonePayload>> {
        let TokenIn { token } = wire::read(&input, &[])?;
        ctx.services().verify_email(&web::context::current().client, &token).await?;
        Ok(Some(DonePayload { ok: true }))
    }
}
