//! The ids in a path. One that can't be parsed names nothing: `404`, like one that does.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use domain::error::{Error, Invalid};

use crate::problem::Problem;

/// The last parameter of the route, parsed: `Path` for one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathId<T>(pub T);

impl<T: FromStr<Err = Invalid>, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Fails on bytes that are not UTF-8, which name nothing either.
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::not_found())?;
        let text = params.iter().last().map_or("", |(_, text)| text);
        text.parse().map(Self).map_err(|_| Problem(Error::not_found()))
    }
}

/// Both ids of a route with two, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathIds<A, B>(pub A, pub B);

impl<A, B, S> FromRequestParts<S> for PathIds<A, B>
where
    A: FromStr<Err = Invalid>,
    B: FromStr<Err = Invalid>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::not_found())?;
        let mut texts = params.iter().map(|(_, text)| text);
        let (first, second) = (texts.next().unwrap_or(""), texts.next().unwrap_or(""));
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(Problem(Error::not_found())),
        }
    }
}
