//! Which origins a browser may call from, and what its scripts may send and read.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may keep the answer to a preflight.
const MAX_AGE: Duration = Duration::from_secs(3_600);

/// An origin, or all ports of one: `https://app.example.com`, `http://localhost:*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    origin: String,
    any_port: bool,
}

impl OriginPattern {
    /// Reads a pattern; `None` when it is no origin (scheme, host, no path).
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        let any_port = host.ends_with(":*");
        let host = host.trim_end_matches(":*");
        let plain = |part: &str| !part.is_empty() && !part.contains(['/', '*', '?', '#', '@', ' ', ',']);
        (matches!(scheme, "http" | "https") && plain(host))
            .then(|| Self { origin: format!("{scheme}://{host}"), any_port })
    }

    /// Whether a browser at `origin` is meant.
    pub fn allows(&self, origin: &str) -> bool {
        match origin.strip_prefix(&self.origin) {
            Some("") => true,
            Some(rest) if self.any_port => {
                rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
            }
            _ => false,
        }
    }
}

/// The layer that answers preflights and marks answers for these origins.
pub fn layer(origins: &[OriginPattern]) -> CorsLayer {
    let origins = origins.to_vec();
    let allowed = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        origin.to_str().is_ok_and(|origin| origins.iter().any(|pattern| pattern.allows(origin)))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            header::ALLOW,
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("idempotent-replayed"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(MAX_AGE)
}

/// Whether the layer has to do with a request: it comes from a page of some origin, and if it is `OPTIONS`, it is a
/// preflight; any other `OPTIONS` is a method like another.
pub fn is_asked_for(method: &Method, headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        && (method != Method::OPTIONS || headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD))
}

/// Says of an answer to anybody else that to a page it would be another.
pub fn varying(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_wildcard_allows_ports_of_that_host_alone() {
        let pattern = OriginPattern::parse("http://localhost:*").expect("a pattern");
        assert!(pattern.allows("http://localhost:5173"));
        assert!(pattern.allows("http://localhost"));
        for stranger in ["https://localhost:1", "http://localhost.evil.com", "http://localhost:1.evil.com", "null"] {
            assert!(!pattern.allows(stranger), "{stranger}");
        }
    }

    #[test]
    fn an_exact_origin_allows_itself_alone() {
        let pattern = OriginPattern::parse("https://app.example.com").expect("a pattern");
        assert!(pattern.allows("https://app.example.com"));
        assert!(!pattern.allows("https://app.example.com:444"));
        assert!(!pattern.allows("https://app.example.com.evil.com"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in ["*", "https://*", "example.com", "https://example.com/path", "ftp://example.com", ""] {
            assert_eq!(OriginPattern::parse(text), None, "{text}");
        }
    }
}
