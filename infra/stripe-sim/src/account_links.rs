//! Account links: where the holder of a connected account onboards, on a page of this simulator. Each works once, for
//! five minutes. Must not decide what onboarding does to the account.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::{self, Onboarding};
use crate::error::StripeError;
use crate::params::Params;
use crate::state::State;
use crate::table::Row;

const GOOD_FOR_SECONDS: i64 = 300;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccountLink {
    id: String,
    created: i64,
    expires_at: i64,
    pub(crate) account: String,
    pub(crate) refresh_url: String,
    pub(crate) return_url: String,
    used: bool,
}

impl Row for AccountLink {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl AccountLink {
    /// Whether it still leads to the form, and not to `refresh_url`.
    pub(crate) fn is_good(&self, now: i64) -> bool {
        !self.used && now < self.expires_at
    }
}

/// `POST /v1/account_links`.
pub(crate) fn create(state: &mut State, mut params: Params) -> Result<Value, StripeError> {
    let account = params.required("account")?;
    let kind = params.choice("type", &["account_onboarding", "account_update"])?;
    let kind = kind.ok_or_else(|| StripeError::missing("type"))?;
    let (refresh_url, return_url) = (address(&mut params, "refresh_url")?, address(&mut params, "return_url")?);
    params.choice("collect", &["currently_due", "eventually_due"])?;
    if let Some(mut options) = params.object("collection_options")? {
        options.choice("fields", &["currently_due", "eventually_due"])?;
        options.choice("future_requirements", &["include", "omit"])?;
        options.finish()?;
    }
    params.finish()?;
    if state.accounts.get(&account).is_none() {
        return Err(StripeError::no_such_reference("account", &account, "account"));
    }
    if kind == "account_update" {
        let message = "You cannot create `account_update` type Account Links for this account.";
        return Err(StripeError::invalid(message).param("type"));
    }
    let link = AccountLink {
        id: state.ids.next("link"),
        created: state.now(),
        expires_at: state.now() + GOOD_FOR_SECONDS,
        account,
        refresh_url,
        return_url,
        used: false,
    };
    let shown = json!({
        "object": "account_link",
        "created": link.created,
        "expires_at": link.expires_at,
        "url": format!("{}/onboarding/{}", state.address, link.id),
    });
    state.account_links.insert(link);
    Ok(shown)
}

fn address(params: &mut Params, name: &str) -> Result<String, StripeError> {
    let url = params.required(name)?;
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url);
    }
    Err(StripeError::parameter("url_invalid", name, "Not a valid URL"))
}

/// The link of this id.
pub(crate) fn find(state: &State, id: &str) -> Result<AccountLink, StripeError> {
    state.account_links.get(id).cloned().ok_or_else(|| StripeError::no_such("account_link", id, "id"))
}

/// The holder sends the form: the link is spent and the account as far as they came. Gives where they go next.
pub(crate) fn submit(state: &mut State, id: &str, onboarding: Onboarding) -> Result<String, StripeError> {
    let link = find(state, id)?;
    if !link.is_good(state.now()) {
        return Ok(link.refresh_url);
    }
    accounts::onboard(state, &link.account, onboarding)?;
    if let Some(kept) = state.account_links.get_mut(id) {
        kept.used = true;
    }
    Ok(link.return_url)
}
