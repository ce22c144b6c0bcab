//! Signing in and staying signed in.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use serde::{Deserialize, Serialize};
use services::auth::Credentials;
use users::json::{LoginIn, RefreshIn, TokenIn, TokenPairOut};
use users::totp_json::{ProposedTotpOut, TotpCodeIn};

use crate::caller::RequestExt;
use crate::users::Account;
use crate::wire;

/// An address and a password.
#[derive(Serialize, InputObject)]
struct LoginInput {
    email: String,
    password: String,
    /// A code of the second factor, or a recovery code; required where the account has one.
    totp: Option<String>,
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
pub(crate) struct TokensPayload {
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

/// A code of the second factor.
#[derive(Serialize, InputObject)]
struct TotpCodeInput {
    /// Six digits of the app, or a recovery code.
    code: String,
}

/// A second factor as it is proposed; shown once.
#[derive(Deserialize, SimpleObject)]
struct CreateTotpPayload {
    /// Base32, for whoever types it.
    secret: String,
    /// The same for a QR code.
    otpauth_url: String,
}

/// The second factor is on.
#[derive(Deserialize, SimpleObject)]
struct ConfirmTotpPayload {
    /// Ten, each good once; shown once.
    recovery_codes: Vec<String>,
}

/// Sessions.
#[derive(Default)]
pub(crate) struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Sign in on a new device. A wrong address and a wrong password are answered the same.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Result<Option<TokensPayload>> {
        let LoginIn { email, password, totp } = wire::read(&input, &[])?;
        let client = &web::context::current().client;
        let pair = ctx.services().login(client, Credentials { email: &email, password, totp: totp.as_deref() }).await?;
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

    /// Set up a second factor; it is on once a code of it is confirmed.
    async fn create_totp(&self, ctx: &Context<'_>) -> Result<Option<CreateTotpPayload>> {
        let actor = ctx.signed_in()?;
        let proposed = ctx.services().propose_totp(&web::context::current().client, actor).await?;
        Ok(Some(wire::object(&ProposedTotpOut::from(proposed))?))
    }

    /// Switch the second factor on. From then on signing in takes a code.
    async fn confirm_totp(&self, ctx: &Context<'_>, input: TotpCodeInput) -> Result<Option<ConfirmTotpPayload>> {
        let actor = ctx.signed_in()?;
        let TotpCodeIn { code } = wire::read(&input, &[])?;
        let recovery_codes = ctx.services().confirm_totp(&web::context::current().client, actor, &code).await?;
        Ok(Some(ConfirmTotpPayload { recovery_codes }))
    }

    /// Switch the second factor off.
    async fn delete_totp(&self, ctx: &Context<'_>, input: TotpCodeInput) -> Result<Option<DonePayload>> {
        let actor = ctx.signed_in()?;
        let TotpCodeIn { code } = wire::read(&input, &[])?;
        ctx.services().delete_totp(&web::context::current().client, actor, &code).await?;
        Ok(Some(DonePayload { ok: true }))
    }

    /// Verify the address of an account, or the one that it is to have.
    async fn verify_email(&self, ctx: &Context<'_>, input: VerifyEmailInput) -> Result<Option<DonePayload>> {
        let TokenIn { token } = wire::read(&input, &[])?;
        ctx.services().verify_email(&web::context::current().client, &token).await?;
        Ok(Some(DonePayload { ok: true }))
    }
}
