//! Idempotency keys as Stripe keeps them: the first answer again for the same call, a refusal for another, a conflict
//! while the first is under way. Must not know what the calls do.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::StripeError;

const KEPT_SECONDS: i64 = 86_400;
const MAX_LENGTH: usize = 255;

/// An answer that was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) request_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    path: String,
    params: Map<String, Value>,
    claimed_at: i64,
    /// Absent while the call is under way.
    answer: Option<Answer>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Keys(HashMap<String, Key>);

impl Keys {
    /// Lets go of calls that were under way when the simulator ended.
    pub(crate) fn forget_unanswered(&mut self) {
        self.0.retain(|_, kept| kept.answer.is_some());
    }

    /// Takes a key for a call; gives the answer if there is one already.
    pub(crate) fn claim(
        &mut self,
        key: &str,
        path: &str,
        params: &Map<String, Value>,
        now: i64,
    ) -> Result<Option<Answer>, StripeError> {
        if key.len() > MAX_LENGTH {
            let message = format!("Idempotency keys can be at most {MAX_LENGTH} characters long.");
            return Err(StripeError::new(400, "idempotency_error", message));
        }
        self.0.retain(|_, kept| kept.answer.is_none() || now - kept.claimed_at < KEPT_SECONDS);
        let Some(kept) = self.0.get(key) else {
            let claim = Key { path: path.to_owned(), params: params.clone(), claimed_at: now, answer: None };
            self.0.insert(key.to_owned(), claim);
            return Ok(None);
        };
        if kept.path != path {
            let message = format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{path}' \
                 vs '{}'). Try using a key other than '{key}' if you meant to execute a different request.",
                kept.path
            );
            return Err(StripeError::new(400, "idempotency_error", message));
        }
        if kept.params != *params {
            let message = format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
                 using a key other than '{key}' if you meant to execute a different request."
            );
            return Err(StripeError::new(400, "idempotency_error", message));
        }
        kept.answer.clone().map(Some).ok_or_else(|| in_use(key))
    }

    /// Keeps the answer of a call that held a key, or lets the key go if there is none to keep.
    pub(crate) fn settle(&mut self, key: &str, answer: Option<Answer>) {
        match (self.0.get_mut(key), answer) {
            (Some(kept), Some(answer)) => kept.answer = Some(answer),
            _ => {
                self.0.remove(key);
            }
        }
    }
}

/// The conflict of two calls with one key at the same time.
pub(crate) fn in_use(key: &str) -> StripeError {
    let message = format!(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted \
         twice, and the other request is still going through): {key}. Please try again later."
    );
    StripeError::new(409, "invalid_request_error", message).code("idempotency_key_in_use").not_kept()
}
