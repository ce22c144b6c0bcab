//! What people change of their own account: profile, password, devices.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::id::SessionId;
use serde::{Deserialize, Serialize};
use services::users::{ProfilePatch, update_profile};
use users::json::{ForgotPasswordIn, ResetPasswordIn, UserOut};
use users::profile_json::{EmailChangeIn, UpdateMeIn};
use web::answers;

use crate::auth::DonePayload;
use crate::caller::{RequestExt, require_id};
use crate::mutations;
use crate::scalars::{Currency, DateTime};
use crate::users::Account;
use crate::wire;

/// A device signed in.
#[derive(Deserialize, SimpleObject)]
pub(crate) struct Session {
    id: ID,
    /// What the device calls itself.
    device: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
    created_at: DateTime,
    last_used_at: DateTime,
    expires_at: DateTime,
}

/// What changes: what is left out stays, null empties what may be empty.
#[derive(Serialize, InputObject)]
struct UpdateMeInput {
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    first_name: MaybeUndefined<String>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    last_name: MaybeUndefined<String>,
    /// E.164.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    phone: MaybeUndefined<String>,
    /// BCP 47.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    locale: MaybeUndefined<String>,
    /// IANA.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    time_zone: MaybeUndefined<String>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    currency: MaybeUndefined<Currency>,
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    bio: MaybeUndefined<String>,
    /// The whole list, the best first.
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    languages: MaybeUndefined<Vec<String>>,
}

/// The account as it now is.
#[derive(SimpleObject)]
struct UpdateMePayload {
    user: Account,
}

/// An address that may have an account.
#[derive(Serialize, InputObject)]
struct RequestPasswordResetInput {
    email: String,
    idempotency_key: Option<String>,
}

/// A new password.
#[derive(Serialize, InputObject)]
struct ResetPasswordInput {
    token: String,
    /// 8 to 128 characters.
    password: String,
}

/// Another address for the account.
#[derive(Serialize, InputObject)]
struct RequestEmailChangeInput {
    email: String,
    /// The account's.
    password: String,
    idempotency_key: Option<String>,
}

/// The session to end.
#[derive(Serialize, InputObject)]
struct DeleteSessionInput {
    session_id: ID,
}

/// Changes of the own account.
#[derive(Default)]
pub(crate) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Change the own profile.
    async fn update_me(&self, ctx: &Context<'_>, input: UpdateMeInput) -> Result<Option<UpdateMePayload>> {
        let actor = ctx.signed_in()?;
        let patch = &ProfilePatch::from(wire::read_patch::<UpdateMeIn>(&input, &[])?);
        let user = ctx
            .services()
            .write("users.update_profile", |tx| async move { update_profile(&tx, actor, patch, |_| Ok(())).await })
            .await?;
        Ok(Some(UpdateMePayload { user: wire::object(&UserOut::from(&user))? }))
    }

    /// Ask for a link that sets a new password: answered the same whether an account has this address or not.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        input: RequestPasswordResetInput,
    ) -> Result<Option<DonePayload>> {
        let ForgotPasswordIn { email } = &wire::read(&input, &[])?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, None, "requestPasswordReset", &input, key).await?;
        let answer = ctx
            .services()
            .request_password_reset(&web::context::current().client, email, key.as_ref(), |outcome| {
                answers::of(outcome, |()| answers::ok(&serde_json::json!({ "ok": true })))
            })
            .await?;
        mutations::answered(ctx, &answer).map(Some)
    }

    /// Set a new password with the token of a mail. All sessions of the account end.
    async fn reset_password(&self, ctx: &Context<'_>, input: ResetPasswordInput) -> Result<Option<DonePayload>> {
        let ResetPasswordIn { token, password } = wire::read(&input, &[])?;
        ctx.services().reset_password(&web::context::current().client, &token, &password).await?;
        Ok(Some(DonePayload { ok: true }))
    }

    /// Ask for another e-mail address: a link goes there, a notice to the old one, and nothing changes until the link's
    /// token is given to `verifyEmail`.
    async fn request_email_change(
        &self,
        ctx: &Context<'_>,
        input: RequestEmailChangeInput,
    ) -> Result<Option<DonePayload>> {
        let actor = ctx.signed_in()?;
        let EmailChangeIn { email, password } = wire::read(&input, &[])?;
        let key = input.idempotency_key.as_deref();
        let key = mutations::optional_key(ctx, Some(actor), "requestEmailChange", &input, key).await?;
        let render = |outcome: domain::error::Result<&(), &_>| {
            answers::of(outcome, |()| answers::ok(&serde_json::json!({ "ok": true })))
        };
        let services = ctx.services();
        let client = &web::context::current().client;
        let answer = services.request_email_change(client, actor, (&email, password), key.as_ref(), render).await?;
        mutations::answered(ctx, &answer).map(Some)
    }

    /// Sign a device out.
    async fn delete_session(&self, ctx: &Context<'_>, input: DeleteSessionInput) -> Result<Option<DonePayload>> {
        let actor = ctx.signed_in()?;
        let id = require_id::<SessionId>(&input.session_id)?;
        ctx.services().end_own_session(actor, id).await?;
        Ok(Some(DonePayload { ok: true }))
    }
}
