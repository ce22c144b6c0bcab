//! How a client stands with the limit that is nearest, as draft-ietf-httpapi-ratelimit-headers has it: on every answer to
//! a request that was counted, refused or not.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use services::throttles::Client;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Adds `RateLimit-Policy` and `RateLimit`, if the client was counted.
pub(crate) fn mark(headers: &mut HeaderMap, client: &Client) {
    let Some(standing) = client.standing() else { return };
    let name = standing.policy.as_str();
    let policy = format!("\"{name}\";q={};w={}", standing.quota, standing.window_seconds);
    let limit = format!("\"{name}\";r={};t={}", standing.remaining, standing.reset_seconds);
    for (header, value) in [(POLICY, policy), (LIMIT, limit)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(header, value);
        }
    }
}
