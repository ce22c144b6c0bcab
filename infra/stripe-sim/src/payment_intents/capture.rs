//! `POST /v1/payment_intents/{id}/capture`: takes what was authorised, once, and releases the rest.

use serde_json::Value;

use super::{NOT_SIMULATED, Status, find, keep_and_tell};
use crate::charges;
use crate::currencies::shown;
use crate::error::StripeError;
use crate::params::Params;
use crate::state::State;

pub(crate) fn capture(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let amount = params.amount("amount_to_capture")?;
    let metadata = params.metadata()?;
    if params.boolean("final_capture")? == Some(false) {
        return Err(StripeError::unsupported("final_capture"));
    }
    params.not_simulated(&NOT_SIMULATED)?;
    params.finish()?;
    let mut intent = find(state, id)?;
    if intent.status == Status::Succeeded {
        let message = "This PaymentIntent could not be captured because it has already been captured.";
        return Err(StripeError::invalid(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", intent.to_json()));
    }
    let (Status::RequiresCapture, Some(charge)) = (intent.status, intent.latest_charge.clone()) else {
        let status = intent.status.as_str();
        let message = format!(
            "This PaymentIntent could not be captured because it has a status of {status}. Only a PaymentIntent with \
             one of the following statuses may be captured: requires_capture."
        );
        return Err(StripeError::invalid(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", intent.to_json()));
    };
    let amount = amount.unwrap_or(intent.amount);
    if amount > intent.amount {
        let (asked, most) = (shown(amount, &intent.currency), shown(intent.amount, &intent.currency));
        let message = format!("The amount to capture ({asked}) is greater than the amount authorised ({most}).");
        return Err(StripeError::invalid(message).code("amount_too_large").param("amount_to_capture"));
    }
    metadata.apply(&mut intent.metadata)?;
    intent.status = Status::Succeeded;
    intent.amount_received = amount;
    charges::capture(state, &charge, amount);
    let answer = keep_and_tell(state, intent, "payment_intent.succeeded");
    charges::after_capture(state, &charge);
    Ok(answer)
}
