//! Balance transactions: what each movement did to the account, less Stripe's fee. Must not move money itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::charges::Charge;
use crate::currencies;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::{State, Word};
use crate::table::Row;

/// Stripe's fee in the United States: 2.9 % and 30 minor units, whatever the currency here, in steps of what the
/// currency is charged in.
const FEE_BASIS_POINTS: i64 = 290;
const FEE_FIXED_MINOR: i64 = 30;
const DISPUTE_FEE_MINOR: i64 = 1_500;
const AVAILABLE_AFTER_SECONDS: i64 = 2 * 86_400;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BalanceTransaction {
    id: String,
    created: i64,
    available_on: i64,
    /// `charge`, `refund`, `refund_failure`, `adjustment`, `transfer` or `transfer_refund`.
    kind: Word,
    category: Word,
    source: String,
    amount: i64,
    fee: i64,
    pub(crate) currency: String,
}

impl Row for BalanceTransaction {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl BalanceTransaction {
    /// What it did to the balance, minor units.
    pub(crate) fn net(&self) -> i64 {
        self.amount - self.fee
    }

    pub(crate) fn is_available(&self, now: i64) -> bool {
        self.available_on <= now
    }

    pub(crate) fn to_json(&self, now: i64) -> Value {
        let fee = json!({
            "amount": self.fee, "application": null, "currency": self.currency,
            "description": "Stripe processing fees", "type": "stripe_fee",
        });
        json!({
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount,
            "available_on": self.available_on,
            "balance_type": "payments",
            "created": self.created,
            "currency": self.currency,
            "description": null,
            "exchange_rate": null,
            "fee": self.fee,
            "fee_details": if self.fee == 0 { json!([]) } else { json!([fee]) },
            "net": self.net(),
            "reporting_category": self.category,
            "source": self.source,
            "status": if self.is_available(now) { "available" } else { "pending" },
            "type": self.kind,
        })
    }
}

/// `GET /v1/balance_transactions/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    let found = state.balance_transactions.get(id);
    found.map(|row| row.to_json(state.now())).ok_or_else(|| StripeError::no_such("balance_transaction", id, "id"))
}

/// `GET /v1/balance_transactions`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let (currency, source, kind) = (params.text("currency")?, params.text("source")?, params.text("type")?);
    let page = Page::read(&mut params)?;
    params.not_simulated(&["payout"])?;
    params.finish()?;
    let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
    lists::answer("/v1/balance_transactions", &page, &state.balance_transactions, |row| {
        let wanted = same(&currency, &row.currency) && same(&source, &row.source) && same(&kind, &row.kind);
        wanted.then(|| row.to_json(state.now()))
    })
}

/// A movement of `amount` less `fee`, from when on it counts as available.
struct Movement<'movement> {
    kind: (&'static str, &'static str),
    source: &'movement str,
    amount: i64,
    fee: i64,
    currency: &'movement str,
    available_on: i64,
}

fn insert(state: &mut State, movement: Movement<'_>) -> String {
    let id = state.ids.next("txn");
    let created = state.now();
    let (kind, category) = movement.kind;
    state.balance_transactions.insert(BalanceTransaction {
        id: id.clone(),
        created,
        available_on: movement.available_on,
        kind: kind.into(),
        category: category.into(),
        source: movement.source.to_owned(),
        amount: movement.amount,
        fee: movement.fee,
        currency: movement.currency.to_owned(),
    });
    id
}

/// A charge waits two days, unless its card says otherwise.
pub(crate) fn of_charge(state: &mut State, charge: &str, amount: i64, currency: &str, at_once: bool) -> String {
    let step = currencies::step(currency);
    let fee = ((amount * FEE_BASIS_POINTS + 5_000) / 10_000 + FEE_FIXED_MINOR) / step * step;
    let available_on = state.now() + if at_once { 0 } else { AVAILABLE_AFTER_SECONDS };
    insert(state, Movement { kind: ("charge", "charge"), source: charge, amount, fee, currency, available_on })
}

/// From when on the money of a charge is available.
pub(crate) fn available_on(state: &State, charge: &Charge) -> i64 {
    let transaction = charge.balance_transaction.as_ref().and_then(|id| state.balance_transactions.get(id));
    transaction.map_or(charge.created(), |transaction| transaction.available_on)
}

/// A refund comes out of the charge's money while that waits, else out of what is available.
pub(crate) fn of_refund(state: &mut State, refund: &str, amount: i64, charge: &Charge) -> String {
    let available_on = available_on(state, charge).max(state.now());
    let (kind, currency) = (("refund", "refund"), charge.currency.as_str());
    insert(state, Movement { kind, source: refund, amount: -amount, fee: 0, currency, available_on })
}

pub(crate) fn of_failed_refund(state: &mut State, refund: &str, amount: i64, currency: &str) -> String {
    let kind = ("refund_failure", "refund_failure");
    let available_on = state.now();
    insert(state, Movement { kind, source: refund, amount, fee: 0, currency, available_on })
}

pub(crate) fn of_dispute(state: &mut State, dispute: &str, amount: i64, currency: &str) -> String {
    let (kind, available_on) = (("adjustment", "dispute"), state.now());
    let (amount, fee) = (-amount, DISPUTE_FEE_MINOR);
    insert(state, Movement { kind, source: dispute, amount, fee, currency, available_on })
}

pub(crate) fn of_won_dispute(state: &mut State, dispute: &str, amount: i64, currency: &str) -> String {
    let (kind, available_on) = (("adjustment", "dispute_reversal"), state.now());
    insert(state, Movement { kind, source: dispute, amount, fee: -DISPUTE_FEE_MINOR, currency, available_on })
}

/// A transfer; one with a source charge moves that charge's money when it becomes available.
pub(crate) fn of_transfer(state: &mut State, transfer: &str, amount: i64, currency: &str, available_on: i64) -> String {
    let kind = ("transfer", "transfer");
    insert(state, Movement { kind, source: transfer, amount: -amount, fee: 0, currency, available_on })
}

pub(crate) fn of_reversal(state: &mut State, reversal: &str, amount: i64, currency: &str) -> String {
    let (kind, available_on) = (("transfer_refund", "transfer_reversal"), state.now());
    insert(state, Movement { kind, source: reversal, amount, fee: 0, currency, available_on })
}
