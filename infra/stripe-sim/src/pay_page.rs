//! A page to pay as a guest would, and the bank's 3-D Secure page: plain forms, no script, nothing from elsewhere.
//! Must not do more than a guest's browser may.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Extract};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::cards::CARDS;
use crate::currencies::shown;
use crate::error::StripeError;
use crate::html::{escape, failure, page, see, wrong};
use crate::params::Params;
use crate::payment_intents::{self, Caller};
use crate::shared::Shared;
use crate::{form, routes};

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/pay/{id}", get(show).post(pay))
        .route("/pay/{id}/authenticate", get(show_question).post(answer_question))
}

type Account = Extract<Arc<Shared>>;

const TITLE: &str = "Pay";

/// What the pages take from a query or a form.
struct Fields {
    client_secret: String,
    number: String,
    outcome: String,
    return_url: Option<String>,
}

fn fields(text: &[u8]) -> Result<Fields, StripeError> {
    let tree = form::parse(text)?;
    let field = |name: &str| tree.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Fields {
        client_secret: field("client_secret"),
        number: field("number"),
        outcome: field("outcome"),
        return_url: Some(field("return_url")).filter(|url| !url.is_empty()),
    })
}

/// The intent as a guest's browser gets it.
fn retrieve(shared: &Arc<Shared>, id: &str, client_secret: &str) -> Result<Value, StripeError> {
    let params = Map::from_iter([("client_secret".to_owned(), client_secret.into())]);
    shared.locked(|state| routes::call(state, Caller::Guest, "GET", &["payment_intents", id], Params::new(params)))
}

fn amount_of(intent: &Value) -> String {
    shown(intent["amount"].as_i64().unwrap_or_default(), intent["currency"].as_str().unwrap_or_default())
}

/// The form, or how it went.
fn render(intent: &Value, return_url: Option<&str>, problem: &str) -> String {
    let status = intent["status"].as_str().unwrap_or_default();
    let mut html = format!(
        "<p><strong id=\"amount\">{}</strong> <span id=\"status\">{status}</span></p>{problem}",
        escape(&amount_of(intent))
    );
    if !matches!(status, "requires_payment_method" | "requires_confirmation" | "requires_action") {
        return html;
    }
    let mut options = String::new();
    for card in &CARDS {
        let name = card.payment_method.unwrap_or_default();
        options.push_str(&format!("<option value=\"{}\">{name}</option>", card.number));
    }
    let secret = escape(intent["client_secret"].as_str().unwrap_or_default());
    let return_url = escape(return_url.unwrap_or_default());
    html.push_str(&format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"client_secret\" value=\"{secret}\">\
         <input type=\"hidden\" name=\"return_url\" value=\"{return_url}\">\
         <label>Card number <input name=\"number\" list=\"cards\" value=\"4242424242424242\" autocomplete=\"off\" \
         inputmode=\"numeric\" required></label><datalist id=\"cards\">{options}</datalist>\
         <button type=\"submit\">Pay</button></form>"
    ));
    html
}

async fn show(Extract(shared): Account, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let shown = fields(query.unwrap_or_default().as_bytes()).and_then(|fields| {
        let intent = retrieve(&shared, &id, &fields.client_secret)?;
        Ok(render(&intent, fields.return_url.as_deref(), ""))
    });
    shown.map_or_else(|error| failure(TITLE, &error), |html| page(StatusCode::OK, TITLE, &html))
}

async fn pay(Extract(shared): Account, Path(id): Path<String>, body: Bytes) -> Response {
    let fields = match fields(&body) {
        Ok(fields) => fields,
        Err(error) => return failure(TITLE, &error),
    };
    let mut params = json!({
        "client_secret": fields.client_secret,
        "payment_method_data": {
            "type": "card", "card": {"number": fields.number, "exp_month": "12", "exp_year": "2034", "cvc": "123"},
        },
    });
    if let Some(return_url) = &fields.return_url {
        params["return_url"] = return_url.as_str().into();
    }
    let Value::Object(params) = params else { return failure(TITLE, &StripeError::invalid("No parameters.")) };
    let paid = shared.locked(|state| {
        routes::call(state, Caller::Guest, "POST", &["payment_intents", &id, "confirm"], Params::new(params))
    });
    match paid {
        Ok(intent) => {
            let asked = &intent["next_action"];
            let question = [&asked["redirect_to_url"]["url"], &asked["use_stripe_sdk"]["stripe_js"]];
            match question.into_iter().find_map(Value::as_str) {
                Some(url) => see(url),
                None => done(&intent, fields.return_url.as_deref()),
            }
        }
        // A decline is shown above the form, for another try.
        Err(error) => match retrieve(&shared, &id, &fields.client_secret) {
            Ok(intent) => {
                let html = render(&intent, fields.return_url.as_deref(), &wrong(&error));
                page(StatusCode::PAYMENT_REQUIRED, TITLE, &html)
            }
            Err(error) => failure(TITLE, &error),
        },
    }
}

/// Back to the shop, as Stripe sends a guest there, or to this page.
fn done(intent: &Value, return_url: Option<&str>) -> Response {
    let id = intent["id"].as_str().unwrap_or_default();
    let secret = intent["client_secret"].as_str().unwrap_or_default();
    let Some(return_url) = return_url else {
        return see(&format!("/pay/{id}?client_secret={secret}"));
    };
    let succeeded = matches!(intent["status"].as_str(), Some("succeeded" | "requires_capture" | "processing"));
    let outcome = if succeeded { "succeeded" } else { "failed" };
    let joint = if return_url.contains('?') { '&' } else { '?' };
    see(&format!(
        "{return_url}{joint}payment_intent={id}&payment_intent_client_secret={secret}&redirect_status={outcome}"
    ))
}

async fn show_question(Extract(shared): Account, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let shown = fields(query.unwrap_or_default().as_bytes()).and_then(|fields| {
        let intent = retrieve(&shared, &id, &fields.client_secret)?;
        Ok(format!(
            "<p>Your bank asks: is it you who pays <strong>{}</strong>?</p><form method=\"post\">\
             <input type=\"hidden\" name=\"client_secret\" value=\"{}\">\
             <button name=\"outcome\" value=\"succeed\">Complete</button>\
             <button name=\"outcome\" value=\"fail\">Fail</button></form>",
            escape(&amount_of(&intent)),
            escape(&fields.client_secret)
        ))
    });
    shown.map_or_else(|error| failure(TITLE, &error), |html| page(StatusCode::OK, TITLE, &html))
}

async fn answer_question(Extract(shared): Account, Path(id): Path<String>, body: Bytes) -> Response {
    let answered = fields(&body).and_then(|fields| {
        // Proves that the caller knows the secret before anything is done.
        let before = retrieve(&shared, &id, &fields.client_secret)?;
        let return_url = before["next_action"]["redirect_to_url"]["return_url"].as_str().map(str::to_owned);
        let succeeds = fields.outcome == "succeed";
        let intent = shared.locked(|state| payment_intents::authenticate(state, &id, succeeds))?;
        Ok(done(&intent, return_url.as_deref()))
    });
    answered.unwrap_or_else(|error| failure(TITLE, &error))
}
