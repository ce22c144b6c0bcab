//! Connect: hosts' accounts, transfers to them, and their reversals.

use async_trait::async_trait;
use domain::error::{Error, ErrorCode, Invalid, Result};
use domain::id::{BookingId, PayoutId, ReversalId, UserId};
use domain::payout::PayoutAccountStatus;
use domain::property::CountryCode;
use reqwest::Method;
use serde::Deserialize;
use services::ports::{NewReversal, NewTransfer, PayoutProvider, ProviderAccount, TransferOutcome};

use super::{Outcome, Stripe, expect, units};

#[derive(Deserialize)]
struct Account {
    id: String,
    details_submitted: bool,
    payouts_enabled: bool,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Default, Deserialize)]
struct Capabilities {
    transfers: Option<String>,
}

impl From<Account> for ProviderAccount {
    fn from(account: Account) -> Self {
        let takes_transfers = account.capabilities.transfers.as_deref() == Some("active");
        let status = match account.details_submitted {
            _ if account.payouts_enabled && takes_transfers => PayoutAccountStatus::Enabled,
            true => PayoutAccountStatus::Restricted,
            false => PayoutAccountStatus::Onboarding,
        };
        Self { id: account.id, status }
    }
}

/// What is asked of an intent here: the charge that took its money.
#[derive(Deserialize)]
struct ChargedIntent {
    latest_charge: Option<String>,
}

#[derive(Deserialize)]
struct AccountLink {
    url: String,
}

/// A transfer or a reversal: both are told apart by what we wrote on them.
#[derive(Deserialize)]
struct Moved {
    id: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    payout_id: Option<String>,
    reversal_id: Option<String>,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Moved>,
    has_more: bool,
}

impl From<Outcome<Moved>> for TransferOutcome {
    fn from(outcome: Outcome<Moved>) -> Self {
        match outcome {
            Outcome::Done(moved) => Self::Done(moved.id),
            Outcome::Refused(refusal) => Self::Refused(refusal.reason()),
        }
    }
}

impl Stripe {
    /// The charge that an intent took its money with.
    async fn charge_of(&self, intent_id: &str) -> Result<String> {
        let path = format!("/v1/payment_intents/{intent_id}");
        let intent: ChargedIntent = expect(self.call(Method::GET, &path, &[], None).await?)?;
        intent.latest_charge.ok_or_else(|| Error::internal(format!("{intent_id} was captured without a charge")))
    }

    /// Goes through a list, newest first, until something is ours.
    async fn find_in(&self, list: &str, is_ours: impl Fn(&Metadata) -> bool) -> Result<Option<String>> {
        let mut cursor = String::new();
        loop {
            let page: List = expect(self.call(Method::GET, &format!("{list}limit=100{cursor}"), &[], None).await?)?;
            if let Some(found) = page.data.iter().find(|moved| is_ours(&moved.metadata)) {
                return Ok(Some(found.id.clone()));
            }
            match page.data.last() {
                Some(last) if page.has_more => cursor = format!("&starting_after={}", last.id),
                _ => return Ok(None),
            }
        }
    }
}

#[async_trait]
impl PayoutProvider for Stripe {
    async fn create_account(&self, user_id: UserId, country: &CountryCode) -> Result<ProviderAccount> {
        // What Stripe calls an Express account: it asks the host for what it must know, and shows what was paid.
        let form = [
            ("country", country.to_string()),
            ("controller[fees][payer]", "application".to_owned()),
            ("controller[losses][payments]", "application".to_owned()),
            ("controller[stripe_dashboard][type]", "express".to_owned()),
            ("capabilities[transfers][requested]", "true".to_owned()),
            ("metadata[user_id]", user_id.to_string()),
        ];
        let key = Some(format!("{user_id}-account-{country}"));
        match self.call::<Account>(Method::POST, "/v1/accounts", &form, key).await? {
            Outcome::Refused(refusal) if refusal.code.as_deref() == Some("country_unsupported") => {
                let detail = format!("Nobody can be paid in {country} yet.");
                Err(Error::invalid_field("/country", Invalid::new("unsupported", detail)))
            }
            made => Ok(expect(made)?.into()),
        }
    }

    async fn account(&self, account_id: &str) -> Result<ProviderAccount> {
        match self.call::<Account>(Method::GET, &format!("/v1/accounts/{account_id}"), &[], None).await? {
            Outcome::Refused(refusal) if refusal.is_of_lost_account() => {
                Ok(ProviderAccount { id: account_id.to_owned(), status: PayoutAccountStatus::Restricted })
            }
            asked => Ok(expect(asked)?.into()),
        }
    }

    async fn onboarding_url(&self, account_id: &str, again_url: &str, done_url: &str) -> Result<String> {
        let form = [
            ("account", account_id.to_owned()),
            ("type", "account_onboarding".to_owned()),
            ("refresh_url", again_url.to_owned()),
            ("return_url", done_url.to_owned()),
        ];
        match self.call::<AccountLink>(Method::POST, "/v1/account_links", &form, None).await? {
            Outcome::Refused(refusal) if refusal.is_of_lost_account() => {
                let detail =
                    "The payment provider has closed this account, or it was disconnected. Please write to us.";
                let status = PayoutAccountStatus::Restricted;
                Err(Error::new(ErrorCode::InvalidState, detail).with("state", status.as_str()))
            }
            made => Ok(expect(made)?.url),
        }
    }

    async fn transfer(&self, new: &NewTransfer) -> Result<TransferOutcome> {
        let mut form = vec![
            ("amount", units::to_provider(new.amount)?.to_string()),
            ("currency", new.amount.currency.code().to_lowercase()),
            ("destination", new.account_id.clone()),
            ("transfer_group", new.booking_id.to_string()),
            ("metadata[payout_id]", new.payout_id.to_string()),
        ];
        if let Some(intent_id) = &new.source_intent_id {
            form.push(("source_transaction", self.charge_of(intent_id).await?));
        }
        let key = Some(format!("{}-{}", new.payout_id, new.attempt));
        Ok(self.call::<Moved>(Method::POST, "/v1/transfers", &form, key).await?.into())
    }

    async fn find_transfer(&self, booking_id: BookingId, payout_id: PayoutId) -> Result<Option<String>> {
        let (list, ours) = (format!("/v1/transfers?transfer_group={booking_id}&"), payout_id.to_string());
        self.find_in(&list, |metadata| metadata.payout_id.as_ref() == Some(&ours)).await
    }

    async fn reverse(&self, new: &NewReversal) -> Result<TransferOutcome> {
        let form = [
            ("amount", units::to_provider(new.amount)?.to_string()),
            ("metadata[payout_id]", new.payout_id.to_string()),
            ("metadata[reversal_id]", new.id.to_string()),
        ];
        let path = format!("/v1/transfers/{}/reversals", new.transfer_id);
        let outcome = self.call::<Moved>(Method::POST, &path, &form, Some(format!("{}-reverse", new.id))).await?;
        Ok(outcome.into())
    }

    async fn find_reversal(&self, transfer_id: &str, id: ReversalId) -> Result<Option<String>> {
        let (list, ours) = (format!("/v1/transfers/{transfer_id}/reversals?"), id.to_string());
        self.find_in(&list, |metadata| metadata.reversal_id.as_ref() == Some(&ours)).await
    }
}
