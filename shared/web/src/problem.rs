//! Errors as RFC 9457 problems. The client reads code, detail and faults; the cause goes to the log and nowhere else.

use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode, FieldError};
use serde::Serialize;
use serde_json::{Map, Value};
use services::idempotency::SavedAnswer;

use crate::answers;
use crate::context::{self, RequestContext};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// When to come again, where the error itself does not say.
const DEFAULT_RETRY_AFTER_SECONDS: u32 = 2;

/// An error on its way out: what handlers and extractors fail with.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        log(&self.0);
        answers::into_response(render(&self.0))
    }
}

#[derive(Serialize)]
struct Members<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

/// The answer to the request being answered: status, headers and body of the problem.
pub fn render(error: &Error) -> SavedAnswer {
    let request = context::current();
    let code = error.code();
    let members = Members {
        r#type: format!("{}/docs/errors#{}", request.public_base_url, code.as_str()),
        title: code.title(),
        status: code.status(),
        detail: error.detail(),
        code: code.as_str(),
        request_id: &request.request_id,
        errors: error.fields(),
        extra: error.extra(),
    };
    let mut headers = vec![("content-type".to_owned(), MEDIA_TYPE.to_owned())];
    if let Some(seconds) = retry_after_seconds(error) {
        headers.push(("retry-after".to_owned(), seconds.to_string()));
    }
    if code.status() == 401 {
        headers.push(("www-authenticate".to_owned(), challenge(error, &request)));
    }
    // Strings, numbers and maps with string keys: there is nothing in it that could fail to be JSON.
    let body = serde_json::to_vec(&members).unwrap_or_default();
    SavedAnswer { status: code.status(), headers, body }
}

/// Logs what the client is not told, with the whole chain of causes: faults of ours as errors, outages as warnings.
pub fn log(error: &Error) {
    match error.code().status() {
        503 => tracing::warn!(code = error.code().as_str(), cause = error.causes(), "unavailable"),
        500.. => tracing::error!(code = error.code().as_str(), cause = error.causes(), "failed"),
        _ => tracing::debug!(code = error.code().as_str(), cause = error.causes(), "refused"),
    }
}

fn retry_after_seconds(error: &Error) -> Option<u32> {
    let must_say =
        matches!(error.code(), ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::IdempotencyInProgress);
    error.retry_after_seconds().or(must_say.then_some(DEFAULT_RETRY_AFTER_SECONDS))
}

/// RFC 6750 §3: no error code for a request that brought no credentials.
fn challenge(error: &Error, request: &RequestContext) -> String {
    if error.code() == ErrorCode::Unauthenticated && request.credentials_sent {
        "Bearer error=\"invalid_token\", error_description=\"The access token is not valid or has expired\"".to_owned()
    } else {
        "Bearer realm=\"roost\"".to_owned()
    }
}
