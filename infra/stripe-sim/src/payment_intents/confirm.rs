//! `POST /v1/payment_intents/{id}/confirm`, and the holder's answer to 3-D Secure.

use serde_json::{Value, json};

use super::{
    Caller, NOT_SIMULATED, PaymentIntent, Status, check_secret, find, keep, keep_and_tell, read_options,
    refuse_payment_method_types,
};
use crate::cards::{Behaviour, Decline};
use crate::charges;
use crate::error::StripeError;
use crate::params::Params;
use crate::payment_methods::{self, PaymentMethod};
use crate::state::State;

const CONFIRMABLE: &str = "requires_payment_method, requires_confirmation, requires_action";

/// How an intent is to be confirmed.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    error_on_requires_action: bool,
    off_session: bool,
    return_url: Option<String>,
}

impl Attempt {
    pub(super) fn read(params: &mut Params) -> Result<Self, StripeError> {
        // What Stripe.js says of itself changes nothing here.
        params.boolean("use_stripe_sdk")?;
        let off_session = params.text("off_session")?;
        let attempt = Self {
            error_on_requires_action: params.boolean("error_on_requires_action")?.unwrap_or(false),
            off_session: off_session.is_some_and(|text| text != "false"),
            return_url: params.text("return_url")?,
        };
        if let Some(url) = attempt.return_url.as_ref().filter(|url| !url.contains("://")) {
            return Err(StripeError::parameter("url_invalid", "return_url", format!("Not a valid URL: {url}")));
        }
        Ok(attempt)
    }

    pub(super) fn is_only_for_confirming(&self) -> bool {
        self.error_on_requires_action || self.off_session || self.return_url.is_some()
    }
}

pub(crate) fn confirm(state: &mut State, id: &str, caller: Caller, mut params: Params) -> Result<Value, StripeError> {
    let secret = params.text("client_secret")?;
    let chosen = payment_methods::read_chosen(&mut params)?;
    let attempt_in = Attempt::read(&mut params)?;
    let capture_method = params.choice("capture_method", &["automatic", "automatic_async", "manual"])?;
    let receipt_email = params.text("receipt_email")?;
    let (three_d_secure, _) = read_options(&mut params)?;
    refuse_payment_method_types(&mut params)?;
    params.not_simulated(&NOT_SIMULATED)?;
    params.not_simulated(&["allowed_payment_method_types"])?;
    if caller == Caller::Guest {
        // Stripe.js sends these beside what it was asked to send.
        for name in ["expected_payment_method_type", "key", "_stripe_version"] {
            params.text(name)?;
        }
    }
    params.finish()?;

    let mut intent = find(state, id)?;
    check_secret(&intent, caller, secret.as_deref())?;
    match intent.status {
        Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => {}
        Status::Succeeded => {
            let message = "You cannot confirm this PaymentIntent because it has already succeeded after being \
                           previously confirmed.";
            return Err(StripeError::invalid(message)
                .code("payment_intent_unexpected_state")
                .with("payment_intent", intent.to_json()));
        }
        Status::RequiresCapture | Status::Canceled => {
            return Err(intent.unexpected_state("confirm", "confirmed", CONFIRMABLE));
        }
    }
    if let Some(chosen) = chosen {
        intent.payment_method = Some(payment_methods::resolve(state, chosen)?);
    }
    if let Some(method) = capture_method.filter(|_| caller == Caller::Account) {
        intent.capture_method = method.into();
    }
    if let Some(asked) = three_d_secure {
        intent.request_three_d_secure = asked.into();
    }
    intent.receipt_email = receipt_email.or(intent.receipt_email);
    keep(state, intent);
    attempt(state, id, &attempt_in)
}

/// Asks the bank, as far as the card and the intent allow.
pub(super) fn attempt(state: &mut State, id: &str, attempt: &Attempt) -> Result<Value, StripeError> {
    let mut intent = find(state, id)?;
    let Some(method) = intent.payment_method.clone() else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either \
                       update the PaymentIntent with a payment method and then confirm it again, or confirm it again \
                       directly with a payment method or ConfirmationToken.";
        return Err(StripeError::invalid(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", intent.to_json()));
    };
    intent.return_url = attempt.return_url.clone();
    let behaviour = state.payment_methods.get(&method).map_or(Behaviour::Approve, |known| known.card.behaviour);
    let asked = intent.request_three_d_secure != "automatic";
    match behaviour {
        Behaviour::Decline(decline) => Err(declined(state, intent, &method, decline)),
        Behaviour::Authenticate if attempt.off_session || attempt.error_on_requires_action => {
            let message = "Your card was declined. This transaction requires authentication.";
            let error = StripeError::new(402, "card_error", message)
                .code("authentication_required")
                .with("decline_code", "authentication_required".into());
            Err(failed(state, intent, &method, error))
        }
        Behaviour::Authenticate => Ok(ask_holder(state, intent)),
        _ if asked && !attempt.off_session => Ok(ask_holder(state, intent)),
        _ => Ok(approved(state, intent, &method, false)),
    }
}

fn ask_holder(state: &mut State, mut intent: PaymentIntent) -> Value {
    intent.status = Status::RequiresAction;
    let url = format!("{}/pay/{}/authenticate?client_secret={}", state.address, intent.id, intent.client_secret);
    intent.next_action = Some(match &intent.return_url {
        Some(return_url) => json!({
            "type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url},
        }),
        None => json!({
            "type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }),
    });
    keep_and_tell(state, intent, "payment_intent.requires_action")
}

fn approved(state: &mut State, mut intent: PaymentIntent, method: &str, authenticated: bool) -> Value {
    intent.last_payment_error = None;
    intent.next_action = None;
    let charge = charges::succeed(state, &intent, method, authenticated);
    intent.latest_charge = Some(charge.clone());
    if intent.captures_manually() {
        intent.status = Status::RequiresCapture;
        return keep_and_tell(state, intent, "payment_intent.amount_capturable_updated");
    }
    intent.status = Status::Succeeded;
    intent.amount_received = intent.amount;
    let shown = keep_and_tell(state, intent, "payment_intent.succeeded");
    charges::after_capture(state, &charge);
    shown
}

fn declined(state: &mut State, mut intent: PaymentIntent, method: &str, decline: &'static Decline) -> StripeError {
    let charge = charges::fail(state, &intent, method, decline);
    intent.latest_charge = Some(charge.clone());
    let error = StripeError::new(402, "card_error", decline.message)
        .code(decline.code)
        .with("decline_code", decline.decline_code.into())
        .with("charge", charge.into());
    failed(state, intent, method, error)
}

/// Puts an intent back to where it needs another card, and says why.
fn failed(state: &mut State, mut intent: PaymentIntent, method: &str, error: StripeError) -> StripeError {
    let shown_method = state.payment_methods.get(method).map(PaymentMethod::to_json);
    let error = error.with("payment_method", shown_method.into());
    intent.status = Status::RequiresPaymentMethod;
    intent.payment_method = None;
    intent.next_action = None;
    intent.last_payment_error = Some(Value::Object(error.object()));
    let shown = keep_and_tell(state, intent, "payment_intent.payment_failed");
    error.with("payment_intent", shown)
}

/// The holder of the card answers the bank's question; gives the intent as it is then.
pub(crate) fn authenticate(state: &mut State, id: &str, succeeds: bool) -> Result<Value, StripeError> {
    let intent = find(state, id)?;
    let (Status::RequiresAction, Some(method)) = (intent.status, intent.payment_method.clone()) else {
        return Err(intent.unexpected_state("authenticate", "authenticated", "requires_action"));
    };
    if succeeds {
        return Ok(approved(state, intent, &method, true));
    }
    let message = "We are unable to authenticate your payment method. Please choose a different payment method and \
                   try again.";
    let error = StripeError::invalid(message).code("payment_intent_authentication_failure");
    failed(state, intent, &method, error);
    Ok(find(state, id)?.to_json())
}
