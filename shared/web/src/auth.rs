//! Who is calling: the access token of the `Authorization` header, checked by the services.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use domain::error::{Error, ErrorCode, Result};
use services::Actor;
use tracing::Span;

use crate::AppState;
use crate::problem::Problem;

/// The signed-in caller; without one the answer is `401`.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub Actor);

/// The caller, if anybody is signed in. A token that is sent must be good: a bad one is `401`, not a stranger.
#[derive(Clone, Copy, Debug)]
pub struct MaybeCaller(pub Option<Actor>);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let missing = || unauthenticated("Send an access token in the Authorization header.");
        let token = bearer(parts)?.ok_or_else(missing)?;
        let actor = state.services.authenticate(token).await?;
        Span::current().record("user_id", tracing::field::display(actor.user_id));
        Ok(Self(actor))
    }
}

impl FromRequestParts<AppState> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        let Caller(actor) = Caller::from_request_parts(parts, state).await?;
        Ok(Self(Some(actor)))
    }
}

/// The token of the one `Authorization: Bearer …` header; `None` when there is no such header.
fn bearer(parts: &Parts) -> Result<Option<&str>> {
    let mut lines = parts.headers.get_all(header::AUTHORIZATION).iter();
    let line = match (lines.next(), lines.next()) {
        (None, _) => return Ok(None),
        (Some(line), None) => line.to_str().unwrap_or(""),
        (Some(_), Some(_)) => return Err(unauthenticated("Send one Authorization header.")),
    };
    match line.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim()))
        }
        _ => Err(unauthenticated("The Authorization header must be `Bearer` and an access token.")),
    }
}

fn unauthenticated(detail: &str) -> Error {
    Error::new(ErrorCode::Unauthenticated, detail)
}
