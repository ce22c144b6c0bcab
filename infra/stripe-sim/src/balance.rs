//! The balance: what the platform has with Stripe, by currency. Must not move money.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::balance_transactions::BalanceTransaction;
use crate::state::State;

/// `GET /v1/balance`.
pub(crate) fn retrieve(state: &State) -> Value {
    let now = state.now();
    let mut available: BTreeMap<&str, i64> = BTreeMap::new();
    let mut pending = available.clone();
    for row in state.balance_transactions.newest_first() {
        let (sum, other) = match row.is_available(now) {
            true => (&mut available, &mut pending),
            false => (&mut pending, &mut available),
        };
        *sum.entry(&row.currency).or_default() += row.net();
        other.entry(&row.currency).or_default();
    }
    let listed = |sums: BTreeMap<&str, i64>| -> Vec<Value> {
        let entry =
            |(currency, amount)| json!({"amount": amount, "currency": currency, "source_types": {"card": amount}});
        sums.into_iter().map(entry).collect()
    };
    json!({"object": "balance", "available": listed(available), "livemode": false, "pending": listed(pending)})
}

/// What of a currency can be moved now, minor units.
pub(crate) fn available(state: &State, currency: &str) -> i64 {
    let now = state.now();
    let here = |row: &&BalanceTransaction| row.currency == currency && row.is_available(now);
    state.balance_transactions.newest_first().filter(here).map(BalanceTransaction::net).sum()
}
