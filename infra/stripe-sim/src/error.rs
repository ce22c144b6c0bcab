//! Stripe's error object and the refusals that several resources share. Must not decide when to refuse.

use serde_json::{Map, Value, json};

/// An answer that is not 2xx.
#[derive(Debug, Clone)]
pub(crate) struct StripeError {
    pub(crate) status: u16,
    /// Stripe's `type`.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    /// `decline_code`, `charge`, `payment_intent` and the like.
    pub(crate) more: Map<String, Value>,
    /// Whether an Idempotency-Key keeps this answer: Stripe keeps none from before the work began.
    pub(crate) kept: bool,
}

impl StripeError {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), code: None, param: None, more: Map::new(), kept: true }
    }

    /// A request that Stripe understands and refuses.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// A parameter at fault; the work has not begun.
    pub(crate) fn parameter(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).code(code).param(param).not_kept()
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::parameter("parameter_missing", param, format!("Missing required param: {param}."))
    }

    pub(crate) fn no_such(object: &str, id: &str, param: &str) -> Self {
        let mut error = Self::invalid(format!("No such {object}: '{id}'")).code("resource_missing").param(param);
        error.status = 404;
        error
    }

    /// A reference to nothing in a parameter: Stripe answers 400 there, and 404 in a path.
    pub(crate) fn no_such_reference(object: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {object}: '{id}'")).code("resource_missing").param(param)
    }

    /// A part of Stripe that is not here.
    pub(crate) fn unsupported(param: &str) -> Self {
        Self::parameter(
            "simulator_unsupported",
            param,
            format!("Stripe knows {param}; this simulator does not simulate it."),
        )
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn not_kept(mut self) -> Self {
        self.kept = false;
        self
    }

    /// The error as it stands in `last_payment_error`.
    pub(crate) fn object(&self) -> Map<String, Value> {
        let mut object = self.more.clone();
        if let Some(code) = self.code {
            object.insert("code".to_owned(), code.into());
            let page = code.replace('_', "-");
            object.insert("doc_url".to_owned(), format!("https://docs.stripe.com/error-codes/{page}").into());
        }
        if let Some(param) = &self.param {
            object.insert("param".to_owned(), param.as_str().into());
        }
        object.insert("message".to_owned(), self.message.as_str().into());
        object.insert("type".to_owned(), self.kind.into());
        object
    }

    /// The body of the answer.
    pub(crate) fn body(&self, request_id: &str) -> Value {
        let mut object = self.object();
        let url = format!("https://dashboard.stripe.com/test/logs/{request_id}");
        object.insert("request_log_url".to_owned(), url.into());
        json!({ "error": object })
    }
}
