//! Events: what happened, with the object as it was then.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::API_VERSION;
use crate::error::StripeError;
use crate::lists::{self, Page};
use crate::params::Params;
use crate::state::{Cause, State, Word};
use crate::table::Row;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) kind: Word,
    /// The payment, transfer or account it belongs to: events of one are sent in order.
    pub(crate) subject: String,
    /// The connected account it happened in, if not in the platform's own.
    pub(crate) account: Option<String>,
    pub(crate) object: Value,
    pub(crate) cause: Cause,
}

impl Row for Event {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}

impl Event {
    pub(crate) fn to_json(&self, pending_webhooks: usize) -> Value {
        let mut shown = json!({
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": {"object": self.object},
            "livemode": false,
            "pending_webhooks": pending_webhooks,
            "request": {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
            "type": self.kind,
        });
        if let Some(account) = &self.account {
            shown["account"] = account.as_str().into();
        }
        shown
    }
}

/// `GET /v1/events/{id}`.
pub(crate) fn retrieve(state: &State, id: &str) -> Result<Value, StripeError> {
    let found = state.events.get(id);
    let found = found.ok_or_else(|| StripeError::no_such("event", id, "id"))?;
    Ok(found.to_json(state.deliveries.pending(id)))
}

/// `GET /v1/events`.
pub(crate) fn list(state: &State, mut params: Params) -> Result<Value, StripeError> {
    let (kind, kinds) = (params.text("type")?, params.list("types")?);
    let page = Page::read(&mut params)?;
    params.not_simulated(&["delivery_success"])?;
    params.finish()?;
    lists::answer("/v1/events", &page, &state.events, |event| {
        // `type` may end in a star: `charge.*`.
        let wanted = kind.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(start) => event.kind.starts_with(start),
            None => event.kind == *wanted,
        }) && kinds.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| *wanted == event.kind));
        wanted.then(|| event.to_json(state.deliveries.pending(&event.id)))
    })
}
