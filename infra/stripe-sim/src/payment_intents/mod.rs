//! PaymentIntents: what is due, and how far the paying of it has come. One file an act.
//!
//! ```text
//! requires_payment_method ─ requires_confirmation ─┬─ requires_action ─┐
//!            ↑ declined                            └───────────────────┴─ succeeded, or requires_capture ─ succeeded
//! ```
//! Anything but `succeeded` can become `canceled`. `processing` is never reached: cards are decided at once.

mod cancel;
mod capture;
mod confirm;
mod create;
mod update;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use cancel::{cancel, expire_authorisations};
pub(crate) use capture::capture;
pub(crate) use confirm::{authenticate, confirm};
pub(crate) use create::create;
pub(crate) use update::update;

use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::{State, Word};
use crate::table::Row;

/// Parameters of Stripe that no act here takes.
const NOT_SIMULATED: [&str; 21] = [
    "amount_details",
    "amount_to_confirm",
    "application_fee_amount",
    "confirmation_token",
    "customer",
    "customer_account",
    "hooks",
    "mandate",
    "mandate_data",
    "on_behalf_of",
    "payment_details",
    "payment_method_configuration",
    "radar_options",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "excluded_payment_method_types",
    "confirmation_method",
    "final_capture",
];

/// Fields that a guest's browser does not get to see.
const NOT_FOR_GUESTS: [&str; 13] = [
    "amount_capturable",
    "amount_received",
    "application",
    "application_fee_amount",
    "customer",
    "customer_account",
    "latest_charge",
    "metadata",
    "on_behalf_of",
    "review",
    "statement_descriptor",
    "transfer_data",
    "transfer_group",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// Who calls: the holder of the secret key, or a guest's browser that knows one `client_secret`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Account,
    Guest,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PaymentIntent {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) client_secret: String,
    pub(crate) status: Status,
    /// `automatic`, `automatic_async` or `manual`.
    pub(crate) capture_method: Word,
    pub(crate) amount_received: i64,
    pub(crate) payment_method: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) last_payment_error: Option<Value>,
    pub(crate) next_action: Option<Value>,
    pub(crate) return_url: Option<String>,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation_reason: Option<Word>,
    pub(crate) automatic_payment_methods: Option<Value>,
    pub(crate) allowed_payment_method_types: Option<Vec<String>>,
    pub(crate) request_three_d_secure: Word,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) metadata: Map<String, Value>,
}

impl Row for PaymentIntent {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl PaymentIntent {
    pub(crate) fn captures_manually(&self) -> bool {
        self.capture_method == "manual"
    }

    pub(crate) fn has_succeeded(&self) -> bool {
        self.status == Status::Succeeded
    }

    fn amount_capturable(&self) -> i64 {
        if self.status == Status::RequiresCapture { self.amount } else { 0 }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "payment_intent",
            "allowed_payment_method_types": self.allowed_payment_method_types,
            "amount": self.amount,
            "amount_capturable": self.amount_capturable(),
            "amount_details": {"tip": {}},
            "amount_received": self.amount_received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": self.automatic_payment_methods,
            "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": null,
            "customer_account": null,
            "description": self.description,
            "excluded_payment_method_types": null,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.next_action,
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_configuration_details": null,
            "payment_method_options": {"card": {
                "installments": null, "mandate_options": null, "network": null,
                "request_three_d_secure": self.request_three_d_secure,
            }},
            "payment_method_types": ["card"],
            "processing": null,
            "receipt_email": self.receipt_email,
            "review": null,
            "setup_future_usage": null,
            "shipping": null,
            "source": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": null,
            "status": self.status.as_str(),
            "transfer_data": null,
            "transfer_group": self.transfer_group,
        })
    }

    /// Refuses an act that the status does not allow, naming those that do.
    fn unexpected_state(&self, act: &str, acted: &str, allowed: &str) -> StripeError {
        let status = self.status.as_str();
        let message = format!(
            "You cannot {act} this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one \
             of the following statuses may be {acted}: {allowed}."
        );
        StripeError::invalid(message).code("payment_intent_unexpected_state").with("payment_intent", self.to_json())
    }
}

/// Takes from an object, or from an error's, what is not for a guest's browser.
pub(crate) fn reduce_for_guest(shown: &mut Value) {
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| !NOT_FOR_GUESTS.contains(&name.as_str()));
    }
}

fn find(state: &State, id: &str) -> Result<PaymentIntent, StripeError> {
    let found = state.payment_intents.get(id).cloned();
    found.ok_or_else(|| StripeError::no_such("payment_intent", id, "intent"))
}

/// Writes an intent back and shows it.
fn keep(state: &mut State, intent: PaymentIntent) -> Value {
    let shown = intent.to_json();
    if let Some(kept) = state.payment_intents.get_mut(&intent.id) {
        *kept = intent;
    }
    shown
}

/// Writes an intent back, tells of it and shows it.
fn keep_and_tell(state: &mut State, intent: PaymentIntent, event: &'static str) -> Value {
    let id = intent.id.clone();
    let shown = keep(state, intent);
    state.emit(event, &id, shown.clone());
    shown
}

/// A guest must know the intent's secret; the account may name it, and then rightly.
fn check_secret(intent: &PaymentIntent, caller: Caller, given: Option<&str>) -> Result<(), StripeError> {
    match given {
        Some(secret) if secret == intent.client_secret => Ok(()),
        None if caller == Caller::Account => Ok(()),
        None => Err(StripeError::missing("client_secret")),
        Some(_) => {
            let message = "The client_secret provided does not match any associated PaymentIntent on this account. \
                           Ensure the provided client_secret value matches the value returned from Stripe during \
                           creation.";
            Err(StripeError::parameter("payment_intent_invalid_parameter", "client_secret", message))
        }
    }
}

/// `payment_method_types` went with 2026-09-30.endive.
fn refuse_payment_method_types(params: &mut Params) -> Result<(), StripeError> {
    if params.list("payment_method_types")?.is_none() {
        return Ok(());
    }
    let message = "The payment_method_types parameter is no longer supported. Use automatic_payment_methods, \
                   allowed_payment_method_types or excluded_payment_method_types.";
    Err(StripeError::parameter("payment_method_types_no_longer_supported", "payment_method_types", message))
}

/// `payment_method_options[card]`: the wish for 3-D Secure, and how to capture.
fn read_options(params: &mut Params) -> Result<(Option<&'static str>, Option<&'static str>), StripeError> {
    let Some(mut options) = params.object("payment_method_options")? else { return Ok((None, None)) };
    let mut read = (None, None);
    if let Some(mut card) = options.object("card")? {
        read.0 = card.choice("request_three_d_secure", &["any", "automatic", "challenge"])?;
        read.1 = card.choice("capture_method", &["manual"])?;
        let others = ["cvc_token", "installments", "mandate_options", "moto", "network", "setup_future_usage"];
        card.not_simulated(&others)?;
        card.finish()?;
    }
    options.finish()?;
    Ok(read)
}

/// `GET /v1/payment_intents/{id}`.
pub(crate) fn retrieve(state: &State, id: &str, caller: Caller, mut params: Params) -> Result<Value, StripeError> {
    let secret = params.text("client_secret")?;
    params.finish()?;
    let intent = find(state, id)?;
    check_secret(&intent, caller, secret.as_deref())?;
    Ok(intent.to_json())
}

/// `GET /v1/payment_intents`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let page = Page::read(&mut params)?;
    params.not_simulated(&["customer", "customer_account"])?;
    params.finish()?;
    lists::answer("/v1/payment_intents", &page, &state.payment_intents, |intent| Some(intent.to_json()))
}
