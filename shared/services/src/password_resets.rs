//! A forgotten password: a link is mailed, and whoever opens it sets a new one.

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::throttle::Policy;
use domain::user::{Email, Password};
use serde_json::json;
use store::Tx;
use store::users::User;

use crate::Services;
use crate::auth::account_key;
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer};
use crate::one_time_tokens::{PASSWORD_RESET, PASSWORD_RESET_HOURS, hash_token, token_invalid};
use crate::throttles::{Client, Rule};

/// For an address that nobody has, or that has been mailed to enough, the same is looked up and written: neither the
/// answer nor its time tells which addresses have accounts.
async fn request(tx: &Tx, email: &str, is_enough: bool) -> Result<()> {
    let found = match Email::parse(email) {
        Ok(email) => store::users::find_credentials(tx, &email.key()).await?,
        Err(_) => None,
    };
    let data = json!({ "user_id": found.filter(|_| !is_enough).map(|(user, _)| user.id) });
    store::outbox::insert(tx, EventKind::UserPasswordResetRequested, &data).await
}

impl Services {
    /// Asks for a link that sets a new password. An account that was mailed enough links, from wherever they were asked
    /// for, gets no more for a while and nobody is told: whoever reads its mail has one that is still good.
    ///
    /// # Errors
    /// `rate_limited`, whoever has the address; those of [`Services::idempotently`].
    pub async fn request_password_reset(
        &self,
        client: &Client,
        email: &str,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&(), &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        let account = &account_key(email);
        let rules = [
            Rule::calls(client),
            Rule::each(Policy::Mail, &[account]).from(client),
            Rule::each(Policy::MailAddress, &[]).from(client),
            Rule::each(Policy::MailAll, &[]).gauged(),
        ];
        let _counted = self.throttle(client, &rules).await?;
        let nobody = Client::default();
        let is_enough = match self.throttle(&nobody, &[Rule::each(Policy::MailAccount, &[account])]).await {
            Ok(_counted) => false,
            Err(error) if error.code() == ErrorCode::RateLimited => true,
            Err(error) => return Err(error),
        };
        let work = |tx: Arc<Tx>| async move { request(&tx, email, is_enough).await };
        self.idempotently("users.request_password_reset", key, work, render).await
    }

    /// Makes a token that sets a new password. It dies with the password there is now, and so with the first of several
    /// links that is used, and with the address it is mailed to.
    pub(crate) async fn issue_password_reset(&self, user: &User) -> Result<String> {
        let current = store::users::password_hash(&self.db.connection().await?, user.id).await?;
        let bound_to = bound_to(current.as_deref().unwrap_or_default(), user);
        self.issue_one_time_token(PASSWORD_RESET, user.id, bound_to, PASSWORD_RESET_HOURS).await
    }

    /// Sets the password of the account that a token was mailed to, and ends all its sessions.
    ///
    /// # Errors
    /// `token_invalid` for a token that is unknown, used or too old, and for one from before the password last changed;
    /// `rate_limited` after too many of those.
    pub async fn reset_password(&self, client: &Client, token: &str, password: &Password) -> Result<()> {
        self.throttled(client, &Rule::of_mailed_tokens(client), self.set_password_by_link(token, password)).await
    }

    async fn set_password_by_link(&self, token: &str, password: &Password) -> Result<()> {
        let kept = &self.one_time_token(PASSWORD_RESET, token).await?;
        let password_hash = &self.hash_password(password).await?;
        let is_set = self
            .write("users.reset_password", |tx| async move {
                let user = store::users::find_for_update(&tx, kept.user_id).await?;
                let current = store::users::password_hash(&*tx, kept.user_id).await?;
                let bound_now = user.map(|user| bound_to(current.as_deref().unwrap_or_default(), &user));
                if bound_now.as_ref() != Some(&kept.bound_to) {
                    return Ok(false);
                }
                store::users::set_password(&tx, kept.user_id, password_hash).await?;
                // Whoever asked for another address knew the password there was.
                store::email_changes::delete_open(&tx, kept.user_id).await?;
                let data = json!({ "user_id": kept.user_id });
                store::outbox::insert(&tx, EventKind::UserPasswordChanged, &data).await?;
                Ok(true)
            })
            .await?;
        if !is_set {
            return Err(token_invalid());
        }
        if let Err(error) = self.one_time_tokens.remove(kept).await {
            tracing::warn!(
                cause = error.causes(),
                "a spent link is left to expire: the password it was bound to is gone"
            );
        }
        if let Err(error) = self.end_sessions_of(kept.user_id).await {
            tracing::error!(user_id = %kept.user_id, cause = error.causes(), "access tokens from before a new password run until they expire");
        }
        Ok(())
    }
}

/// What a link hangs on.
fn bound_to(password_hash: &str, user: &User) -> String {
    hash_token(&format!("{password_hash}\0{}", user.email.key()))
}
