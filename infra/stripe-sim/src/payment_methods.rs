//! PaymentMethods: test cards by id or by number. Others than cards are not simulated.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cards::{self, Card};
use crate::error::StripeError;
use crate::params::Params;
use crate::state::State;
use crate::table::Row;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentMethod {
    id: String,
    created: i64,
    #[serde(with = "cards::kept_card")]
    pub(crate) card: &'static Card,
    exp_month: i64,
    exp_year: i64,
    metadata: Map<String, Value>,
    pub(crate) billing_details: Value,
}

impl Row for PaymentMethod {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl PaymentMethod {
    /// The part that a Charge repeats.
    pub(crate) fn card_facts(&self) -> Value {
        json!({
            "brand": self.card.brand,
            "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
            "country": "US",
            "exp_month": self.exp_month,
            "exp_year": self.exp_year,
            "fingerprint": format!("sim{}", self.card.number.chars().rev().take(8).collect::<String>()),
            "funding": "credit",
            "last4": self.card.last4(),
            "wallet": null,
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut card = self.card_facts();
        card["display_brand"] = self.card.brand.into();
        card["generated_from"] = Value::Null;
        card["networks"] = json!({"available": [self.card.brand], "preferred": null});
        card["regulated_status"] = "unregulated".into();
        card["three_d_secure_usage"] = json!({"supported": true});
        json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": self.billing_details,
            "card": card,
            "created": self.created,
            "customer": null,
            "customer_account": null,
            "livemode": false,
            "metadata": self.metadata,
            "type": "card",
        })
    }
}

fn no_billing_details() -> Value {
    json!({
        "address": {"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
        "email": null, "name": null, "phone": null, "tax_id": null,
    })
}

/// `POST /v1/payment_methods`.
pub(crate) fn create(state: &mut State, mut params: Params) -> Result<Value, StripeError> {
    let data = read_data(&mut params)?;
    let mut metadata = Map::new();
    params.metadata()?.apply(&mut metadata)?;
    params.finish()?;
    let id = insert(state, data, metadata);
    retrieve(state, &id)
}

/// `GET /v1/payment_methods/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    let found = state.payment_methods.get(id);
    found.map(PaymentMethod::to_json).ok_or_else(|| StripeError::no_such("PaymentMethod", id, "payment_method"))
}

/// A card as a caller describes it.
#[derive(Debug)]
pub(crate) struct CardData {
    card: &'static Card,
    exp_month: i64,
    exp_year: i64,
    billing_details: Value,
}

/// What the parameters of a PaymentIntent say about how to pay.
#[derive(Debug)]
pub(crate) enum Chosen {
    Id(String),
    Data(CardData),
}

/// Takes `payment_method` or `payment_method_data`; with both, Stripe uses the data.
pub(crate) fn read_chosen(params: &mut Params) -> Result<Option<Chosen>, StripeError> {
    let id = params.text("payment_method")?.map(Chosen::Id);
    let Some(mut data) = params.object("payment_method_data")? else { return Ok(id) };
    let read = read_data(&mut data)?;
    data.finish()?;
    Ok(Some(Chosen::Data(read)))
}

fn read_data(params: &mut Params) -> Result<CardData, StripeError> {
    let kind = params.required("type")?;
    if kind != "card" {
        return Err(StripeError::invalid(format!(
            "The payment method type \"{kind}\" is not simulated; use \"card\"."
        ))
        .code("simulator_unsupported")
        .param("type")
        .not_kept());
    }
    let mut card = params.object("card")?.ok_or_else(|| StripeError::missing("card"))?;
    let token = card.text("token")?;
    let (known, exp_month, exp_year) = match token {
        Some(token) => {
            let id = token.replacen("tok_", "pm_card_", 1);
            let known = cards::by_payment_method(&id);
            (known.ok_or_else(|| StripeError::no_such_reference("token", &token, "card[token]"))?, 12, 2034)
        }
        None => {
            let number = card.required("number")?;
            let exp_month = card.integer("exp_month")?.ok_or_else(|| StripeError::missing("card[exp_month]"))?;
            let exp_year = card.integer("exp_year")?.ok_or_else(|| StripeError::missing("card[exp_year]"))?;
            card.text("cvc")?;
            (cards::by_number(&number)?, exp_month, exp_year)
        }
    };
    card.not_simulated(&["networks"])?;
    card.finish()?;
    let mut billing_details = no_billing_details();
    if let Some(mut given) = params.object("billing_details")? {
        for name in ["email", "name", "phone", "tax_id"] {
            billing_details[name] = given.clearable(name)?.filter(|text| !text.is_empty()).into();
        }
        if let Some(mut address) = given.object("address")? {
            for name in ["city", "country", "line1", "line2", "postal_code", "state"] {
                billing_details["address"][name] = address.clearable(name)?.filter(|text| !text.is_empty()).into();
            }
            address.finish()?;
        }
        given.finish()?;
    }
    params.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
    params.not_simulated(&["radar_options", "customer", "payment_method"])?;
    Ok(CardData { card: known, exp_month: exp_month.clamp(1, 12), exp_year, billing_details })
}

fn insert(state: &mut State, data: CardData, metadata: Map<String, Value>) -> String {
    let id = state.ids.next("pm");
    state.payment_methods.insert(PaymentMethod {
        id: id.clone(),
        created: state.now(),
        card: data.card,
        exp_month: data.exp_month,
        exp_year: data.exp_year,
        metadata,
        billing_details: data.billing_details,
    });
    id
}

/// The id of the PaymentMethod that was chosen; a ready-made one (`pm_card_visa`) becomes one of the account's own.
pub(crate) fn resolve(state: &mut State, chosen: Chosen) -> Result<String, StripeError> {
    match chosen {
        Chosen::Data(data) => Ok(insert(state, data, Map::new())),
        Chosen::Id(id) if state.payment_methods.get(&id).is_some() => Ok(id),
        Chosen::Id(id) => match cards::by_payment_method(&id) {
            Some(card) => {
                let billing_details = no_billing_details();
                let data = CardData { card, exp_month: 12, exp_year: 2034, billing_details };
                Ok(insert(state, data, Map::new()))
            }
            None => Err(StripeError::no_such_reference("PaymentMethod", &id, "payment_method")),
        },
    }
}
