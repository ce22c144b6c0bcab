//! Entity tags (RFC 9110 §8.8.3): strong, of the body. A representation seen by two callers has a tag for each.

use std::convert::Infallible;

use aws_lc_rs::digest;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::error::{Error, ErrorCode, Result};
use http_body_util::BodyExt as _;
use serde::Serialize;

use crate::problem::Problem;

/// The tag of a body: 128 bits of its SHA-256.
pub fn of_bytes(body: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, body);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]))
}

/// The tag `GET` gives this representation.
///
/// # Errors
/// `internal_error` when it can't be written as JSON.
pub fn of<T: Serialize>(representation: &T) -> Result<String> {
    serde_json::to_vec(representation).map(|body| of_bytes(&body)).map_err(Error::internal)
}

/// The `If-Match` header of a `PATCH` or `DELETE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Whether there is a condition at all; without one the tag need not be computed.
    pub fn is_present(&self) -> bool {
        self.0.is_some()
    }

    /// Holds the condition against the tag of the object as it is now; call it in the transaction of the write.
    ///
    /// # Errors
    /// `precondition_failed` when none of the tags is this one. Weak tags never match (RFC 9110 §13.1.1).
    pub fn check(&self, current: &str) -> Result<()> {
        match &self.0 {
            Some(tags) if !tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == current) => Err(Error::new(
                ErrorCode::PreconditionFailed,
                "The object is no longer the one you have seen. Get it again.",
            )),
            _ => Ok(()),
        }
    }

    /// The same for a representation.
    ///
    /// # Errors
    /// As `check`.
    pub fn check_representation<T: Serialize>(&self, current: &T) -> Result<()> {
        if self.is_present() { self.check(&of(current)?) } else { Ok(()) }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(joined(&parts.headers, header::IF_MATCH)))
    }
}

/// Tags a `200` of a `GET` or `PATCH`, and turns the first into `304` when the client has it already.
pub(crate) async fn apply(method: &Method, if_none_match: Option<&str>, response: Response) -> Response {
    let tagged = [Method::GET, Method::PATCH].contains(method) && response.status() == StatusCode::OK;
    if !tagged || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Problem(Error::internal(error)).into_response(),
    };
    let tag = of_bytes(&body);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    // Weak comparison (RFC 9110 §13.1.2).
    let known = |tags: &str| tags.split(',').map(str::trim).any(|it| it == "*" || it.trim_start_matches("W/") == tag);
    if method == Method::GET && if_none_match.is_some_and(known) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, axum::body::Body::empty());
    }
    Response::from_parts(parts, axum::body::Body::from(body))
}

/// All lines of a list header as one; `None` when there is none.
pub(crate) fn joined(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_takes_the_tag_itself_or_a_star() {
        let tag = of_bytes(b"{}");
        for header in [tag.clone(), format!("\"other\", {tag}"), "*".to_owned()] {
            assert!(IfMatch(Some(header.clone())).check(&tag).is_ok(), "{header}");
        }
        assert!(IfMatch(None).check(&tag).is_ok());
    }

    #[test]
    fn if_match_of_another_version_or_a_weak_tag_fails() {
        let tag = of_bytes(b"{}");
        for header in ["\"other\"".to_owned(), format!("W/{tag}"), String::new()] {
            let error = IfMatch(Some(header.clone())).check(&tag).expect_err(&header);
            assert_eq!(error.code(), ErrorCode::PreconditionFailed);
        }
    }
}
