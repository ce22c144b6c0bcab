//! Accounts: registration and profiles.

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::UserId;
use domain::money::Currency;
use domain::throttle::Policy;
use domain::time_zone::TimeZoneName;
use domain::user::{Bio, Email, Locale, Password, PersonName, Phone};
use serde_json::json;
use store::tx::Tx;
use store::users::NewUser;
pub use store::users::User;

use crate::Services;
use crate::actor::{Actor, own_account};
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer};
use crate::passwords;
use crate::throttles::{Client, Rule};

/// What a person says of themselves when registering.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Address.
    pub email: Email,
    /// Password, in the clear.
    pub password: Password,
    /// Given name.
    pub first_name: PersonName,
    /// Family name.
    pub last_name: PersonName,
    /// E.164.
    pub phone: Option<Phone>,
    /// Language of mails.
    pub locale: Locale,
    /// By whose clocks the person reads instants.
    pub time_zone: Option<TimeZoneName>,
    /// Currency.
    pub currency: Currency,
}

/// What changes of a profile; what is none stays, and what is none inside is emptied.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in User")]
pub struct ProfilePatch {
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    pub phone: Option<Option<Phone>>,
    pub locale: Option<Locale>,
    pub time_zone: Option<Option<TimeZoneName>>,
    pub currency: Option<Currency>,
    pub bio: Option<Option<Bio>>,
    pub languages: Option<Vec<Locale>>,
}

impl Services {
    /// Hashes the password of a registration, which is slow and so is done before the transaction.
    pub async fn hash_password(&self, password: &Password) -> Result<String> {
        passwords::hash(password.clone()).await
    }

    /// Registers an account; a verification link is mailed after the commit. That an address is taken is told a few
    /// times only.
    ///
    /// # Errors
    /// `email_taken`, `rate_limited`; those of [`Services::idempotently`].
    pub async fn register(
        &self,
        client: &Client,
        registration: &Registration,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&User, &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        let rules = [
            Rule::calls(client),
            Rule::each(Policy::Register, &[]).from(client),
            Rule::failures(Policy::EmailTaken, &[]).from(client),
            Rule::each(Policy::RegisterAll, &[]).gauged(),
        ];
        let pass = self.throttle(client, &rules).await?;
        let password_hash = &self.hash_password(&registration.password).await?;
        let work = |tx: Arc<Tx>| async move { register(&tx, registration, password_hash).await };
        let outcome = self.idempotently("users.register", key, work, render).await;
        let is_taken = match &outcome {
            Ok(answer) => answer.saved.status == ErrorCode::EmailTaken.status(),
            Err(error) => error.code() == ErrorCode::EmailTaken,
        };
        if !is_taken {
            self.give_back(client, pass).await;
        }
        outcome
    }

    /// Asks for another verification link, which an account that is verified already does not get.
    ///
    /// # Errors
    /// `rate_limited`; `not_found` when the account is gone; those of [`Services::idempotently`].
    pub async fn resend_verification(
        &self,
        client: &Client,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&(), &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        let rules = [
            Rule::calls(client),
            Rule::each(Policy::MailAddress, &[]).from(client),
            Rule::each(Policy::MailAccount, &[&actor.user_id.to_string()]),
        ];
        let _counted = self.throttle(client, &rules).await?;
        let work = |tx: Arc<Tx>| async move { request_email_verification(&tx, actor).await };
        self.idempotently("users.request_email_verification", key, work, render).await
    }

    /// The account of the caller.
    ///
    /// # Errors
    /// `not_found` when the account is gone.
    pub async fn me(&self, actor: &Actor) -> Result<User> {
        self.user(actor.user_id).await
    }

    /// The account of this id; what of it may be shown is the caller's care.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn user(&self, id: UserId) -> Result<User> {
        let found = store::users::find(&self.db.connection().await?, id).await?;
        found.filter(|user| user.erased_at.is_none()).ok_or_else(Error::not_found)
    }

    /// The accounts of these ids in one statement, in no order; what of them may be shown is the caller's care.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn users(&self, ids: &[UserId]) -> Result<Vec<User>> {
        store::users::find_many(&self.db.connection().await?, ids).await
    }
}

async fn register(tx: &Tx, registration: &Registration, password_hash: &str) -> Result<User> {
    let user = store::users::insert(
        tx,
        &NewUser {
            id: UserId::new(),
            email: &registration.email,
            password_hash: Some(password_hash),
            is_verified: false,
            first_name: &registration.first_name,
            last_name: &registration.last_name,
            phone: registration.phone.as_ref(),
            locale: &registration.locale,
            time_zone: registration.time_zone.as_ref(),
            currency: registration.currency,
        },
    )
    .await?;
    store::outbox::insert(tx, EventKind::UserRegistered, &json!({ "user_id": user.id })).await?;
    Ok(user)
}

/// Changes the caller's profile, if it is as seen.
///
/// # Errors
/// Those of `is_as_seen`; `not_found` when the account is gone.
pub async fn update_profile(
    tx: &Tx,
    actor: &Actor,
    patch: &ProfilePatch,
    is_as_seen: impl Fn(&User) -> Result<()>,
) -> Result<User> {
    let seen = own_account(tx, actor).await?;
    is_as_seen(&seen)?;
    let patch = patch.clone();
    let changed = User {
        first_name: patch.first_name.unwrap_or_else(|| seen.first_name.clone()),
        last_name: patch.last_name.unwrap_or_else(|| seen.last_name.clone()),
        phone: patch.phone.unwrap_or_else(|| seen.phone.clone()),
        locale: patch.locale.unwrap_or_else(|| seen.locale.clone()),
        time_zone: patch.time_zone.unwrap_or_else(|| seen.time_zone.clone()),
        currency: patch.currency.unwrap_or(seen.currency),
        bio: patch.bio.unwrap_or_else(|| seen.bio.clone()),
        languages: patch.languages.unwrap_or_else(|| seen.languages.clone()),
        ..seen.clone()
    };
    if changed == seen { Ok(seen) } else { store::users::set_profile(tx, &changed).await }
}

/// Asks for another verification link; an account that is verified already gets none.
///
/// # Errors
/// `not_found` when the account is gone.
pub async fn request_email_verification(tx: &Tx, actor: &Actor) -> Result<()> {
    let user = store::users::find(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    if user.email_verified_at.is_none() {
        let data = json!({ "user_id": user.id });
        store::outbox::insert(tx, EventKind::UserEmailVerificationRequested, &data).await?;
    }
    Ok(())
}
