//! `POST /v1/payment_intents/{id}`.

use serde_json::Value;

use super::{NOT_SIMULATED, Status, find, keep, read_options, refuse_payment_method_types};
use crate::currencies::{check_amount, check_currency};
use crate::error::StripeError;
use crate::params::Params;
use crate::payment_methods;
use crate::state::State;

const UPDATABLE: &str = "requires_payment_method, requires_confirmation, requires_action";

pub(crate) fn update(state: &mut State, id: &str, mut params: Params) -> Result<Value, StripeError> {
    let amount = params.amount("amount")?;
    let currency = params.text("currency")?;
    let chosen = payment_methods::read_chosen(&mut params)?;
    let capture_method = params.choice("capture_method", &["automatic", "automatic_async", "manual"])?;
    let (three_d_secure, capture_of_card) = read_options(&mut params)?;
    let texts = [params.clearable("description")?, params.clearable("receipt_email")?];
    let transfer_group = params.text("transfer_group")?;
    let metadata = params.metadata()?;
    refuse_payment_method_types(&mut params)?;
    params.not_simulated(&NOT_SIMULATED)?;
    params.not_simulated(&["allowed_payment_method_types"])?;
    params.finish()?;

    let mut intent = find(state, id)?;
    let money = amount.is_some() || currency.is_some() || chosen.is_some() || capture_method.is_some();
    let open = [Status::RequiresPaymentMethod, Status::RequiresConfirmation, Status::RequiresAction];
    if money && !open.contains(&intent.status) {
        return Err(intent.unexpected_state("update", "updated", UPDATABLE));
    }
    intent.amount = amount.unwrap_or(intent.amount);
    intent.currency = currency.unwrap_or(intent.currency);
    check_currency(&intent.currency)?;
    check_amount(intent.amount, &intent.currency)?;
    metadata.apply(&mut intent.metadata)?;
    let [description, receipt_email] = texts;
    for (given, kept) in [(description, &mut intent.description), (receipt_email, &mut intent.receipt_email)] {
        if let Some(given) = given {
            *kept = Some(given).filter(|text| !text.is_empty());
        }
    }
    intent.transfer_group = transfer_group.or(intent.transfer_group);
    if let Some(method) = capture_of_card.or(capture_method) {
        intent.capture_method = method.into();
    }
    if let Some(asked) = three_d_secure {
        intent.request_three_d_secure = asked.into();
    }
    if let Some(chosen) = chosen {
        intent.payment_method = Some(payment_methods::resolve(state, chosen)?);
    }
    // The card was asked about another amount, or is another card: it is asked again.
    if money {
        intent.status = match intent.payment_method {
            Some(_) => Status::RequiresConfirmation,
            None => Status::RequiresPaymentMethod,
        };
        intent.next_action = None;
    }
    Ok(keep(state, intent))
}
