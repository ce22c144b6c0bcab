//! Another address for an account: asked for with the password, told to the old address, done when the link that went
//! to the new one is opened.

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::event::EventKind;
use domain::id::EmailChangeId;
use domain::throttle::Policy;
use domain::user::{Email, Password};
use serde_json::json;
use store::Tx;
use store::email_changes::EmailChange;

use crate::Services;
use crate::actor::{Actor, own_account};
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer};
use crate::one_time_tokens::token_invalid;
use crate::passwords;
use crate::ports::OneTimeToken;
use crate::throttles::{Client, Rule};

/// What makes an address that of an account; bound to the change, and worth nothing once that is done or withdrawn.
pub(crate) const EMAIL_CHANGE: &str = "email_change";

/// How long the link is good.
pub(crate) const EMAIL_CHANGE_HOURS: i64 = 24;

impl Services {
    /// Asks for another address. Nothing changes but that an earlier change, if one is open, is withdrawn.
    ///
    /// # Errors
    /// `422` for a wrong password and for the address that the account has; `email_taken`, as registration says it;
    /// `rate_limited` after too many of those, and of mails; those of [`Services::idempotently`].
    pub async fn request_email_change(
        &self,
        client: &Client,
        actor: &Actor,
        (email, password): (&Email, Password),
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&(), &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        let account = &actor.user_id.to_string();
        let rules = [
            Rule::calls(client),
            Rule::failures(Policy::Login, &[account]).from(client),
            Rule::failures(Policy::EmailTaken, &[]).from(client),
            Rule::each(Policy::MailAddress, &[]).from(client),
            Rule::each(Policy::MailAccount, &[account]),
        ];
        let pass = self.throttle(client, &rules).await?;
        let outcome = self.ask_for_email(actor, email, password, key, render).await;
        let is_guess = match &outcome {
            Ok(answer) => answer.saved.status == ErrorCode::EmailTaken.status(),
            Err(error) => matches!(error.code(), ErrorCode::EmailTaken | ErrorCode::ValidationFailed),
        };
        if !is_guess {
            self.give_back(client, pass).await;
        }
        outcome
    }

    async fn ask_for_email(
        &self,
        actor: &Actor,
        email: &Email,
        password: Password,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&(), &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        let known = store::users::password_hash(&self.db.connection().await?, actor.user_id).await?;
        let known = &known.ok_or_else(no_password)?;
        if !passwords::verify(password, Some(known.clone())).await? {
            return Err(wrong_password());
        }
        let work = |tx: Arc<Tx>| async move { request(&tx, actor, email, known).await };
        self.idempotently("users.request_email_change", key, work, render).await
    }

    /// Makes the change that a token was mailed for. The unique address decides between two who want the same.
    pub(crate) async fn complete_email_change(&self, kept: &OneTimeToken) -> Result<()> {
        let id: EmailChangeId = kept.bound_to.parse().map_err(Error::internal)?;
        self.write("users.change_email", |tx| async move {
            let user = store::users::find_for_update(&tx, kept.user_id).await?.ok_or_else(token_invalid)?;
            let change = store::email_changes::find(&*tx, id).await?;
            let change = change.filter(|change| change.old_email == user.email).ok_or_else(token_invalid)?;
            if !store::email_changes::complete(&tx, id).await? {
                return Err(token_invalid());
            }
            store::users::set_email(&tx, user.id, &change.new_email).await?;
            let data = json!({ "user_id": user.id, "change_id": id });
            store::outbox::insert(&tx, EventKind::UserEmailChanged, &data).await
        })
        .await?;
        if let Err(error) = self.one_time_tokens.remove(kept).await {
            tracing::warn!(cause = error.causes(), "a spent link is left to expire: its change is done");
        }
        Ok(())
    }
}

/// The password was right when it was hashed and compared, which is slow and so done before: it must still be the one.
async fn request(tx: &Tx, actor: &Actor, email: &Email, known: &str) -> Result<()> {
    let user = own_account(tx, actor).await?;
    if store::users::password_hash(tx, user.id).await?.as_deref() != Some(known) {
        return Err(wrong_password());
    }
    if email.key() == user.email.key() {
        let unchanged = Invalid::new("unchanged", "The account has this e-mail address.");
        return Err(Error::invalid_field("/email", unchanged));
    }
    if store::users::find_credentials(tx, &email.key()).await?.is_some() {
        return Err(Error::new(ErrorCode::EmailTaken, "Another account has this e-mail address."));
    }
    let change = EmailChange {
        id: EmailChangeId::new(),
        user_id: user.id,
        old_email_verified: user.email_verified_at.is_some(),
        old_email: user.email,
        new_email: email.clone(),
        completed_at: None,
    };
    store::email_changes::replace_open(tx, &change).await?;
    let data = json!({ "user_id": user.id, "change_id": change.id });
    store::outbox::insert(tx, EventKind::UserEmailChangeRequested, &data).await
}

/// Who signs in at a provider alone sets a password first, by a link: a changed address is a taken account.
fn no_password() -> Error {
    let detail = "The account has no password yet. Set one first, as if it were forgotten.";
    Error::invalid_field("/password", Invalid::new("no_password", detail))
}

fn wrong_password() -> Error {
    Error::invalid_field("/password", Invalid::new("wrong_password", "This is not the password of the account."))
}
