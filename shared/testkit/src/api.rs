//! A function's router in process: requests to it and what comes back.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use domain::throttle::ClientAddress;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{BASE_URL, new_address};

/// A router inside the shell, called from an address of its own.
#[derive(Clone)]
pub struct Api {
    router: Router,
    address: ClientAddress,
}

impl Api {
    pub(crate) fn new(router: Router) -> Self {
        Self { router, address: new_address() }
    }

    /// The same, called from another address.
    #[must_use]
    pub fn from_elsewhere(&self) -> Self {
        Self { router: self.router.clone(), address: new_address() }
    }

    /// Sends a request with these headers.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).extension(self.address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request of HTTP");
        let answered = self.router.clone().oneshot(request).await;
        let (parts, body) = answered.unwrap_or_else(|never| match never {}).into_parts();
        let body = body.collect().await.expect("the body is in memory").to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends JSON, or nothing when it is null; without a token as a stranger.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, json: &Value) -> Answer {
        self.call_keyed(method, path, token, None, json).await
    }

    /// The same with an idempotency key.
    pub async fn call_keyed(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        key: Option<&str>,
        json: &Value,
    ) -> Answer {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers = Vec::new();
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let body = if json.is_null() {
            String::new()
        } else {
            headers.push(("content-type", "application/json"));
            json.to_string()
        };
        self.send(method, path, &headers, body).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.call(Method::GET, path, token, &Value::Null).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, token: Option<&str>, json: &Value) -> Answer {
        self.call(Method::POST, path, token, json).await
    }

    /// `POST` of JSON with an idempotency key.
    pub async fn post_keyed(&self, path: &str, token: Option<&str>, key: &str, json: &Value) -> Answer {
        self.call_keyed(Method::POST, path, token, Some(key), json).await
    }
}

/// What differs from run to run put behind names, so that a whole answer can be compared: ids, instants, dates and
/// whatever `secrets` names as a member.
pub fn redacted(json: &Value, secrets: &[&str]) -> Value {
    match json {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let shown = if secrets.contains(&name.as_str()) { json_text(name) } else { redacted(value, secrets) };
                (name.clone(), shown)
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| redacted(item, secrets)).collect(),
        Value::String(text) => redacted_text(text),
        other => other.clone(),
    }
}

fn redacted_text(text: &str) -> Value {
    if let Some((prefix, suffix)) = text.rsplit_once('_')
        && suffix.len() == 26
        && suffix.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    {
        json_text(prefix)
    } else if text.parse::<jiff::Timestamp>().is_ok() {
        json_text("instant")
    } else if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        json_text("date")
    } else {
        Value::String(text.to_owned())
    }
}

fn json_text(name: &str) -> Value {
    Value::String(format!("[{name}]"))
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The JSON of an answer of this status.
    #[track_caller]
    pub fn of_status(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// Checks that this is a problem of this status and code, as RFC 9457 and the contract say; gives its JSON.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!((self.status, json["code"].as_str()), (status, Some(code)), "{json}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(json["type"], format!("{BASE_URL}/docs/errors#{code}"));
        assert_eq!(json["status"], status);
        assert!(json["title"].is_string() && json["detail"].is_string() && json["request_id"].is_string(), "{json}");
        json
    }

    /// The `(pointer, code)` of each fault of a `422 validation_failed`, sorted.
    #[track_caller]
    pub fn faults(&self) -> Vec<(String, String)> {
        let json = self.problem(422, "validation_failed");
        let text = |fault: &Value, member: &str| fault[member].as_str().unwrap_or("").to_owned();
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        let mut faults: Vec<_> = errors.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect();
        faults.sort();
        faults
    }
}
