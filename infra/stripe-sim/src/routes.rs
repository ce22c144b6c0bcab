//! Every path of Stripe's API that is simulated, on one page. Must not do the work.

use serde_json::Value;

use crate::error::StripeError;
use crate::params::Params;
use crate::payment_intents::{self, Caller};
use crate::state::State;
use crate::{
    account_links, accounts, balance, balance_transactions, charges, disputes, events, expand, payment_methods,
    refunds, transfer_reversals, transfers,
};

/// Does what a call of the API asks for; `segments` are those of the path after `/v1`.
pub(crate) fn call(
    state: &mut State,
    caller: Caller,
    method: &str,
    segments: &[&str],
    mut params: Params,
) -> Result<Value, StripeError> {
    let expansions = params.list("expand")?.unwrap_or_default();
    if caller == Caller::Guest {
        allow_guest(method, segments)?;
    }
    let mut answer = route(state, caller, method, segments, params).map_err(|mut error| {
        if caller == Caller::Guest
            && let Some(intent) = error.more.get_mut("payment_intent")
        {
            payment_intents::reduce_for_guest(intent);
        }
        error
    })?;
    expand::expand(state, &mut answer, &expansions)?;
    if caller == Caller::Guest {
        payment_intents::reduce_for_guest(&mut answer);
    }
    Ok(answer)
}

fn route(
    state: &mut State,
    caller: Caller,
    method: &str,
    segments: &[&str],
    params: Params,
) -> Result<Value, StripeError> {
    match (method, segments) {
        ("POST", ["payment_intents"]) => payment_intents::create(state, params),
        ("GET", ["payment_intents"]) => payment_intents::list(state, params),
        ("GET", ["payment_intents", id]) => payment_intents::retrieve(state, id, caller, params),
        ("POST", ["payment_intents", id]) => payment_intents::update(state, id, params),
        ("POST", ["payment_intents", id, "confirm"]) => payment_intents::confirm(state, id, caller, params),
        ("POST", ["payment_intents", id, "capture"]) => payment_intents::capture(state, id, params),
        ("POST", ["payment_intents", id, "cancel"]) => payment_intents::cancel(state, id, params),
        ("GET", ["charges"]) => charges::list(state, params),
        ("GET", ["charges", id]) => bare(params, || charges::retrieve(state, id)),
        ("POST", ["refunds"]) => refunds::create(state, params),
        ("GET", ["refunds"]) => refunds::list(state, params),
        ("GET", ["refunds", id]) => bare(params, || refunds::retrieve(state, id)),
        ("POST", ["refunds", id]) => refunds::update(state, id, params),
        ("POST", ["payment_methods"]) => payment_methods::create(state, params),
        ("GET", ["payment_methods", id]) => bare(params, || payment_methods::retrieve(state, id)),
        ("GET", ["disputes"]) => disputes::list(state, params),
        ("GET", ["disputes", id]) => bare(params, || disputes::retrieve(state, id)),
        ("POST", ["disputes", id]) => disputes::update(state, id, params),
        ("POST", ["disputes", id, "close"]) => bare(params, || disputes::give_in(state, id)),
        ("POST", ["accounts"]) => accounts::create(state, params),
        ("GET", ["accounts"]) => accounts::list(state, params),
        ("GET", ["accounts", id]) => bare(params, || accounts::retrieve(state, id)),
        ("POST", ["accounts", id]) => accounts::update(state, id, params),
        ("POST", ["account_links"]) => account_links::create(state, params),
        ("POST", ["transfers"]) => transfers::create(state, params),
        ("GET", ["transfers"]) => transfers::list(state, params),
        ("GET", ["transfers", id]) => bare(params, || transfers::retrieve(state, id)),
        ("POST", ["transfers", id]) => transfers::update(state, id, params),
        ("POST", ["transfers", id, "reversals"]) => transfer_reversals::create(state, id, params),
        ("GET", ["transfers", id, "reversals"]) => transfer_reversals::list(state, id, params),
        ("GET", ["transfers", id, "reversals", reversal]) => {
            bare(params, || transfer_reversals::retrieve(state, id, reversal))
        }
        ("GET", ["balance"]) => bare(params, || Ok(balance::retrieve(state))),
        ("GET", ["balance_transactions"]) => balance_transactions::list(state, params),
        ("GET", ["balance_transactions", id]) => bare(params, || balance_transactions::retrieve(state, id)),
        ("GET", ["events"]) => events::list(state, params),
        ("GET", ["events", id]) => bare(params, || events::retrieve(state, id)),
        _ => Err(unrecognized(method, segments)),
    }
}

/// A call that takes no parameters.
fn bare(params: Params, call: impl FnOnce() -> Result<Value, StripeError>) -> Result<Value, StripeError> {
    params.finish()?;
    call()
}

fn allow_guest(method: &str, segments: &[&str]) -> Result<(), StripeError> {
    match (method, segments) {
        ("GET", ["payment_intents", _]) | ("POST", ["payment_intents", _, "confirm"]) => Ok(()),
        ("POST", ["payment_methods"]) => Ok(()),
        _ => {
            let message = "This API call cannot be made with a publishable API key. Please use a secret API key. You \
                           can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.";
            let error = StripeError::new(403, "invalid_request_error", message);
            Err(error.code("secret_key_required").not_kept())
        }
    }
}

fn unrecognized(method: &str, segments: &[&str]) -> StripeError {
    let message = format!(
        "Unrecognized request URL ({method}: /v1/{}), or one that this simulator does not simulate.",
        segments.join("/")
    );
    StripeError::new(404, "invalid_request_error", message).not_kept()
}
