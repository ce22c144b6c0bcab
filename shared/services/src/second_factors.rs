//! The second factor: proposed with a new secret, on once a code of it was sent, asked for at each sign-in from then on.

use std::sync::Arc;

use aws_lc_rs::rand;
use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::UserId;
use domain::throttle::Policy;
use jiff::Timestamp;
use serde_json::json;
use store::Tx;
use store::users::User;

use crate::Services;
use crate::actor::{Actor, own_account, require_active};
use crate::one_time_tokens::hash_token;
use crate::throttles::{Client, Rule};
use crate::totp::{self, Code, SECRET_BYTES};

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;

/// A second factor as it is proposed. Shown once.
pub struct ProposedTotp {
    /// Base32, for whoever types it.
    pub secret: String,
    /// The same for a QR code.
    pub otpauth_url: String,
}

impl Services {
    /// Proposes a second factor, in the place of one proposed before.
    ///
    /// # Errors
    /// `email_unverified`: whoever registers with another's address is not to shut the owner out; `invalid_state` when one
    /// is on.
    pub async fn propose_totp(&self, client: &Client, actor: &Actor) -> Result<ProposedTotp> {
        let _counted = self.throttle(client, &[Rule::calls(client)]).await?;
        let mut secret = [0; SECRET_BYTES];
        rand::fill(&mut secret).map_err(|_| Error::internal("no random bytes"))?;
        let sealed = &self.sealer().await?.encrypt(actor.user_id.uuid().as_bytes(), &secret)?;
        let user = self
            .write("users.propose_totp", |tx| async move {
                let user = own_account(&tx, actor).await?;
                require_active(&user)?;
                if user.totp_confirmed_at.is_some() {
                    return Err(invalid_state("on", "The second factor is on. Switch it off to set up another."));
                }
                store::second_factors::propose(&tx, user.id, sealed).await?;
                Ok(user)
            })
            .await?;
        let secret = totp::base32(&secret);
        Ok(ProposedTotp { otpauth_url: totp::otpauth_url(&secret, user.email.as_str()), secret })
    }

    /// Switches the proposed factor on with a code of it; gives the recovery codes, which nobody can show again.
    ///
    /// # Errors
    /// `email_unverified`; `invalid_state` when none is proposed or one is on; `totp_invalid`; `rate_limited` after too
    /// many of those.
    pub async fn confirm_totp(&self, client: &Client, actor: &Actor, code: &str) -> Result<Vec<String>> {
        let user = self.me(actor).await?;
        if user.totp_confirmed_at.is_some() {
            return Err(invalid_state("on", "The second factor is on already."));
        }
        let codes = &(0..RECOVERY_CODES).map(|_| new_recovery_code()).collect::<Result<Vec<_>>>()?;
        // A recovery code is none of a factor that is not on.
        let code = &Code::parse(code).filter(|code| matches!(code, Code::Digits(_)));
        self.with_code(client, &user, code.as_ref(), async {
            self.write("users.confirm_totp", |tx| async move {
                let user = own_account(&tx, actor).await?;
                require_active(&user)?;
                if user.totp_confirmed_at.is_some() {
                    return Err(invalid_state("on", "The second factor is on already."));
                }
                if store::second_factors::find(&*tx, user.id).await?.is_none() {
                    return Err(invalid_state("off", "Ask for a secret first."));
                }
                self.spend(&tx, user.id, code.as_ref()).await?;
                let hashes: Vec<String> = codes.iter().map(|code| recovery_hash(user.id, code)).collect();
                store::second_factors::insert_recovery_codes(&tx, user.id, &hashes).await?;
                store::users::set_totp_confirmed(&tx, user.id, true).await?;
                let data = json!({ "user_id": user.id });
                store::outbox::insert(&tx, EventKind::UserTotpEnabled, &data).await
            })
            .await
        })
        .await?;
        Ok(codes.clone())
    }

    /// Switches the second factor off, with a code or a recovery code of it.
    ///
    /// # Errors
    /// `invalid_state` when none is on; `totp_invalid`; `rate_limited` after too many of those.
    pub async fn delete_totp(&self, client: &Client, actor: &Actor, code: &str) -> Result<()> {
        let user = self.me(actor).await?;
        if user.totp_confirmed_at.is_none() {
            return Err(invalid_state("off", "The second factor is not on."));
        }
        let code = &Code::parse(code);
        self.with_code(client, &user, code.as_ref(), async {
            self.write("users.delete_totp", |tx| async move {
                own_account(&tx, actor).await?;
                self.spend(&tx, actor.user_id, code.as_ref()).await?;
                store::second_factors::remove(&tx, actor.user_id).await?;
                store::users::set_totp_confirmed(&tx, actor.user_id, false).await?;
                let data = json!({ "user_id": actor.user_id });
                store::outbox::insert(&tx, EventKind::UserTotpDisabled, &data).await
            })
            .await
        })
        .await
    }

    /// Whether somebody who knows the password may sign in. The tries of the sign-in are counted already.
    ///
    /// # Errors
    /// `totp_required` without a code; `invalid_credentials` for a wrong one; `rate_limited`.
    pub(crate) async fn check_second_factor(&self, client: &Client, user: &User, code: Option<&str>) -> Result<()> {
        if user.totp_confirmed_at.is_none() {
            return Ok(());
        }
        let missing = || Error::new(ErrorCode::TotpRequired, "Send a code of your second factor as `totp`.");
        let code = &Code::parse(code.ok_or_else(missing)?);
        let user_id = user.id;
        let spend = async {
            self.write("users.sign_in_with_code", |tx| async move { self.spend(&tx, user_id, code.as_ref()).await })
                .await
        };
        let outcome = self.throttled(client, &of_account(user.id, code.as_ref()), spend).await;
        outcome.map_err(|error| match error.code() {
            ErrorCode::TotpInvalid => {
                Error::new(ErrorCode::InvalidCredentials, "The e-mail address, the password or the code is wrong.")
            }
            _ => error,
        })
    }

    /// Does what a code is needed for, counted as sign-ins are.
    async fn with_code<T>(
        &self,
        client: &Client,
        user: &User,
        code: Option<&Code>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut rules = vec![
            Rule::calls(client),
            Rule::failures(Policy::Login, &[&user.email.key()]).from(client),
            Rule::failures(Policy::LoginAddress, &[]).from(client),
        ];
        rules.extend(of_account(user.id, code));
        self.throttled(client, &rules, work).await
    }

    /// Spends a code.
    ///
    /// # Errors
    /// `totp_invalid`.
    async fn spend(&self, tx: &Arc<Tx>, user_id: UserId, code: Option<&Code>) -> Result<()> {
        let spent = match code {
            Some(Code::Digits(digits)) => self.spend_digits(tx, user_id, digits).await?,
            Some(Code::Recovery(code)) => {
                store::second_factors::spend_recovery_code(tx, user_id, &recovery_hash(user_id, code)).await?
            }
            None => false,
        };
        let wrong = || Error::new(ErrorCode::TotpInvalid, "The code is wrong, too old, or was used before.");
        if spent { Ok(()) } else { Err(wrong()) }
    }

    async fn spend_digits(&self, tx: &Arc<Tx>, user_id: UserId, digits: &str) -> Result<bool> {
        let Some(factor) = store::second_factors::find(&**tx, user_id).await? else { return Ok(false) };
        let secret = self.sealer().await?.decrypt(user_id.uuid().as_bytes(), &factor.sealed_secret)?;
        let now = Timestamp::now().as_second();
        match totp::matching_step(&secret, digits, now, factor.last_step) {
            Some(step) => store::second_factors::spend_step(tx, user_id, step, &factor.sealed_secret).await,
            None => Ok(false),
        }
    }
}

/// Six digits could be guessed from everywhere at once, so of those an account has so many and no more; a recovery code,
/// which nobody guesses, is taken even then.
fn of_account(user_id: UserId, code: Option<&Code>) -> Vec<Rule> {
    let is_guessable = !matches!(code, Some(Code::Recovery(_)));
    is_guessable.then(|| Rule::failures(Policy::Code, &[&user_id.to_string()])).into_iter().collect()
}

fn new_recovery_code() -> Result<String> {
    let mut random = [0; 10];
    rand::fill(&mut random).map_err(|_| Error::internal("no random bytes"))?;
    Ok(totp::recovery_code(&random))
}

/// What is kept of a recovery code: 80 random bits need no slow hash.
fn recovery_hash(user_id: UserId, code: &str) -> String {
    hash_token(&format!("{user_id} {}", code.replace('-', "")))
}

fn invalid_state(state: &str, detail: &str) -> Error {
    Error::new(ErrorCode::InvalidState, detail).with("state", state)
}
