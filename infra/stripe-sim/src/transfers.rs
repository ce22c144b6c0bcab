//! Transfers: money of the platform's balance to a connected account. Never more than is available, or than the charge
//! brought that is their source. Their reversals are in `transfer_reversals`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::balance;
use crate::balance_transactions;
use crate::charges::Charge;
use crate::currencies::{self, shown};
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::State;
use crate::table::Row;
use crate::transfer_reversals::Reversal;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transfer {
    id: String,
    created: i64,
    pub(crate) amount: i64,
    pub(crate) amount_reversed: i64,
    pub(crate) currency: String,
    pub(crate) destination: String,
    destination_payment: String,
    description: Option<String>,
    source_transaction: Option<String>,
    transfer_group: Option<String>,
    balance_transaction: String,
    metadata: Map<String, Value>,
}

impl Row for Transfer {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl Transfer {
    /// What no reversal has taken back.
    pub(crate) fn left(&self) -> i64 {
        self.amount - self.amount_reversed
    }
}

/// The transfer as Stripe shows it, with its latest ten reversals.
pub(crate) fn to_json(state: &State, transfer: &Transfer) -> Value {
    let mut of_transfer = state.transfer_reversals.newest_first().filter(|reversal| reversal.transfer == transfer.id);
    let latest: Vec<Value> = of_transfer.by_ref().take(10).map(Reversal::to_json).collect();
    json!({
        "id": transfer.id,
        "object": "transfer",
        "amount": transfer.amount,
        "amount_reversed": transfer.amount_reversed,
        "balance_transaction": transfer.balance_transaction,
        "created": transfer.created,
        "currency": transfer.currency,
        "description": transfer.description,
        "destination": transfer.destination,
        "destination_payment": transfer.destination_payment,
        "livemode": false,
        "metadata": transfer.metadata,
        "reversals": {
            "object": "list", "data": latest, "has_more": of_transfer.next().is_some(),
            "url": format!("/v1/transfers/{}/reversals", transfer.id),
        },
        "reversed": transfer.left() == 0,
        "source_transaction": transfer.source_transaction,
        "source_type": "card",
        "transfer_group": transfer.transfer_group,
    })
}

/// The transfer of a path.
pub(crate) fn find<'state>(state: &'state State, id: &str) -> Result<&'state Transfer, StripeError> {
    state.transfers.get(id).ok_or_else(|| StripeError::no_such("transfer", id, "id"))
}

/// `GET /v1/transfers/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    Ok(to_json(state, find(state, id)?))
}

/// `GET /v1/transfers`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let (destination, group) = (params.text("destination")?, params.text("transfer_group")?);
    let page = Page::read(&mut params)?;
    params.finish()?;
    lists::answer("/v1/transfers", &page, &state.transfers, |transfer| {
        let wanted = destination.as_ref().is_none_or(|wanted| *wanted == transfer.destination)
            && (group.is_none() || group == transfer.transfer_group);
        wanted.then(|| to_json(state, transfer))
    })
}

/// `POST /v1/transfers/{id}`.
pub(crate) fn update(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let (description, metadata) = (params.text("description")?, params.metadata()?);
    params.finish()?;
    let mut transfer = find(state, id)?.clone();
    transfer.description = description.or(transfer.description);
    metadata.apply(&mut transfer.metadata)?;
    Ok(keep(state, transfer, "transfer.updated"))
}

/// Keeps a changed transfer and tells of it.
pub(crate) fn keep(state: &mut State, transfer: Transfer, event: &'static str) -> Value {
    let (id, shown) = (transfer.id.clone(), to_json(state, &transfer));
    if let Some(kept) = state.transfers.get_mut(&id) {
        *kept = transfer;
    }
    state.emit(event, &id, shown.clone());
    shown
}

/// `POST /v1/transfers`.
pub(crate) fn create(state: &mut State, mut params: Params) -> Result<Value, StripeError> {
    let currency = params.required("currency")?;
    let amount = params.amount("amount")?.ok_or_else(|| StripeError::missing("amount"))?;
    let destination = params.required("destination")?;
    let source = params.text("source_transaction")?;
    let (description, group) = (params.text("description")?, params.text("transfer_group")?);
    params.choice("source_type", &["card"])?;
    let mut metadata = Map::new();
    params.metadata()?.apply(&mut metadata)?;
    params.finish()?;
    currencies::check_currency(&currency)?;
    check_destination(state, &destination)?;
    let source = source.map(|id| source_charge(state, &id, amount, &currency)).transpose()?;
    if source.is_none() && amount > balance::available(state, &currency) {
        return Err(insufficient());
    }

    let id = state.ids.next("tr");
    let available_on = source.as_ref().map_or(state.now(), |charge| balance_transactions::available_on(state, charge));
    let transaction = balance_transactions::of_transfer(state, &id, amount, &currency, available_on);
    let group = group.or_else(|| source.as_ref().map(Charge::group));
    let transfer = Transfer {
        id: id.clone(),
        created: state.now(),
        amount,
        amount_reversed: 0,
        currency,
        destination,
        destination_payment: state.ids.next("py"),
        description,
        source_transaction: source.map(|charge| charge.id().to_owned()),
        transfer_group: group,
        balance_transaction: transaction,
        metadata,
    };
    if let Some(account) = state.accounts.get_mut(&transfer.destination) {
        account.add(&transfer.currency, amount);
    }
    let shown = to_json(state, &transfer);
    state.transfers.insert(transfer);
    state.emit("transfer.created", &id, shown.clone());
    Ok(shown)
}

/// Stripe's refusal of what an account has not got.
pub(crate) fn insufficient() -> StripeError {
    let message = "You have insufficient available funds in your Stripe account. Try adding funds directly to your \
                   available balance by creating a charge using the 4000000000000077 test card. See: \
                   https://docs.stripe.com/testing#available-balance";
    StripeError::invalid(message).code("balance_insufficient")
}

fn check_destination(state: &State, id: &str) -> Result<(), StripeError> {
    let account =
        state.accounts.get(id).ok_or_else(|| StripeError::no_such_reference("destination", id, "destination"))?;
    if account.takes_transfers() {
        return Ok(());
    }
    let message = "Your destination account needs to have at least one of the following capabilities enabled: \
                   transfers, crypto_transfers, legacy_payments";
    Err(StripeError::invalid(message).code("insufficient_capabilities_for_transfer"))
}

/// The charge that a transfer draws on, if it can bear it.
fn source_charge(state: &State, id: &str, amount: i64, currency: &str) -> Result<Charge, StripeError> {
    const PARAM: &str = "source_transaction";
    let charge = state.charges.get(id).ok_or_else(|| StripeError::no_such_reference("charge", id, PARAM))?;
    if !charge.captured {
        let message = format!("The charge {id} cannot be used as a source_transaction: it was not captured.");
        return Err(StripeError::invalid(message).param(PARAM));
    }
    if charge.currency != currency {
        let message = format!(
            "The currency of source_transaction's balance transaction ({}) must be the same as the transfer currency \
             ({currency})",
            charge.currency
        );
        return Err(StripeError::invalid(message).param("currency"));
    }
    let drawn = state.transfers.newest_first().filter(|transfer| transfer.source_transaction.as_deref() == Some(id));
    let drawn: i64 = drawn.map(Transfer::left).sum();
    if amount > charge.amount_captured - drawn {
        let message = format!(
            "Transfers using this transaction as a source must not exceed the source amount of {}. (There is already \
             {} transferred using this source.)",
            shown(charge.amount_captured, currency),
            shown(drawn, currency)
        );
        return Err(StripeError::invalid(message).param("amount"));
    }
    Ok(charge.clone())
}
