//! The log of calls, for tests to look at. Must not keep card numbers.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Map, Value};

const KEPT: usize = 10_000;

#[derive(Debug, Serialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) params: Map<String, Value>,
    pub(crate) idempotency_key: Option<String>,
    /// Null when no answer was sent.
    pub(crate) status: Option<u16>,
    /// Whether the answer was an earlier one.
    pub(crate) replayed: bool,
    pub(crate) fault: Option<crate::faults::FaultKind>,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Requests(VecDeque<Request>);

impl Requests {
    pub(crate) fn add(&mut self, mut request: Request) {
        mask_numbers(&mut request.params);
        self.0.push_front(request);
        self.0.truncate(KEPT);
    }

    pub(crate) fn newest_first(&self) -> &VecDeque<Request> {
        &self.0
    }
}

fn mask_numbers(params: &mut Map<String, Value>) {
    for (name, value) in params {
        match value {
            Value::String(text) if matches!(name.as_str(), "number" | "cvc") => *text = "*".repeat(text.len()),
            Value::Object(inner) => mask_numbers(inner),
            _ => {}
        }
    }
}
