//! Disputes: the holder of a card takes money back through the bank. They are opened by a test card and decided by
//! Stripe's test evidence, by giving in, or by the simulator's own handle.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::balance_transactions;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::{State, Word};
use crate::table::Row;

const ANSWER_WITHIN_SECONDS: i64 = 9 * 86_400;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dispute {
    id: String,
    created: i64,
    charge: String,
    payment_intent: String,
    amount: i64,
    currency: String,
    status: Word,
    balance_transactions: Vec<String>,
}

impl Row for Dispute {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

pub(crate) fn to_json(state: &State, dispute: &Dispute) -> Value {
    let rows = dispute.balance_transactions.iter().filter_map(|id| state.balance_transactions.get(id));
    let balance_transactions: Vec<Value> = rows.map(|row| row.to_json(state.now())).collect();
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": balance_transactions,
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": dispute.created + ANSWER_WITHIN_SECONDS, "enhanced_eligibility": {}, "has_evidence": false,
            "past_due": false, "submission_count": 0,
        },
        "is_charge_refundable": dispute.status == "won",
        "livemode": false,
        "metadata": Map::new(),
        "payment_intent": dispute.payment_intent,
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": "fraudulent",
        "status": dispute.status,
    })
}

/// `GET /v1/disputes/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    let found = state.disputes.get(id).ok_or_else(|| StripeError::no_such("dispute", id, "dispute"))?;
    Ok(to_json(state, found))
}

/// `GET /v1/disputes`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    let page = Page::read(&mut params)?;
    params.finish()?;
    lists::answer("/v1/disputes", &page, &state.disputes, |dispute| {
        let wanted = charge.as_ref().is_none_or(|wanted| *wanted == dispute.charge)
            && intent.as_ref().is_none_or(|wanted| *wanted == dispute.payment_intent);
        wanted.then(|| to_json(state, dispute))
    })
}

/// `POST /v1/disputes/{id}`: evidence. Of all of it only the text that decides a dispute of test mode is looked at.
pub(crate) fn update(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let evidence = params.object("evidence")?.map(|mut evidence| evidence.text("uncategorized_text")).transpose()?;
    let submit = params.boolean("submit")?.unwrap_or(true);
    params.not_simulated(&["metadata"])?;
    params.finish()?;
    let found = state.disputes.get(id).ok_or_else(|| StripeError::no_such("dispute", id, "dispute"))?;
    if found.status != "needs_response" {
        return Err(StripeError::invalid("This dispute is already closed."));
    }
    match evidence.flatten().as_deref() {
        Some("winning_evidence") if submit => close(state, id, true),
        Some("losing_evidence") if submit => close(state, id, false),
        _ => {
            let mut dispute = found.clone();
            dispute.status = if submit { "under_review" } else { "needs_response" }.into();
            let (intent, shown) = (dispute.payment_intent.clone(), to_json(state, &dispute));
            if let Some(kept) = state.disputes.get_mut(id) {
                *kept = dispute;
            }
            state.emit("charge.dispute.updated", &intent, shown.clone());
            Ok(shown)
        }
    }
}

/// `POST /v1/disputes/{id}/close`: giving in.
pub(crate) fn give_in(state: &mut State, id: &str) -> Result<Value, StripeError> {
    close(state, id, false)
}

/// Whether the bank has the money of a charge: it is contested, or lost.
pub(crate) fn keeps(state: &State, charge: &str) -> bool {
    state.disputes.newest_first().any(|dispute| dispute.charge == charge && dispute.status != "won")
}

/// The holder disputes the whole charge; the bank takes the amount and its fee at once.
pub(crate) fn open(state: &mut State, charge_id: &str) {
    let Some(charge) = state.charges.get_mut(charge_id) else { return };
    charge.disputed = true;
    let charge = charge.clone();
    let id = state.ids.next("dp");
    let transaction = balance_transactions::of_dispute(state, &id, charge.amount_captured, &charge.currency);
    let dispute = Dispute {
        id,
        created: state.now(),
        charge: charge_id.to_owned(),
        payment_intent: charge.payment_intent.clone(),
        amount: charge.amount_captured,
        currency: charge.currency,
        status: "needs_response".into(),
        balance_transactions: vec![transaction],
    };
    let shown = to_json(state, &dispute);
    state.disputes.insert(dispute);
    state.emit("charge.dispute.created", &charge.payment_intent, shown.clone());
    state.emit("charge.dispute.funds_withdrawn", &charge.payment_intent, shown);
}

/// The bank decides; `won` gives the money back.
pub(crate) fn close(state: &mut State, id: &str, won: bool) -> Result<Value, StripeError> {
    let found = state.disputes.get(id).ok_or_else(|| StripeError::no_such("dispute", id, "dispute"))?;
    if !matches!(&*found.status, "needs_response" | "under_review") {
        return Err(StripeError::invalid("This dispute is already closed."));
    }
    let mut dispute = found.clone();
    dispute.status = if won { "won" } else { "lost" }.into();
    if won {
        let back = balance_transactions::of_won_dispute(state, id, dispute.amount, &dispute.currency);
        dispute.balance_transactions.push(back);
    }
    let intent = dispute.payment_intent.clone();
    let shown = to_json(state, &dispute);
    if let Some(kept) = state.disputes.get_mut(id) {
        *kept = dispute;
    }
    if won {
        state.emit("charge.dispute.funds_reinstated", &intent, shown.clone());
    }
    state.emit("charge.dispute.closed", &intent, shown.clone());
    Ok(shown)
}
