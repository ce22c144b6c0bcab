//! `POST /v1/payment_intents`.

use serde_json::{Map, Value, json};

use super::confirm::{self, Attempt};
use super::{NOT_SIMULATED, PaymentIntent, Status, read_options, refuse_payment_method_types};
use crate::currencies::{check_amount, check_currency};
use crate::error::StripeError;
use crate::params::Params;
use crate::payment_methods::{self, Chosen};
use crate::state::State;

struct CreateIn {
    intent: PaymentIntent,
    chosen: Option<Chosen>,
    /// Present when the intent is to be confirmed at once.
    attempt: Option<Attempt>,
}

pub(crate) fn create(state: &mut State, params: Params) -> Result<Value, StripeError> {
    let CreateIn { mut intent, chosen, attempt } = read(params)?;
    check_currency(&intent.currency)?;
    check_amount(intent.amount, &intent.currency)?;
    intent.id = state.ids.next("pi");
    intent.client_secret = state.ids.next(&format!("{}_secret", intent.id));
    intent.created = state.now();
    if let Some(chosen) = chosen {
        intent.payment_method = Some(payment_methods::resolve(state, chosen)?);
        intent.status = Status::RequiresConfirmation;
    }
    let (id, shown) = (intent.id.clone(), intent.to_json());
    state.payment_intents.insert(intent);
    state.emit("payment_intent.created", &id, shown.clone());
    match attempt {
        Some(attempt) => confirm::attempt(state, &id, &attempt),
        None => Ok(shown),
    }
}

fn read(mut params: Params) -> Result<CreateIn, StripeError> {
    let amount = params.amount("amount")?.ok_or_else(|| StripeError::missing("amount"))?;
    let currency = params.required("currency")?;
    let confirms = params.boolean("confirm")?.unwrap_or(false);
    let chosen = payment_methods::read_chosen(&mut params)?;
    let methods = ["automatic", "automatic_async", "manual"];
    let capture_method = params.choice("capture_method", &methods)?;
    let (three_d_secure, capture_of_card) = read_options(&mut params)?;
    let (automatic, allowed) = read_payment_methods(&mut params)?;
    let attempt = Attempt::read(&mut params)?;
    if !confirms && attempt.is_only_for_confirming() {
        let message = "off_session, error_on_requires_action and return_url can only be passed with confirm=true.";
        return Err(StripeError::parameter("parameter_invalid_empty", "confirm", message));
    }
    let mut metadata = Map::new();
    params.metadata()?.apply(&mut metadata)?;
    let intent = PaymentIntent {
        id: String::new(),
        created: 0,
        amount,
        currency,
        client_secret: String::new(),
        status: Status::RequiresPaymentMethod,
        capture_method: capture_of_card.or(capture_method).unwrap_or("automatic_async").into(),
        amount_received: 0,
        payment_method: None,
        latest_charge: None,
        last_payment_error: None,
        next_action: None,
        return_url: None,
        canceled_at: None,
        cancellation_reason: None,
        automatic_payment_methods: automatic,
        allowed_payment_method_types: allowed,
        request_three_d_secure: three_d_secure.unwrap_or("automatic").into(),
        description: params.text("description")?,
        receipt_email: params.text("receipt_email")?,
        transfer_group: params.text("transfer_group")?,
        metadata,
    };
    params.not_simulated(&NOT_SIMULATED)?;
    params.finish()?;
    Ok(CreateIn { intent, chosen, attempt: confirms.then_some(attempt) })
}

type PaymentMethodTypes = (Option<Value>, Option<Vec<String>>);

/// Which ways of paying are offered: all that the account has switched on, unless the caller allows fewer.
fn read_payment_methods(params: &mut Params) -> Result<PaymentMethodTypes, StripeError> {
    refuse_payment_method_types(params)?;
    let allowed = params.list("allowed_payment_method_types")?;
    let Some(mut automatic) = params.object("automatic_payment_methods")? else {
        if allowed.as_ref().is_some_and(|types| !types.iter().any(|kind| kind == "card")) {
            return Err(StripeError::invalid("Only cards are simulated; allow \"card\".")
                .code("simulator_unsupported")
                .param("allowed_payment_method_types")
                .not_kept());
        }
        let by_default = allowed.is_none().then(|| json!({"allow_redirects": "always", "enabled": true}));
        return Ok((by_default, allowed));
    };
    if allowed.is_some() {
        let message = "You may only specify one of these parameters: automatic_payment_methods, \
                       allowed_payment_method_types.";
        return Err(StripeError::parameter("parameters_exclusive", "automatic_payment_methods", message));
    }
    let Some(enabled) = automatic.boolean("enabled")? else {
        return Err(StripeError::missing("automatic_payment_methods[enabled]"));
    };
    let redirects = automatic.choice("allow_redirects", &["always", "never"])?.unwrap_or("always");
    automatic.finish()?;
    Ok((Some(json!({"allow_redirects": redirects, "enabled": enabled})), None))
}
