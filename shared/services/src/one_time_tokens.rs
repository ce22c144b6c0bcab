//! One-time tokens of the mails: random, kept hashed, good once and for a while.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{Error, ErrorCode, Result};
use domain::id::UserId;
use jiff::{SignedDuration, Timestamp};
use store::users::User;

use crate::Services;
use crate::email_changes::EMAIL_CHANGE;
use crate::ports::OneTimeToken;
use crate::throttles::{Client, Rule};

/// What verifies an address.
pub(crate) const EMAIL_VERIFICATION: &str = "email_verification";

/// How long a verification link is good.
pub(crate) const EMAIL_VERIFICATION_HOURS: i64 = 24;

/// What sets a new password.
pub(crate) const PASSWORD_RESET: &str = "password_reset";

/// How long such a link is good.
pub(crate) const PASSWORD_RESET_HOURS: i64 = 1;

/// 32 random bytes.
pub(crate) fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    // Unwrap safety: the operating system's generator does not fail once a process has started.
    #[expect(clippy::unwrap_used, reason = "see above")]
    rand::fill(&mut bytes).unwrap();
    bytes
}

/// A random URL-safe word of 256 bits.
pub(crate) fn random_word() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes())
}

/// SHA-256 of a token, base64url: what is kept of it.
pub(crate) fn hash_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

impl Services {
    /// Makes a token that proves the user reads mail at the account's address.
    pub(crate) async fn issue_email_verification(&self, user: &User) -> Result<String> {
        self.issue_one_time_token(EMAIL_VERIFICATION, user.id, user.email.key(), EMAIL_VERIFICATION_HOURS).await
    }

    /// Makes a token for one purpose, good for some hours and while what it is bound to does not change.
    pub(crate) async fn issue_one_time_token(
        &self,
        purpose: &str,
        user_id: UserId,
        bound_to: String,
        hours: i64,
    ) -> Result<String> {
        let token = random_word();
        let expires_at = Timestamp::now() + SignedDuration::from_hours(hours);
        let (hash, purpose) = (hash_token(&token), purpose.to_owned());
        self.one_time_tokens.put(&OneTimeToken { hash, purpose, user_id, bound_to, expires_at }).await?;
        Ok(token)
    }

    /// What is kept of a token that is good for this purpose.
    ///
    /// # Errors
    /// `token_invalid` for one that is unknown, used, too old or for something else.
    pub(crate) async fn one_time_token(&self, purpose: &str, token: &str) -> Result<OneTimeToken> {
        self.kept_token(token).await?.filter(|kept| kept.purpose == purpose).ok_or_else(token_invalid)
    }

    /// What is kept of a token, whatever it is good for.
    async fn kept_token(&self, token: &str) -> Result<Option<OneTimeToken>> {
        let found = self.one_time_tokens.find(&hash_token(token)).await?;
        Ok(found.filter(|kept| kept.expires_at > Timestamp::now()))
    }

    /// Verifies the address a token was mailed to: that of the account, or one that the account is to have and now gets.
    ///
    /// # Errors
    /// `token_invalid` for a token that is unknown, used, too old or of an address the account no longer has;
    /// `email_taken` when another account has the new address by now; `rate_limited` after too many wrong ones.
    pub async fn verify_email(&self, client: &Client, token: &str) -> Result<()> {
        self.throttled(client, &Rule::of_mailed_tokens(client), async {
            let kept = &self.kept_token(token).await?.ok_or_else(token_invalid)?;
            match kept.purpose.as_str() {
                EMAIL_VERIFICATION => self.verify_own_email(kept).await,
                EMAIL_CHANGE => self.complete_email_change(kept).await,
                _ => Err(token_invalid()),
            }
        })
        .await
    }

    async fn verify_own_email(&self, kept: &OneTimeToken) -> Result<()> {
        // The token goes last: if the database is down, the link can be opened again.
        let marked = self
            .write("users.verify_email", |tx| async move {
                store::users::mark_email_verified(&tx, kept.user_id, &kept.bound_to).await
            })
            .await?;
        if marked && self.one_time_tokens.remove(kept).await? { Ok(()) } else { Err(token_invalid()) }
    }
}

/// The refusal of a link.
pub(crate) fn token_invalid() -> Error {
    Error::new(ErrorCode::TokenInvalid, "This link was used before or is too old. Ask for a new one.")
}
