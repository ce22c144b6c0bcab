//! Connected accounts: whom the platform pays. Express accounts only, whose holders onboard on pages of Stripe's own.
//! Must not move money: transfers do.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::currencies;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::{State, Word};
use crate::table::Row;

/// What the holder of a new account has to tell.
const FIRST_REQUIREMENTS: [&str; 5] = [
    "business_type",
    "external_account",
    "individual.verification.document",
    "tos_acceptance.date",
    "tos_acceptance.ip",
];

/// What stays due when the holder leaves before the end.
const LEFT_REQUIREMENTS: [&str; 1] = ["individual.verification.document"];

/// The texts of a business profile that are kept as they come.
const PROFILE: [&str; 7] =
    ["mcc", "name", "product_description", "support_email", "support_phone", "support_url", "url"];

/// How far the holder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Onboarding {
    /// Nothing told yet.
    New,
    /// Told something; something is still due.
    RequirementsDue,
    /// Told everything; Stripe is looking at it.
    PendingVerification,
    /// Everything is told and checked.
    Complete,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    id: String,
    created: i64,
    country: String,
    default_currency: String,
    email: Option<String>,
    business_type: Option<Word>,
    business_profile: Map<String, Value>,
    /// Who pays Stripe's fees, as the caller said it.
    fees_payer: Word,
    card_payments: bool,
    transfers: bool,
    onboarding: Onboarding,
    metadata: Map<String, Value>,
    /// What it has with Stripe, by currency, in minor units.
    balance: HashMap<String, i64>,
}

impl Row for Account {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl Account {
    fn is_enabled(&self) -> bool {
        self.onboarding == Onboarding::Complete
    }

    /// Whether it may be paid by a transfer.
    pub(crate) fn takes_transfers(&self) -> bool {
        self.transfers && self.is_enabled()
    }

    /// What it has in a currency, minor units.
    pub(crate) fn balance_in(&self, currency: &str) -> i64 {
        self.balance.get(currency).copied().unwrap_or_default()
    }

    /// Moves its balance in a currency.
    pub(crate) fn add(&mut self, currency: &str, by: i64) {
        *self.balance.entry(currency.to_owned()).or_default() += by;
    }

    fn requirements(&self) -> Value {
        let due: &[&str] = match self.onboarding {
            Onboarding::New => &FIRST_REQUIREMENTS,
            Onboarding::RequirementsDue => &LEFT_REQUIREMENTS,
            Onboarding::PendingVerification | Onboarding::Complete => &[],
        };
        let pending: &[&str] =
            if self.onboarding == Onboarding::PendingVerification { &LEFT_REQUIREMENTS } else { &[] };
        let disabled_reason = match self.onboarding {
            Onboarding::New | Onboarding::RequirementsDue => Some("requirements.past_due"),
            Onboarding::PendingVerification => Some("requirements.pending_verification"),
            Onboarding::Complete => None,
        };
        json!({
            "alternatives": [], "current_deadline": null, "currently_due": due, "disabled_reason": disabled_reason,
            "errors": [], "eventually_due": due, "past_due": due, "pending_verification": pending,
        })
    }

    fn capabilities(&self) -> Value {
        let status = match self.onboarding {
            Onboarding::Complete => "active",
            Onboarding::PendingVerification => "pending",
            Onboarding::New | Onboarding::RequirementsDue => "inactive",
        };
        let requested = [("card_payments", self.card_payments), ("transfers", self.transfers)];
        let shown = requested.into_iter().filter(|(_, requested)| *requested);
        Value::Object(shown.map(|(name, _)| (name.to_owned(), status.into())).collect())
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut profile = json!({"annual_revenue": null, "estimated_worker_count": null, "support_address": null});
        for name in PROFILE {
            profile[name] = self.business_profile.get(name).cloned().unwrap_or_default();
        }
        let nothing_due = json!({
            "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null, "errors": [],
            "eventually_due": [], "past_due": [], "pending_verification": [],
        });
        json!({
            "id": self.id,
            "object": "account",
            "business_profile": profile,
            "business_type": self.business_type,
            "capabilities": self.capabilities(),
            "charges_enabled": self.card_payments && self.is_enabled(),
            "controller": {
                "fees": {"payer": self.fees_payer}, "is_controller": true, "losses": {"payments": "application"},
                "requirement_collection": "stripe", "stripe_dashboard": {"type": "express"}, "type": "application",
            },
            "country": self.country,
            "created": self.created,
            "default_currency": self.default_currency,
            "details_submitted": self.onboarding != Onboarding::New,
            "email": self.email,
            "external_accounts": {
                "object": "list", "data": [], "has_more": false,
                "url": format!("/v1/accounts/{}/external_accounts", self.id),
            },
            "future_requirements": nothing_due,
            "metadata": self.metadata,
            "payouts_enabled": self.is_enabled(),
            "requirements": self.requirements(),
            "settings": {
                "card_payments": {
                    "decline_on": {"avs_failure": false, "cvc_failure": false}, "statement_descriptor_prefix": null,
                },
                "dashboard": {"display_name": null, "timezone": "Etc/UTC"},
                "payments": {"statement_descriptor": null},
                "payouts": {
                    "debit_negative_balances": false, "schedule": {"delay_days": 2, "interval": "daily"},
                    "statement_descriptor": null,
                },
            },
            "tos_acceptance": {"date": null, "ip": null, "user_agent": null},
            "type": "express",
        })
    }
}

/// `GET /v1/accounts/{id}`. Whose it is not is not told from what is not there.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    state.accounts.get(id).map(Account::to_json).ok_or_else(|| no_access(id))
}

fn no_access(id: &str) -> StripeError {
    let message = format!(
        "The provided key does not have access to account '{id}' (or that account does not exist). Application access \
         may have been revoked."
    );
    StripeError::new(403, "invalid_request_error", message).code("account_invalid")
}

/// `GET /v1/accounts`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let page = Page::read(&mut params)?;
    params.finish()?;
    lists::answer("/v1/accounts", &page, &state.accounts, |account| Some(account.to_json()))
}

/// `POST /v1/accounts`.
pub(crate) fn create(state: &mut State, mut params: Params) -> Result<Value, StripeError> {
    let kind = params.choice("type", &["custom", "express", "standard"])?;
    let controller = params.object("controller")?;
    let fees_payer = fees_payer(kind, controller)?;
    let country = params.text("country")?.unwrap_or_else(|| "US".to_owned());
    let default_currency = currencies::of_country(&country)?;
    if let Some(asked) = params.text("default_currency")? {
        currencies::check_currency(&asked)?;
        if asked != default_currency {
            return Err(StripeError::unsupported("default_currency"));
        }
    }
    let business_types = ["company", "government_entity", "individual", "non_profit"];
    let mut account = Account {
        id: state.ids.next("acct"),
        created: state.now(),
        country,
        default_currency: default_currency.to_owned(),
        email: params.text("email")?,
        business_type: params.choice("business_type", &business_types)?.map(Word::from),
        business_profile: Map::new(),
        fees_payer: fees_payer.into(),
        card_payments: false,
        transfers: false,
        onboarding: Onboarding::New,
        metadata: Map::new(),
        balance: HashMap::new(),
    };
    change(&mut account, &mut params)?;
    if !account.card_payments && !account.transfers {
        // What an Express account asks for unless told otherwise.
        (account.card_payments, account.transfers) = (true, true);
    }
    params.not_simulated(&NOT_SIMULATED)?;
    params.finish()?;
    let shown = account.to_json();
    state.accounts.insert(account);
    Ok(shown)
}

/// `POST /v1/accounts/{id}`.
pub(crate) fn update(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let mut account = state.accounts.get(id).cloned().ok_or_else(|| no_access(id))?;
    if let Some(email) = params.text("email")? {
        account.email = Some(email);
    }
    change(&mut account, &mut params)?;
    params.not_simulated(&NOT_SIMULATED)?;
    params.finish()?;
    Ok(keep(state, account))
}

/// Parameters of Stripe that no act here takes.
const NOT_SIMULATED: [&str; 9] = [
    "account_token",
    "company",
    "documents",
    "external_account",
    "groups",
    "individual",
    "risk_controls",
    "settings",
    "tos_acceptance",
];

/// What an update may change of an account whose requirements Stripe collects, and creation too.
fn change(account: &mut Account, params: &mut Params) -> Result<(), StripeError> {
    if let Some(mut profile) = params.object("business_profile")? {
        for name in PROFILE {
            if let Some(text) = profile.text(name)? {
                account.business_profile.insert(name.to_owned(), text.into());
            }
        }
        profile.finish()?;
    }
    if let Some(mut capabilities) = params.object("capabilities")? {
        for (name, is_requested) in
            [("card_payments", &mut account.card_payments), ("transfers", &mut account.transfers)]
        {
            if let Some(mut capability) = capabilities.object(name)? {
                *is_requested = capability.boolean("requested")?.unwrap_or(*is_requested);
                capability.finish()?;
            }
        }
        capabilities.finish()?;
    }
    params.metadata()?.apply(&mut account.metadata)
}

/// Reads `type` or `controller`, of which one is given; only what makes an Express account is simulated.
fn fees_payer(kind: Option<&'static str>, controller: Option<Params>) -> Result<&'static str, StripeError> {
    let Some(mut controller) = controller else {
        return match kind {
            Some("express") => Ok("application_express"),
            Some(_) => Err(StripeError::unsupported("type")),
            None => Err(StripeError::missing("type")),
        };
    };
    if kind.is_some() {
        let message = "You may only specify one of these parameters: controller, type.";
        return Err(StripeError::parameter("parameters_exclusive", "type", message));
    }
    let mut one = |name: &str, inner: &str, choices: &[&'static str]| -> Result<Option<&'static str>, StripeError> {
        let Some(mut object) = controller.object(name)? else { return Ok(None) };
        let choice = object.choice(inner, choices)?;
        object.finish()?;
        Ok(choice)
    };
    let payer = one("fees", "payer", &["account", "application"])?;
    let losses = one("losses", "payments", &["application", "stripe"])?;
    let dashboard = one("stripe_dashboard", "type", &["express", "full", "none"])?;
    let collection = controller.choice("requirement_collection", &["application", "stripe"])?;
    controller.finish()?;
    match (payer, losses, dashboard, collection) {
        (Some("application"), Some("application"), Some("express"), None | Some("stripe")) => Ok("application"),
        _ => Err(StripeError::unsupported("controller")),
    }
}

/// Keeps a changed account and tells of it.
fn keep(state: &mut State, account: Account) -> Value {
    let (id, shown) = (account.id.clone(), account.to_json());
    if let Some(kept) = state.accounts.get_mut(&id) {
        *kept = account;
    }
    state.emit_of_account("account.updated", &id, shown.clone());
    shown
}

/// What the holder did on Stripe's pages, or what Stripe found out later.
pub(crate) fn onboard(state: &mut State, id: &str, onboarding: Onboarding) -> Result<Value, StripeError> {
    let mut account = state.accounts.get(id).cloned().ok_or_else(|| no_access(id))?;
    account.onboarding = onboarding;
    if onboarding != Onboarding::New && account.business_type.is_none() {
        account.business_type = Some("individual".into());
    }
    Ok(keep(state, account))
}

/// Stripe pays the account's whole balance out to its bank: no transfer to it can be reversed from that any more.
pub(crate) fn pay_out(state: &mut State, id: &str) -> Result<Value, StripeError> {
    let account = state.accounts.get_mut(id).ok_or_else(|| no_access(id))?;
    let paid: Map<String, Value> =
        account.balance.drain().map(|(currency, amount)| (currency, amount.into())).collect();
    Ok(json!({ "account": id, "paid_out": paid }))
}
