//! Answers that are the same for everybody, as the cache keeps them.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, Result};
use serde::Serialize;

/// A `200` that can be kept: its body, and the headers that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    content_type: String,
    /// Where the next page is (RFC 8288); empty for none.
    link: String,
    body: Vec<u8>,
}

impl KeptAnswer {
    /// An answer in JSON or a media type over it.
    ///
    /// # Errors
    /// `internal_error` when the object can't be written as JSON.
    pub fn json<T: Serialize>(content_type: &str, link: Option<&str>, object: &T) -> Result<Self> {
        let body = serde_json::to_vec(object).map_err(Error::internal)?;
        Ok(Self { content_type: content_type.to_owned(), link: link.unwrap_or_default().to_owned(), body })
    }

    /// A line for each header, then the body as it is.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = format!("{}\n{}\n", self.content_type, self.link).into_bytes();
        bytes.extend(self.body);
        bytes
    }

    /// What [`KeptAnswer::into_bytes`] gave.
    ///
    /// # Errors
    /// `internal_error` when it gave something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
        let mut line = || parts.next().and_then(|line| String::from_utf8(line.to_vec()).ok());
        let (content_type, link) = (line(), line());
        let (Some(content_type), Some(link), Some(body)) = (content_type, link, parts.next()) else {
            return Err(Error::internal("the cache gave what was never kept"));
        };
        Ok(Self { content_type, link, body: body.to_vec() })
    }
}

impl IntoResponse for KeptAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        for (name, value) in [(header::CONTENT_TYPE, self.content_type), (header::LINK, self.link)] {
            if let Some(value) = HeaderValue::try_from(value).ok().filter(|value| !value.is_empty()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        for link in [None, Some("<https://api.example.com/v1/properties?cursor=x>; rel=\"next\"")] {
            let answer = KeptAnswer::json("application/json", link, &"a line\nand another\n").expect("json");
            assert_eq!(KeptAnswer::from_bytes(&answer.clone().into_bytes()).expect("kept"), answer);
        }
    }

    #[test]
    fn what_was_never_kept_is_refused() {
        for bytes in [&b""[..], b"application/json", b"application/json\n", b"\xff\n\n{}"] {
            assert!(KeptAnswer::from_bytes(bytes).is_err());
        }
    }
}
