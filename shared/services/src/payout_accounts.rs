//! Hosts' accounts at the provider: one a user, onboarded on the provider's own pages. What the provider says of one
//! is asked for, never taken from an event.

use std::sync::Arc;
use std::time::Instant;

use domain::error::{Error, ErrorCode, Result};
use domain::id::UserId;
use domain::payout::PayoutAccountStatus;
use domain::property::CountryCode;
use store::Tx;
pub use store::payout_accounts::PayoutAccount;

use crate::Services;
use crate::actor::{Actor, require_active};
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer, replay};
use crate::ports::ProviderAccount;
use crate::settlement::side_by_side;

/// An account that can't be paid yet is asked about again after so long: webhooks may be lost.
const ASK_AGAIN_SECONDS: f64 = 3_600.0;

/// How many are asked about in a pass.
const BATCH_ROWS: i64 = 50;

/// A host's account as the host sees it.
#[derive(Clone, Debug)]
pub struct PayoutAccountView {
    /// The account.
    pub account: PayoutAccount,
    /// Where the host tells the provider what it asks for; none when nothing is left to be told, or nobody asked.
    pub onboarding_url: Option<String>,
    /// Whether this request made it.
    pub created: bool,
}

impl Services {
    /// Makes the actor's account with the provider, or gives the one there is, with a fresh page to onboard on.
    ///
    /// # Errors
    /// `email_unverified`, `forbidden` for a suspended account, `validation_failed` where nobody can be paid,
    /// `invalid_state` when there is an account in another country, `unavailable` when the provider can't be reached:
    /// asking again makes no second account.
    pub async fn create_payout_account(
        &self,
        actor: &Actor,
        country: &CountryCode,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&PayoutAccountView, &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        const NAME: &str = "payout_accounts.create";
        let prepared = self
            .write(NAME, |tx| async move {
                match replay(&tx, key).await? {
                    Some(answer) => Ok(Err(answer)),
                    None => prepare(&tx, actor, country).await.map(Ok),
                }
            })
            .await;
        let (account, created) = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(answer)) => return Ok(answer),
            Err(error) => return self.keep_conflict(NAME, key, error, render).await,
        };
        let told = &self.told_account(&account).await?;
        let url = &self.onboarding_url(told).await?;
        let finish = |tx: Arc<Tx>| async move {
            keep(&tx, actor.user_id, told).await?;
            let account = store::payout_accounts::find(&*tx, actor.user_id).await?;
            let account = account.ok_or_else(|| Error::internal("a payout account is gone"))?;
            Ok(PayoutAccountView { account, onboarding_url: url.clone(), created })
        };
        self.idempotently(NAME, key, finish, render).await
    }

    /// What the provider says of an account, which is made now if it was not.
    async fn told_account(&self, account: &PayoutAccount) -> Result<ProviderAccount> {
        if let Some(account_id) = &account.account_id {
            return self.payout_provider.account(account_id).await;
        }
        let made = self.payout_provider.create_account(account.user_id, &account.country).await;
        if let Err(error) = &made
            && error.code() == ErrorCode::ValidationFailed
        {
            let user_id = account.user_id;
            self.write("payout_accounts.forget", |tx| async move {
                store::payout_accounts::delete_unknown(&tx, user_id).await
            })
            .await?;
        }
        made
    }

    async fn onboarding_url(&self, account: &ProviderAccount) -> Result<Option<String>> {
        if account.status == PayoutAccountStatus::Enabled {
            return Ok(None);
        }
        let base = format!("{}/payout-account", self.settings.web_base_url);
        let again = format!("{base}?again=1");
        self.payout_provider.onboarding_url(&account.id, &again, &base).await.map(Some)
    }

    /// The actor's account, asked about anew while it can't be paid; as it was known when the provider does not answer.
    ///
    /// # Errors
    /// `not_found` when there is none.
    pub async fn payout_account(&self, actor: &Actor) -> Result<PayoutAccountView> {
        let mut account = self.known_account(actor).await?;
        if let Some(account_id) = &account.account_id
            && account.status != PayoutAccountStatus::Enabled
        {
            match self.settle_payout_account(account_id).await {
                Ok(()) => account = self.known_account(actor).await?,
                Err(error) => tracing::warn!(cause = error.causes(), "a payout account is shown as it was known"),
            }
        }
        Ok(PayoutAccountView { account, onboarding_url: None, created: false })
    }

    async fn known_account(&self, actor: &Actor) -> Result<PayoutAccount> {
        let connection = self.db.connection().await?;
        store::payout_accounts::find(&connection, actor.user_id).await?.ok_or_else(Error::not_found)
    }

    /// Asks the provider about an account and keeps what it says.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn settle_payout_account(&self, account_id: &str) -> Result<()> {
        let told = &self.payout_provider.account(account_id).await?;
        self.write("payout_accounts.settle", |tx| async move { keep_status(&tx, told).await }).await
    }

    /// Asks about accounts that can't be paid yet, as far as it can be begun until then; gives how many.
    pub(crate) async fn reconcile_payout_accounts(&self, until: Instant) -> Result<u64> {
        let unsettled = self
            .write("payout_accounts.claim", |tx| async move {
                store::payout_accounts::claim_unsettled(&tx, ASK_AGAIN_SECONDS, BATCH_ROWS).await
            })
            .await?;
        let total = unsettled.len() as u64;
        let ask = |account_id: String| async move { self.settle_payout_account(&account_id).await };
        side_by_side(unsettled, until, ask).await.map(|()| total)
    }
}

/// The actor's account, made if there is none; and whether it was made.
async fn prepare(tx: &Tx, actor: &Actor, country: &CountryCode) -> Result<(PayoutAccount, bool)> {
    let user = store::users::find_for_update(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    require_active(&user)?;
    let created = store::payout_accounts::insert(tx, actor.user_id, country).await?;
    let account = store::payout_accounts::find(tx, actor.user_id).await?;
    let account = account.ok_or_else(|| Error::unavailable("the payout account has just been given up"))?;
    if account.country != *country {
        let detail = format!("Your payout account is in {}; the provider can't move it.", account.country);
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", account.status.as_str()));
    }
    Ok((account, created))
}

async fn keep(tx: &Tx, user_id: UserId, told: &ProviderAccount) -> Result<()> {
    store::payout_accounts::set_account(tx, user_id, &told.id).await?;
    keep_status(tx, told).await
}

async fn keep_status(tx: &Tx, told: &ProviderAccount) -> Result<()> {
    let changed = store::payout_accounts::set_status(tx, &told.id, told.status).await?;
    match changed {
        Some(host_id) if told.status == PayoutAccountStatus::Enabled => {
            store::payouts::retry_of_host(tx, host_id).await
        }
        _ => Ok(()),
    }
}
