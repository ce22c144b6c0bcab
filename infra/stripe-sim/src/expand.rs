//! `expand[]`: ids in an answer replaced by their objects. Must not change anything.

use serde_json::{Value, json};

use crate::balance_transactions::BalanceTransaction;
use crate::charges;
use crate::error::StripeError;
use crate::payment_intents::PaymentIntent;
use crate::payment_methods::PaymentMethod;
use crate::refunds::Refund;
use crate::state::State;

const MAX_LEVELS: usize = 4;

/// Replaces what each path names, `latest_charge.balance_transaction` or `data.charge` say.
pub(crate) fn expand(state: &State, answer: &mut Value, paths: &[String]) -> Result<(), StripeError> {
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > MAX_LEVELS {
            let message = format!("You cannot expand more than {MAX_LEVELS} levels of a property. Property: {path}");
            return Err(StripeError::invalid(message).param("expand").not_kept());
        }
        walk(state, answer, &parts).ok_or_else(|| {
            let message = format!("This property cannot be expanded ({path}).");
            StripeError::invalid(message).code("property_cannot_be_expanded").param("expand").not_kept()
        })?;
    }
    Ok(())
}

fn walk(state: &State, at: &mut Value, parts: &[&str]) -> Option<()> {
    let Some((part, rest)) = parts.split_first() else { return Some(()) };
    if let (Some(items), "data") = (at.get_mut("data").and_then(Value::as_array_mut), *part) {
        return items.iter_mut().try_for_each(|item| walk(state, item, rest));
    }
    if *part == "refunds" && at["object"] == "charge" {
        at["refunds"] = refunds_of(state, at["id"].as_str()?);
    }
    let next = at.get_mut(*part)?;
    match next {
        // Nothing there yet: nothing to show.
        Value::Null => return Some(()),
        Value::String(id) => *next = object(state, id)?,
        _ => {}
    }
    walk(state, next, rest)
}

fn object(state: &State, id: &str) -> Option<Value> {
    match id.split_once('_')?.0 {
        "pi" => state.payment_intents.get(id).map(PaymentIntent::to_json),
        "ch" => state.charges.get(id).map(|charge| charges::to_json(state, charge)),
        "re" => state.refunds.get(id).map(Refund::to_json),
        "tr" => state.transfers.get(id).map(|transfer| crate::transfers::to_json(state, transfer)),
        "acct" => state.accounts.get(id).map(crate::accounts::Account::to_json),
        "pm" => state.payment_methods.get(id).map(PaymentMethod::to_json),
        "dp" => state.disputes.get(id).map(|dispute| crate::disputes::to_json(state, dispute)),
        "txn" => state.balance_transactions.get(id).map(|row: &BalanceTransaction| row.to_json(state.now())),
        _ => None,
    }
}

fn refunds_of(state: &State, charge: &str) -> Value {
    let of_charge = |refund: &&Refund| refund.is_of(charge);
    let data: Vec<Value> = state.refunds.newest_first().filter(of_charge).map(Refund::to_json).collect();
    json!({"object": "list", "url": format!("/v1/charges/{charge}/refunds"), "has_more": false, "data": data})
}
