//! `POST /v1/payment_intents/{id}/cancel`, and the end of authorisations that nobody captured in time.

use serde_json::Value;

use super::{PaymentIntent, Status, find, keep_and_tell};
use crate::charges;
use crate::error::StripeError;
use crate::params::Params;
use crate::state::{State, Word};

const REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
const CANCELABLE: &str =
    "requires_payment_method, requires_capture, requires_confirmation, requires_action, processing";

pub(crate) fn cancel(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let reason = params.choice("cancellation_reason", &REASONS)?;
    params.finish()?;
    let intent = find(state, id)?;
    if matches!(intent.status, Status::Succeeded | Status::Canceled) {
        return Err(intent.unexpected_state("cancel", "canceled", CANCELABLE));
    }
    Ok(end(state, intent, reason, "charge.refunded"))
}

fn end(state: &mut State, mut intent: PaymentIntent, reason: Option<&'static str>, release: &'static str) -> Value {
    if let Some(charge) = intent.latest_charge.clone().filter(|_| intent.status == Status::RequiresCapture) {
        charges::release(state, &charge, release);
    }
    intent.status = Status::Canceled;
    intent.canceled_at = Some(state.now());
    intent.cancellation_reason = reason.map(Word::from);
    intent.next_action = None;
    keep_and_tell(state, intent, "payment_intent.canceled")
}

/// Cancels each intent whose authorisation has run out by the account's clock.
pub(crate) fn expire_authorisations(state: &mut State) {
    let now = state.now();
    let expired = |intent: &&PaymentIntent| {
        let charge = intent.latest_charge.as_ref().and_then(|id| state.charges.get(id));
        intent.status == Status::RequiresCapture
            && charge.and_then(|charge| charge.capture_before).is_some_and(|before| before <= now)
    };
    let mut intents: Vec<PaymentIntent> = state.payment_intents.newest_first().filter(expired).cloned().collect();
    intents.reverse();
    for intent in intents {
        end(state, intent, Some("automatic"), "charge.expired");
    }
}
