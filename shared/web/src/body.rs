//! The body of a request: JSON, checked field by field.

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use domain::error::{Error, ErrorCode};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::fields::{self, FromFields};
use crate::json;
use crate::problem::Problem;

/// A body that was read and found good. `Body<()>` is for endpoints whose body may be empty or `{}`.
#[derive(Clone, Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// The same JSON in one canonical form (sorted keys, no space): what an idempotency key stands for.
    pub canonical: Vec<u8>,
}

impl<T: FromFields, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = bytes(body).await?;
        let json = if body.is_empty() && T::BODY_OPTIONAL {
            Value::Object(serde_json::Map::new())
        } else {
            require_json(&parts.headers)?;
            json::parse(&body)?
        };
        let value = fields::read(&json)?;
        Ok(Self { value, canonical: json.to_string().into_bytes() })
    }
}

async fn bytes(body: HttpBody) -> Result<Bytes, Problem> {
    let unreadable = |error| Error::new(ErrorCode::MalformedJson, "The body could not be read.").caused_by(error);
    Ok(body.collect().await.map_err(|error| unreadable(error.into_inner()))?.to_bytes())
}

/// `application/json`, whatever its parameters.
fn require_json(headers: &HeaderMap) -> Result<(), Error> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = media_type.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::new(ErrorCode::UnsupportedMediaType, "The body must be sent as application/json."))
}
