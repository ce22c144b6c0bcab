//! The `Idempotency-Key` header. What a key stands for is the request: method, path and canonical body.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use domain::error::{Error, ErrorCode, Result};
use services::{Actor, IdempotencyKey, Services};

use crate::problem::Problem;

/// The longest key, in characters.
pub const KEY_MAX_LENGTH: usize = 255;

/// The key of a request that may have one.
#[derive(Clone, Debug)]
pub struct OptionalIdempotencyKey {
    key: Option<String>,
    method_and_path: String,
}

impl OptionalIdempotencyKey {
    /// The key for the services, bound to this caller (none: not signed in) and this request.
    ///
    /// # Errors
    /// `unavailable` when the signing key is not to be had.
    pub async fn bind(
        &self,
        services: &Services,
        caller: Option<&Actor>,
        canonical_body: &[u8],
    ) -> Result<Option<IdempotencyKey>> {
        let Some(key) = &self.key else { return Ok(None) };
        let caller = caller.map_or_else(|| "anonymous".to_owned(), |actor| actor.user_id.to_string());
        let request = [self.method_and_path.as_bytes(), b"\n", canonical_body].concat();
        services.idempotency(&caller, key, &request).await.map(Some)
    }
}

impl<S: Sync> FromRequestParts<S> for OptionalIdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let method_and_path = format!("{} {}", parts.method, parts.uri.path());
        Ok(Self { key: key(&parts.headers)?, method_and_path })
    }
}

/// The key of a request that moves money; without one the answer is `400`.
#[derive(Clone, Debug)]
pub struct RequiredIdempotencyKey(OptionalIdempotencyKey);

impl RequiredIdempotencyKey {
    /// The key for the services, bound to this caller and this request.
    ///
    /// # Errors
    /// `unavailable` when the signing key is not to be had.
    pub async fn bind(
        &self,
        services: &Services,
        caller: &Actor,
        canonical_body: &[u8],
    ) -> Result<Option<IdempotencyKey>> {
        self.0.bind(services, Some(caller), canonical_body).await
    }
}

impl<S: Sync> FromRequestParts<S> for RequiredIdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let optional = OptionalIdempotencyKey::from_request_parts(parts, state).await?;
        if optional.key.is_none() {
            let detail = "Send an Idempotency-Key header: a new value for each new request, the same one to try again.";
            return Err(Problem(Error::new(ErrorCode::IdempotencyKeyMissing, detail)));
        }
        Ok(Self(optional))
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut lines = headers.get_all("idempotency-key").iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(invalid()),
        (Some(line), None) => {
            let key = line.to_str().map_err(|_| invalid())?;
            parse_key(key).map(|key| Some(key.to_owned()))
        }
    }
}

/// A key as it was sent, by header or in an input, without the space around it.
///
/// # Errors
/// `idempotency_key_invalid`.
pub fn parse_key(key: &str) -> Result<&str> {
    let key = key.trim();
    let printable = key.bytes().all(|b| (0x20..=0x7e).contains(&b));
    if key.is_empty() || key.len() > KEY_MAX_LENGTH || !printable {
        return Err(invalid());
    }
    Ok(key)
}

fn invalid() -> Error {
    Error::new(ErrorCode::IdempotencyKeyInvalid, "The key must be 1 to 255 printable ASCII characters.")
}
