//! Reversals: what the platform takes back of a transfer, never more than is left of it or the account has.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::balance_transactions;
use crate::currencies::shown;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::State;
use crate::table::Row;
use crate::transfers;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reversal {
    id: String,
    created: i64,
    pub(crate) transfer: String,
    amount: i64,
    currency: String,
    balance_transaction: String,
    destination_payment_refund: String,
    metadata: Map<String, Value>,
}

impl Row for Reversal {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl Reversal {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "transfer_reversal",
            "amount": self.amount,
            "balance_transaction": self.balance_transaction,
            "created": self.created,
            "currency": self.currency,
            "destination_payment_refund": self.destination_payment_refund,
            "metadata": self.metadata,
            "source_refund": null,
            "transfer": self.transfer,
        })
    }
}

/// `GET /v1/transfers/{id}/reversals/{id}`.
pub(crate) fn retrieve(state: &State, transfer: &str, id: &str) -> Result<Value, StripeError> {
    transfers::find(state, transfer)?;
    let found = state.transfer_reversals.get(id).filter(|reversal| reversal.transfer == transfer);
    found.map(Reversal::to_json).ok_or_else(|| StripeError::no_such("transfer reversal", id, "id"))
}

/// `GET /v1/transfers/{id}/reversals`.
pub(crate) fn list(state: &State, transfer: &str, mut params: Params) -> Result<Value, StripeError> {
    let page = Page::read(&mut params)?;
    params.finish()?;
    transfers::find(state, transfer)?;
    let url = format!("/v1/transfers/{transfer}/reversals");
    lists::answer(&url, &page, &state.transfer_reversals, |reversal| {
        (reversal.transfer == transfer).then(|| reversal.to_json())
    })
}

/// `POST /v1/transfers/{id}/reversals`.
pub(crate) fn create(state: &mut State, transfer: &str, mut params: Params) -> Result<Value, StripeError> {
    let asked = params.amount("amount")?;
    params.text("description")?;
    let mut metadata = Map::new();
    params.metadata()?.apply(&mut metadata)?;
    params.not_simulated(&["refund_application_fee"])?;
    params.finish()?;
    let mut transfer = transfers::find(state, transfer)?.clone();
    let left = transfer.left();
    let amount = asked.unwrap_or(left);
    if left == 0 {
        let message = format!("Transfer {} is already fully reversed.", transfer.id());
        return Err(StripeError::invalid(message));
    }
    if amount > left {
        let (amount, left) = (shown(amount, &transfer.currency), shown(left, &transfer.currency));
        let message = format!("Transfer reversal amount ({amount}) is greater than unreversed amount ({left})");
        return Err(StripeError::invalid(message).param("amount"));
    }
    let Some(account) = state.accounts.get_mut(&transfer.destination) else {
        return Err(StripeError::no_such_reference("destination", &transfer.destination, "id"));
    };
    if account.balance_in(&transfer.currency) < amount {
        return Err(transfers::insufficient());
    }
    account.add(&transfer.currency, -amount);
    let id = state.ids.next("trr");
    let transaction = balance_transactions::of_reversal(state, &id, amount, &transfer.currency);
    let reversal = Reversal {
        id,
        created: state.now(),
        transfer: transfer.id().to_owned(),
        amount,
        currency: transfer.currency.clone(),
        balance_transaction: transaction,
        destination_payment_refund: state.ids.next("pyr"),
        metadata,
    };
    let answer = reversal.to_json();
    state.transfer_reversals.insert(reversal);
    transfer.amount_reversed += amount;
    transfers::keep(state, transfer, "transfer.reversed");
    Ok(answer)
}
