//! A tiny router inside the shell, and requests to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use web::{HttpSettings, OriginPattern, shell};

/// How the tests' stage speaks HTTP.
pub(crate) fn settings() -> Arc<HttpSettings> {
    let origins = ["https://app.example.com", "http://localhost:*"];
    Arc::new(HttpSettings {
        public_base_url: "https://api.example.com".into(),
        cors_origins: origins.iter().filter_map(|origin| OriginPattern::parse(origin)).collect(),
        time_limit: Duration::from_millis(50),
    })
}

/// The routes inside the shell.
pub(crate) fn app(routes: Router) -> Router {
    shell::wrap(&settings(), routes)
}

/// What came back.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Checks that this is a problem of this status and code, as RFC 9457 and the contract say.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        let json = self.json();
        assert_eq!((self.status.as_u16(), json["code"].as_str()), (status, Some(code)), "{json}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(json["type"], format!("https://api.example.com/docs/errors#{code}"));
        assert_eq!(json["status"], status);
        assert_eq!(json["request_id"], self.header("x-request-id"));
        assert!(json["title"].is_string() && json["detail"].is_string());
        assert_eq!(self.header("cache-control"), "no-store");
    }

    /// The `(pointer, code)` of each fault.
    pub(crate) fn faults(&self) -> Vec<(String, String)> {
        let text = |fault: &Value, member: &str| fault[member].as_str().unwrap_or("").to_owned();
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
    }
}

/// Sends a request with these headers.
pub(crate) async fn send(
    app: &Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).expect("a request");
    let (parts, body) = app.clone().oneshot(request).await.expect("infallible").into_parts();
    let body = body.collect().await.expect("in memory").to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// `GET` without headers.
pub(crate) async fn get(app: &Router, path: &str) -> Answer {
    send(app, Method::GET, path, &[], Body::empty()).await
}

/// `POST` of JSON.
pub(crate) async fn post(app: &Router, path: &str, body: impl Into<Body>) -> Answer {
    send(app, Method::POST, path, &[("content-type", "application/json")], body).await
}
