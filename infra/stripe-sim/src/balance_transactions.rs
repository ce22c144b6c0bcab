//! Balance transactions: what each movement did to the account, less Stripe's fee. Must not move money itself.

use serde_json::{Value, json};

use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::State;
use crate::table::Row;

/// Stripe's fee in the United States: 2.9 % and 30 minor units, whatever the currency here.
const FEE_BASIS_POINTS: i64 = 290;
const FEE_FIXED_MINOR: i64 = 30;
const DISPUTE_FEE_MINOR: i64 = 1_500;
const AVAILABLE_AFTER_SECONDS: i64 = 2 * 86_400;

#[derive(Debug)]
pub(crate) struct BalanceTransaction {
    id: String,
    created: i64,
    /// `charge`, `refund`, `refund_failure` or `adjustment`.
    kind: &'static str,
    category: &'static str,
    source: String,
    amount: i64,
    fee: i64,
    currency: String,
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
    pub(crate) fn to_json(&self, now: i64) -> Value {
        let available_on = self.created + AVAILABLE_AFTER_SECONDS;
        let fee = json!({
            "amount": self.fee, "application": null, "currency": self.currency,
            "description": "Stripe processing fees", "type": "stripe_fee",
        });
        json!({
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount,
            "available_on": available_on,
            "balance_type": "payments",
            "created": self.created,
            "currency": self.currency,
            "description": null,
            "exchange_rate": null,
            "fee": self.fee,
            "fee_details": if self.fee == 0 { json!([]) } else { json!([fee]) },
            "net": self.amount - self.fee,
            "reporting_category": self.category,
            "source": self.source,
            "status": if available_on <= now { "available" } else { "pending" },
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
        let wanted = same(&currency, &row.currency) && same(&source, &row.source) && same(&kind, row.kind);
        wanted.then(|| row.to_json(state.now()))
    })
}

fn insert(
    state: &mut State,
    (kind, category): (&'static str, &'static str),
    source: &str,
    (amount, fee): (i64, i64),
    currency: &str,
) -> String {
    let id = state.ids.next("txn");
    let (source, currency) = (source.to_owned(), currency.to_owned());
    let created = state.now();
    state.balance_transactions.insert(BalanceTransaction {
        id: id.clone(),
        created,
        kind,
        category,
        source,
        amount,
        fee,
        currency,
    });
    id
}

pub(crate) fn of_charge(state: &mut State, charge: &str, amount: i64, currency: &str) -> String {
    let fee = (amount * FEE_BASIS_POINTS + 5_000) / 10_000 + FEE_FIXED_MINOR;
    insert(state, ("charge", "charge"), charge, (amount, fee), currency)
}

pub(crate) fn of_refund(state: &mut State, refund: &str, amount: i64, currency: &str) -> String {
    insert(state, ("refund", "refund"), refund, (-amount, 0), currency)
}

pub(crate) fn of_failed_refund(state: &mut State, refund: &str, amount: i64, currency: &str) -> String {
    insert(state, ("refund_failure", "refund_failure"), refund, (amount, 0), currency)
}

pub(crate) fn of_dispute(state: &mut State, dispute: &str, amount: i64, currency: &str) -> String {
    insert(state, ("adjustment", "dispute"), dispute, (-amount, DISPUTE_FEE_MINOR), currency)
}

pub(crate) fn of_won_dispute(state: &mut State, dispute: &str, amount: i64, currency: &str) -> String {
    insert(state, ("adjustment", "dispute_reversal"), dispute, (amount, -DISPUTE_FEE_MINOR), currency)
}
