//! Charges: one attempt each to take money from a card. They are made by PaymentIntents, never by callers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::balance_transactions;
use crate::cards::{Behaviour, Decline};
use crate::disputes;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::payment_intents::PaymentIntent;
use crate::state::State;
use crate::table::Row;

/// How long a bank holds an authorised amount.
const AUTHORISATION_DAYS: i64 = 7;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Charge {
    id: String,
    created: i64,
    pub(crate) payment_intent: String,
    payment_method: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) captured: bool,
    pub(crate) amount_captured: i64,
    pub(crate) amount_refunded: i64,
    pub(crate) disputed: bool,
    #[serde(with = "crate::cards::kept_decline")]
    pub(crate) failure: Option<&'static Decline>,
    /// Until when an authorisation can be captured; only on one that waits for it.
    pub(crate) capture_before: Option<i64>,
    pub(crate) balance_transaction: Option<String>,
    authenticated: bool,
    description: Option<String>,
    receipt_email: Option<String>,
    metadata: Map<String, Value>,
    transfer_group: Option<String>,
}

impl Row for Charge {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl Charge {
    /// What can still be given back of what was taken.
    pub(crate) fn refundable(&self) -> i64 {
        self.amount_captured - self.amount_refunded
    }

    /// Its group of transfers: the one it was given, or the one Stripe names after its payment.
    pub(crate) fn group(&self) -> String {
        self.transfer_group.clone().unwrap_or_else(|| format!("group_{}", self.payment_intent))
    }

    fn refunded(&self) -> bool {
        let taken = if self.captured { self.amount_captured } else { self.amount };
        self.amount_refunded > 0 && self.amount_refunded >= taken
    }
}

/// The charge as Stripe shows it.
pub(crate) fn to_json(state: &State, charge: &Charge) -> Value {
    let method = state.payment_methods.get(&charge.payment_method);
    let mut card = method.map_or(Value::Null, crate::payment_methods::PaymentMethod::card_facts);
    card["amount_authorized"] = charge.amount.into();
    if let Some(capture_before) = charge.capture_before {
        card["capture_before"] = capture_before.into();
    }
    card["extended_authorization"] = json!({"status": "disabled"});
    card["incremental_authorization"] = json!({"status": "unavailable"});
    card["multicapture"] = json!({"status": "unavailable"});
    card["network"] = card["brand"].clone();
    card["overcapture"] = json!({"maximum_amount_capturable": charge.amount, "status": "unavailable"});
    card["three_d_secure"] = match charge.authenticated {
        true => json!({"authentication_flow": "challenge", "result": "authenticated", "version": "2.2.0"}),
        false => Value::Null,
    };
    let paid = charge.failure.is_none();
    let outcome = match charge.failure {
        None => json!({
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal",
            "seller_message": "Payment complete.", "type": "authorized",
        }),
        Some(decline) => json!({
            "advice_code": "try_again_later", "network_advice_code": null, "network_decline_code": "01",
            "network_status": "declined_by_network", "reason": decline.decline_code, "risk_level": "normal",
            "seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined",
        }),
    };
    json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": charge.amount_refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": charge.balance_transaction,
        "billing_details": method.map(|method| method.billing_details.clone()),
        "calculated_statement_descriptor": "ROOST",
        "captured": charge.captured,
        "created": charge.created,
        "currency": charge.currency,
        "customer": null,
        "description": charge.description,
        "disputed": charge.disputed,
        "failure_balance_transaction": null,
        "failure_code": charge.failure.map(|decline| decline.code),
        "failure_message": charge.failure.map(|decline| decline.message),
        "fraud_details": {},
        "livemode": false,
        "metadata": charge.metadata,
        "on_behalf_of": null,
        "outcome": outcome,
        "paid": paid,
        "payment_intent": charge.payment_intent,
        "payment_method": charge.payment_method,
        "payment_method_details": {"card": card, "type": "card"},
        "receipt_email": charge.receipt_email,
        "receipt_number": null,
        "receipt_url": null,
        "refunded": charge.refunded(),
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": if paid { "succeeded" } else { "failed" },
        "transfer_data": null,
        "transfer_group": charge.transfer_group,
    })
}

/// `GET /v1/charges/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    let found = state.charges.get(id).ok_or_else(|| StripeError::no_such("charge", id, "id"))?;
    Ok(to_json(state, found))
}

/// `GET /v1/charges`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let payment_intent = params.text("payment_intent")?;
    let page = Page::read(&mut params)?;
    params.not_simulated(&["customer", "transfer_group"])?;
    params.finish()?;
    lists::answer("/v1/charges", &page, &state.charges, |charge| {
        payment_intent.as_ref().is_none_or(|wanted| *wanted == charge.payment_intent).then(|| to_json(state, charge))
    })
}

fn record(state: &mut State, intent: &PaymentIntent, method: &str) -> Charge {
    Charge {
        id: state.ids.next("ch"),
        created: state.now(),
        payment_intent: intent.id.clone(),
        payment_method: method.to_owned(),
        amount: intent.amount,
        currency: intent.currency.clone(),
        captured: false,
        amount_captured: 0,
        amount_refunded: 0,
        disputed: false,
        failure: None,
        capture_before: None,
        balance_transaction: None,
        authenticated: false,
        description: intent.description.clone(),
        receipt_email: intent.receipt_email.clone(),
        metadata: intent.metadata.clone(),
        transfer_group: intent.transfer_group.clone(),
    }
}

/// An attempt that the bank refused; gives its id.
pub(crate) fn fail(state: &mut State, intent: &PaymentIntent, method: &str, decline: &'static Decline) -> String {
    let mut charge = record(state, intent, method);
    charge.failure = Some(decline);
    let id = charge.id.clone();
    let shown = to_json(state, &charge);
    state.charges.insert(charge);
    state.emit("charge.failed", &intent.id, shown);
    id
}

/// An attempt that the bank granted: authorised, or taken at once; gives its id.
pub(crate) fn succeed(state: &mut State, intent: &PaymentIntent, method: &str, authenticated: bool) -> String {
    let mut charge = record(state, intent, method);
    charge.authenticated = authenticated;
    let id = charge.id.clone();
    if intent.captures_manually() {
        charge.capture_before = Some(charge.created + AUTHORISATION_DAYS * 86_400);
    } else {
        take(state, &mut charge, intent.amount);
    }
    let shown = to_json(state, &charge);
    state.charges.insert(charge);
    state.emit("charge.succeeded", &intent.id, shown);
    id
}

fn take(state: &mut State, charge: &mut Charge, amount: i64) {
    charge.captured = true;
    charge.amount_captured = amount;
    charge.capture_before = None;
    let at_once = behaviour(state, charge) == Behaviour::BypassPending;
    charge.balance_transaction =
        Some(balance_transactions::of_charge(state, &charge.id, amount, &charge.currency, at_once));
}

/// Takes up to what was authorised and releases the rest.
pub(crate) fn capture(state: &mut State, id: &str, amount: i64) {
    let Some(mut charge) = state.charges.get(id).cloned() else { return };
    take(state, &mut charge, amount);
    let intent = charge.payment_intent.clone();
    let shown = to_json(state, &charge);
    if let Some(kept) = state.charges.get_mut(id) {
        *kept = charge;
    }
    state.emit("charge.captured", &intent, shown);
}

/// Gives an authorisation back to the bank, by the caller (`charge.refunded`) or by its age (`charge.expired`).
pub(crate) fn release(state: &mut State, id: &str, kind: &'static str) {
    let Some(charge) = state.charges.get_mut(id) else { return };
    charge.amount_refunded = charge.amount;
    charge.capture_before = None;
    let charge = charge.clone();
    let shown = to_json(state, &charge);
    state.emit(kind, &charge.payment_intent, shown);
}

/// What the holder of the card does after paying.
pub(crate) fn after_capture(state: &mut State, id: &str) {
    let Some(charge) = state.charges.get(id) else { return };
    let behaviour = state.payment_methods.get(&charge.payment_method).map(|method| method.card.behaviour);
    if behaviour == Some(Behaviour::Dispute) {
        disputes::open(state, id);
    }
}

/// How the bank of a charge's card behaves.
pub(crate) fn behaviour(state: &State, charge: &Charge) -> Behaviour {
    state.payment_methods.get(&charge.payment_method).map_or(Behaviour::Approve, |method| method.card.behaviour)
}
