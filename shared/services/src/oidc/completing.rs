//! The second half of a sign-in: what came back is redeemed once, believed if it holds, and opens an account.

use std::time::Duration;

use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::UserId;
use domain::identity::{Holder, Linking, ProviderId, linking, names};
use domain::money::Currency;
use domain::throttle::Policy;
use domain::time_zone::TimeZoneName;
use domain::user::{Email, Locale, PersonName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tx;
use store::tx::Queries;
use store::users::{NewUser, User};

use super::id_token::{self, Expected, IdToken, Person};
use super::{Binding, Provider, STARTED, purpose};
use crate::Services;
use crate::auth::{TokenPair, refuse_suspended};
use crate::ports::{ClientCredentials, OneTimeToken, ProviderMetadata, Redeemed, Redemption, SecretName};
use crate::throttles::{Client, Rule};

/// What is kept of somebody whom the provider has vouched for and whose second factor is awaited; `bound_to` is a
/// [`Vouched`].
const VOUCHED: &str = "sign_in_vouched";

/// How long the second factor is awaited.
const VOUCHED_SECONDS: i64 = 300;

/// The longest that a provider is waited for, all calls together: an answer of ours is due within 2.8 s.
const PROVIDER_LIMIT: Duration = Duration::from_millis(2_300);

/// What a browser brings back from a provider.
pub struct Completion<'a> {
    /// At which provider.
    pub provider: &'a ProviderId,
    /// As it came.
    pub code: &'a str,
    /// As it came.
    pub state: &'a str,
    /// As the browser kept it.
    pub browser_secret: &'a str,
    /// `iss` of the answer, if it had one (RFC 9207).
    pub issuer: Option<&'a str>,
    /// A code of the account's second factor, if there is one.
    pub totp: Option<&'a str>,
}

/// What a provider has told of somebody, believed.
#[derive(Clone, Serialize, Deserialize)]
struct Vouched {
    issuer: String,
    subject: String,
    /// Verified by the provider.
    email: Option<Email>,
    first_name: PersonName,
    last_name: PersonName,
    locale: Option<Locale>,
    time_zone: Option<TimeZoneName>,
}

/// Whose account it opens.
enum Whose {
    /// The account it has opened before.
    Known(User),
    /// One that it has not opened yet.
    Linked(User, Linking),
    /// One that is to be made.
    Nobodys,
}

impl Whose {
    fn user(&self) -> Option<&User> {
        match self {
            Self::Known(user) | Self::Linked(user, _) => Some(user),
            Self::Nobodys => None,
        }
    }
}

impl Services {
    /// Completes a sign-in that this browser has begun.
    ///
    /// # Errors
    /// `token_invalid` for a state that is unknown, used, too old, another browser's or another provider's, and for an
    /// answer of the provider that can't be believed; `totp_required`, upon which the same call with a code goes on;
    /// `invalid_credentials` for a wrong one; `forbidden` for who is suspended; those of
    /// [`linking`]; `unavailable` when the provider does not answer; `rate_limited`.
    pub async fn complete_sign_in(&self, client: &Client, completion: Completion<'_>) -> Result<TokenPair> {
        let rules = [
            Rule::calls(client),
            Rule::failures(Policy::Token, &[]).from(client),
            Rule::failures(Policy::LoginAddress, &[]).from(client),
        ];
        let begun = Timestamp::now();
        self.throttled(client, &rules, async {
            let provider = self.sign_in_provider(completion.provider).await?;
            let binding = Binding { state: completion.state, browser_secret: completion.browser_secret };
            let found = self.one_time_tokens.find(&binding.hash()).await?;
            let kept = found.filter(|kept| kept.expires_at > Timestamp::now()).ok_or_else(begin_again)?;
            let vouched = if kept.purpose == purpose(STARTED, &provider) {
                self.redeem(&provider, &kept, &completion).await?
            } else if kept.purpose == purpose(VOUCHED, &provider) {
                serde_json::from_str(&kept.bound_to).map_err(Error::internal)?
            } else {
                return Err(begin_again());
            };
            let user = Box::pin(self.open(client, &provider, &kept, &vouched, completion.totp)).await?;
            self.begin_session(client, user, begun).await
        })
        .await
    }

    /// Redeems the code, once whatever comes of it, and believes the answer if it holds.
    async fn redeem(&self, provider: &Provider, kept: &OneTimeToken, completion: &Completion<'_>) -> Result<Vouched> {
        let work = async {
            let metadata = self.identity_providers.metadata(&provider.issuer).await?;
            // Before anything is spent: what is down may be up again in a moment.
            let is_another = match completion.issuer {
                Some(issuer) => issuer != provider.issuer,
                None => metadata.names_itself,
            };
            if is_another {
                tracing::warn!(provider = %provider.id, "an answer came that is another provider's");
                return Err(begin_again());
            }
            if !self.one_time_tokens.remove(kept).await? {
                return Err(begin_again());
            }
            let binding = Binding { state: completion.state, browser_secret: completion.browser_secret };
            let redemption = Redemption {
                client: ClientCredentials { id: &provider.client_id, secret: &provider.client_secret },
                code: completion.code,
                redirect_uri: &kept.bound_to,
                verifier: &binding.verifier(self).await?,
            };
            match self.identity_providers.redeem(&metadata, redemption).await? {
                Redeemed::Tokens { id_token, access_token } => {
                    let nonce = &binding.nonce(self).await?;
                    let token = self.believed(provider, &metadata, (&id_token, &access_token), nonce).await?;
                    self.vouched(provider, &metadata, token, &access_token).await
                }
                Redeemed::CodeRefused => Err(begin_again()),
                Redeemed::ClientRefused => {
                    tracing::error!(provider = %provider.id, "a sign-in provider refused our client secret");
                    self.secrets.refused(SecretName::SignInProviders).await;
                    Err(Error::unavailable("a sign-in provider refused our client secret"))
                }
            }
        };
        // Deep, as what is behind a throttle is: in a place of its own.
        let limited = tokio::time::timeout(PROVIDER_LIMIT, Box::pin(work)).await;
        limited.unwrap_or_else(|_elapsed| Err(Error::unavailable("a sign-in provider is too slow")))
    }

    async fn believed(
        &self,
        provider: &Provider,
        metadata: &ProviderMetadata,
        (id_token, access_token): (&str, &str),
        nonce: &str,
    ) -> Result<IdToken> {
        let refused = |why| {
            tracing::warn!(provider = %provider.id, why, "an ID token is not believed");
            begin_again()
        };
        let header = id_token::header(id_token, metadata).map_err(refused)?;
        let mut keys = self.identity_providers.keys(metadata, None).await?;
        if !id_token::has_key(&keys, &header) {
            keys = self.identity_providers.keys(metadata, header.kid.as_deref()).await?;
        }
        let client_id = &provider.client_id;
        let expected = Expected { metadata, client_id, nonce, access_token, now: Timestamp::now() };
        id_token::check(id_token, &keys, &expected).map_err(refused)
    }

    /// What the provider says of somebody. Of whom we know already nothing more is asked.
    async fn vouched(
        &self,
        provider: &Provider,
        metadata: &ProviderMetadata,
        token: IdToken,
        access_token: &str,
    ) -> Result<Vouched> {
        let IdToken { subject, mut person } = token;
        let connection = self.db.connection().await?;
        let is_known = store::identities::find(&connection, &provider.issuer, &subject).await?.is_some();
        drop(connection);
        if !is_known && !person.has_email() {
            let told = self.identity_providers.user_info(metadata, access_token).await?;
            // §5.3.2: it is about the same person, or about nobody.
            if let Some(told) = told.filter(|told| told["sub"] == subject) {
                person = serde_json::from_value(told).unwrap_or_default();
            }
        }
        Ok(Vouched::of(provider, subject, &person))
    }

    /// Opens the account of somebody who was vouched for: nothing of it changes before the second factor was sent.
    async fn open(
        &self,
        client: &Client,
        provider: &Provider,
        kept: &OneTimeToken,
        vouched: &Vouched,
        totp: Option<&str>,
    ) -> Result<User> {
        let whose = vouched.whose(&self.db.connection().await?).await?;
        let is_resumed = kept.purpose == purpose(VOUCHED, provider);
        // The account was found by what was said then, and may have become another's since.
        if is_resumed && whose.user().map(|user| user.id) != Some(kept.user_id) {
            return Err(begin_again());
        }
        let takes_over = matches!(whose, Whose::Linked(_, Linking::TakeOver));
        match whose.user() {
            Some(user) => {
                refuse_suspended(user)?;
                // What guards an account that was never proven guards nothing of the owner's.
                let is_guarded = user.totp_confirmed_at.is_some() && !takes_over;
                let awaited = match (is_guarded, is_resumed) {
                    (true, false) => Some(self.await_second_factor(provider, kept, user.id, vouched).await?),
                    (_, true) => Some(kept.clone()),
                    (false, false) => None,
                };
                if is_guarded {
                    let rule = Rule::failures(Policy::Login, &[&user.email.key()]).from(client);
                    self.throttled(client, &[rule], self.check_second_factor(client, user, totp)).await?;
                }
                if let Some(awaited) = awaited
                    && !self.one_time_tokens.remove(&awaited).await?
                {
                    return Err(begin_again());
                }
            }
            None => {
                let rules =
                    [Rule::each(Policy::Register, &[]).from(client), Rule::each(Policy::RegisterAll, &[]).gauged()];
                let _counted = self.throttle(client, &rules).await?;
            }
        }
        if let Whose::Known(user) = whose {
            return Ok(user);
        }
        let (expected, new_id) = (&whose, kept.user_id);
        let user = self
            .write("identities.link", |tx| async move { link(&tx, provider, vouched, expected, new_id).await })
            .await?;
        if takes_over && let Err(error) = self.end_sessions_of(user.id).await {
            let cause = error.causes();
            tracing::warn!(user_id = %user.id, cause, "the scheduler ends the sessions from before a take-over");
        }
        Ok(user)
    }

    /// Keeps what the provider has said under the same state, so that a wrong code costs no new sign-in there.
    async fn await_second_factor(
        &self,
        provider: &Provider,
        kept: &OneTimeToken,
        user_id: UserId,
        vouched: &Vouched,
    ) -> Result<OneTimeToken> {
        let awaited = OneTimeToken {
            hash: kept.hash.clone(),
            purpose: purpose(VOUCHED, provider),
            user_id,
            bound_to: serde_json::to_string(vouched).map_err(Error::internal)?,
            expires_at: Timestamp::now() + SignedDuration::from_secs(VOUCHED_SECONDS),
        };
        self.one_time_tokens.put(&awaited).await?;
        Ok(awaited)
    }
}

impl Vouched {
    fn of(provider: &Provider, subject: String, person: &Person) -> Self {
        let text = |text: &Option<String>| text.clone();
        let (given, family, full) = (&person.given_name, &person.family_name, &person.name);
        let (first_name, last_name) = names(given.as_deref(), family.as_deref(), full.as_deref());
        Self {
            issuer: provider.issuer.clone(),
            subject,
            email: person.verified_email(),
            first_name,
            last_name,
            // `en_GB`, say some.
            locale: text(&person.locale).and_then(|locale| Locale::parse(&locale.replace('_', "-")).ok()),
            time_zone: text(&person.zoneinfo).and_then(|zone| TimeZoneName::parse(&zone).ok()),
        }
    }

    /// Whose account it opens, as things are now.
    async fn whose(&self, queries: &impl Queries) -> Result<Whose> {
        if let Some(identity) = store::identities::find(queries, &self.issuer, &self.subject).await? {
            let user = store::users::find(queries, identity.user_id).await?.filter(|user| user.erased_at.is_none());
            return user.map(Whose::Known).ok_or_else(begin_again);
        }
        let user = match &self.email {
            Some(email) => store::users::find_credentials(queries, &email.key()).await?.map(|(user, _)| user),
            None => None,
        };
        let holder = user.as_ref().map(|user| Holder { is_verified: user.email_verified_at.is_some() });
        let linking = linking(self.email.is_some(), holder)?;
        Ok(user.map_or(Whose::Nobodys, |user| Whose::Linked(user, linking)))
    }
}

/// Links an identity to the account it was found to open, or to a new one, if that is still so.
async fn link(tx: &Tx, provider: &Provider, vouched: &Vouched, expected: &Whose, new_id: UserId) -> Result<User> {
    let email = vouched.email.as_ref().ok_or_else(begin_again)?;
    let (user_id, linking) = match expected {
        Whose::Known(_) => return Err(Error::internal("what is linked is not linked again")),
        Whose::Linked(user, linking) => {
            store::users::find_for_update(tx, user.id).await?.ok_or_else(begin_again)?;
            (user.id, *linking)
        }
        Whose::Nobodys => (register(tx, vouched, email, new_id).await?, Linking::NewAccount),
    };
    // Read again under the lock: the address, what proves it, and the second factor are as they were.
    if let Whose::Linked(seen, _) = expected {
        match vouched.whose(tx).await? {
            Whose::Linked(user, now)
                if user.id == seen.id
                    && now == linking
                    && user.totp_confirmed_at == seen.totp_confirmed_at
                    && user.suspended_at.is_none() => {}
            _ => return Err(begin_again()),
        }
    }
    if !store::identities::insert(tx, user_id, (&vouched.issuer, &vouched.subject), email).await? {
        return Err(begin_again());
    }
    if linking == Linking::TakeOver {
        store::users::take_over(tx, user_id).await?;
        store::second_factors::remove(tx, user_id).await?;
        store::avatars::mark_all_deleted(tx, user_id).await?;
        store::roles::note_sessions(tx, user_id).await?;
        store::email_changes::delete_open(tx, user_id).await?;
    }
    if linking != Linking::NewAccount {
        let is_taken_over = linking == Linking::TakeOver;
        let data = json!({ "user_id": user_id, "provider": provider.name, "password_removed": is_taken_over });
        store::outbox::insert(tx, EventKind::UserIdentityLinked, &data).await?;
    }
    store::users::find(tx, user_id).await?.ok_or_else(begin_again)
}

/// An account that nobody knows a password of.
async fn register(tx: &Tx, vouched: &Vouched, email: &Email, id: UserId) -> Result<UserId> {
    let locale = vouched.locale.clone().unwrap_or_default();
    let user = NewUser {
        id,
        email,
        password_hash: None,
        is_verified: true,
        first_name: &vouched.first_name,
        last_name: &vouched.last_name,
        phone: None,
        locale: &locale,
        time_zone: vouched.time_zone.as_ref(),
        currency: Currency::USD,
    };
    let made = store::users::insert(tx, &user).await.map_err(|error| match error.code() {
        // Somebody registered with it in this moment: that account is to be looked at.
        ErrorCode::EmailTaken => begin_again(),
        _ => error,
    })?;
    store::outbox::insert(tx, EventKind::UserRegistered, &json!({ "user_id": made.id })).await?;
    Ok(made.id)
}

fn begin_again() -> Error {
    Error::new(ErrorCode::TokenInvalid, "This sign-in was used before, is too old, or began elsewhere. Begin again.")
}
