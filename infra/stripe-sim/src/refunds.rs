//! Refunds: giving back what was captured, never more than is left.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::balance_transactions;
use crate::cards::Behaviour;
use crate::charges::{self, Charge};
use crate::currencies::{check_step, shown};
use crate::disputes;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::{State, Word};
use crate::table::Row as _;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    id: String,
    created: i64,
    charge: String,
    payment_intent: String,
    amount: i64,
    currency: String,
    reason: Option<Word>,
    status: Word,
    balance_transaction: Option<String>,
    failure_balance_transaction: Option<String>,
    metadata: Map<String, Value>,
}

impl crate::table::Row for Refund {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl Refund {
    pub(crate) fn is_of(&self, charge: &str) -> bool {
        self.charge == charge
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": self.balance_transaction,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "customer": null,
            "customer_account": null,
            "destination_details": {
                "card": {"reference": "123456789012", "reference_status": "available", "reference_type": "acquirer_reference_number", "type": "refund"},
                "type": "card",
            },
            "metadata": self.metadata,
            "payment_intent": self.payment_intent,
            "payment_method": null,
            "reason": self.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": self.status,
            "transfer_reversal": null,
        });
        if self.status == "failed" {
            shown["failure_reason"] = "unknown".into();
            shown["failure_balance_transaction"] = self.failure_balance_transaction.clone().into();
        }
        shown
    }
}

/// `GET /v1/refunds/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    state.refunds.get(id).map(Refund::to_json).ok_or_else(|| StripeError::no_such("refund", id, "refund"))
}

/// `GET /v1/refunds`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    let page = Page::read(&mut params)?;
    params.finish()?;
    lists::answer("/v1/refunds", &page, &state.refunds, |refund| {
        let wanted = charge.as_ref().is_none_or(|wanted| *wanted == refund.charge)
            && intent.as_ref().is_none_or(|wanted| *wanted == refund.payment_intent);
        wanted.then(|| refund.to_json())
    })
}

/// `POST /v1/refunds/{id}`.
pub(crate) fn update(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let metadata = params.metadata()?;
    params.finish()?;
    let refund = state.refunds.get_mut(id).ok_or_else(|| StripeError::no_such("refund", id, "refund"))?;
    metadata.apply(&mut refund.metadata)?;
    let (intent, shown) = (refund.payment_intent.clone(), refund.to_json());
    state.emit("refund.updated", &intent, shown.clone());
    Ok(shown)
}

/// `POST /v1/refunds`.
pub(crate) fn create(state: &mut State, mut params: Params) -> Result<Value, StripeError> {
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    let amount = params.amount("amount")?;
    let reason = params.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
    let mut metadata = Map::new();
    params.metadata()?.apply(&mut metadata)?;
    params.not_simulated(&[
        "currency",
        "customer",
        "instructions_email",
        "origin",
        "refund_application_fee",
        "reverse_transfer",
    ])?;
    params.finish()?;
    let charge = find_charge(state, charge, intent)?;
    let amount = refundable(state, &charge, amount)?;

    let id = state.ids.next("re");
    let transaction = balance_transactions::of_refund(state, &id, amount, &charge);
    let behaviour = charges::behaviour(state, &charge);
    let refund = Refund {
        id: id.clone(),
        created: state.now(),
        charge: charge.id().to_owned(),
        payment_intent: charge.payment_intent.clone(),
        amount,
        currency: charge.currency.clone(),
        reason: reason.map(Word::from),
        status: if behaviour == Behaviour::RefundPending { "pending" } else { "succeeded" }.into(),
        balance_transaction: Some(transaction),
        failure_balance_transaction: None,
        metadata,
    };
    let answer = refund.to_json();
    state.refunds.insert(refund);
    change_refunded(state, charge.id(), amount);
    state.emit("refund.created", &charge.payment_intent, answer.clone());
    if let Some(charge) = state.charges.get(charge.id()) {
        let shown = charges::to_json(state, charge);
        let intent = charge.payment_intent.clone();
        state.emit("charge.refunded", &intent, shown);
    }
    match behaviour {
        Behaviour::RefundPending => settle(state, &id, "succeeded"),
        Behaviour::RefundFails => settle(state, &id, "failed"),
        _ => {}
    }
    Ok(answer)
}

fn find_charge(state: &State, charge: Option<String>, intent: Option<String>) -> Result<Charge, StripeError> {
    let id = match (charge, &intent) {
        (Some(id), _) => id,
        (None, Some(id)) => {
            let found = state.payment_intents.get(id);
            let found = found.ok_or_else(|| StripeError::no_such_reference("payment_intent", id, "payment_intent"))?;
            let charged = found.latest_charge.clone().filter(|_| found.has_succeeded());
            charged.ok_or_else(|| {
                let message = format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
                StripeError::invalid(message).param("payment_intent")
            })?
        }
        (None, None) => {
            let message = "One of the following params should be provided for this request: payment_intent or charge.";
            return Err(StripeError::invalid(message).code("parameter_missing").not_kept());
        }
    };
    let found = state.charges.get(&id).ok_or_else(|| StripeError::no_such_reference("charge", &id, "charge"))?;
    if intent.is_some_and(|intent| intent != found.payment_intent) {
        let message = format!("The charge {id} does not belong to the PaymentIntent.");
        return Err(StripeError::invalid(message).param("charge"));
    }
    Ok(found.clone())
}

/// The amount to give back, all that is left unless the caller says otherwise.
fn refundable(state: &State, charge: &Charge, amount: Option<i64>) -> Result<i64, StripeError> {
    let id = charge.id();
    if !charge.captured {
        let message = format!("Charge {id} was not captured: cancel its PaymentIntent instead of refunding it.");
        return Err(StripeError::invalid(message).code("charge_not_refundable").param("charge"));
    }
    if disputes::keeps(state, id) {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(StripeError::invalid(message).code("charge_disputed"));
    }
    let left = charge.refundable();
    if left <= 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(StripeError::invalid(message).code("charge_already_refunded"));
    }
    let amount = amount.unwrap_or(left);
    check_step(amount, &charge.currency)?;
    if amount > left {
        let (what, most) = match charge.amount_refunded {
            0 => ("charge amount", charge.amount_captured),
            _ => ("unrefunded amount on charge", left),
        };
        let (asked, most) = (shown(amount, &charge.currency), shown(most, &charge.currency));
        let message = format!("Refund amount ({asked}) is greater than {what} ({most})");
        return Err(StripeError::invalid(message).param("amount"));
    }
    Ok(amount)
}

fn change_refunded(state: &mut State, charge: &str, by: i64) {
    if let Some(charge) = state.charges.get_mut(charge) {
        charge.amount_refunded += by;
    }
}

/// What the bank says later about a refund that was not final.
fn settle(state: &mut State, id: &str, status: &'static str) {
    let Some(mut refund) = state.refunds.get(id).cloned() else { return };
    refund.status = status.into();
    if status == "failed" {
        let back = balance_transactions::of_failed_refund(state, id, refund.amount, &refund.currency);
        refund.failure_balance_transaction = Some(back);
        change_refunded(state, &refund.charge, -refund.amount);
    }
    let (intent, shown) = (refund.payment_intent.clone(), refund.to_json());
    if let Some(kept) = state.refunds.get_mut(id) {
        *kept = refund;
    }
    state.emit("refund.updated", &intent, shown.clone());
    if status == "failed" {
        state.emit("refund.failed", &intent, shown);
    }
}
