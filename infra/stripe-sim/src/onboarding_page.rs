//! The page on which the holder of a connected account onboards: two buttons, one that tells everything and one that
//! leaves something due. Must not do more than the holder may.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use crate::account_links::{self, AccountLink};
use crate::accounts::{self, Onboarding};
use crate::error::StripeError;
use crate::form;
use crate::html::{escape, failure, page, see};
use crate::shared::Shared;

type Account = Extract<Arc<Shared>>;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/onboarding/{link}", get(show).post(submit))
}

fn render(link: &AccountLink, account: &Value) -> String {
    let country = account["country"].as_str().unwrap_or_default();
    let due: Vec<&str> = account["requirements"]["currently_due"]
        .as_array()
        .map(|due| due.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    format!(
        "<p>Account <code id=\"account\">{}</code> in {}.</p><p id=\"due\">Still to be told: {}.</p>\
         <form method=\"post\"><button type=\"submit\" name=\"outcome\" value=\"complete\">Tell everything</button>\
         <button type=\"submit\" name=\"outcome\" value=\"requirements_due\">Leave something due</button></form>",
        escape(&link.account),
        escape(country),
        if due.is_empty() { "nothing".to_owned() } else { escape(&due.join(", ")) },
    )
}

async fn show(Extract(shared): Account, Path(id): Path<String>) -> Response {
    let found = shared.locked(|state| {
        let link = account_links::find(state, &id)?;
        let account = accounts::retrieve(state, &link.account)?;
        let is_good = link.is_good(state.now());
        Ok::<_, StripeError>((link, account, is_good))
    });
    match found {
        Err(error) => failure("Get paid", &error),
        // As Stripe does with a link that is spent or too old: the platform makes another.
        Ok((link, _, false)) => see(&link.refresh_url),
        Ok((link, account, true)) => page(StatusCode::OK, "Get paid", &render(&link, &account)),
    }
}

async fn submit(Extract(shared): Account, Path(id): Path<String>, body: Bytes) -> Response {
    let outcome = form::parse(&body).and_then(|fields| {
        let onboarding = match fields.get("outcome").and_then(Value::as_str) {
            Some("complete") => Onboarding::Complete,
            Some("requirements_due") => Onboarding::RequirementsDue,
            _ => return Err(StripeError::missing("outcome")),
        };
        shared.locked(|state| account_links::submit(state, &id, onboarding))
    });
    outcome.map_or_else(|error| failure("Get paid", &error), |next| see(&next))
}
