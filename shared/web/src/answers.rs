//! Answers as they go out and as they are kept for an idempotency key: one form for both, so that a replay is the
//! first answer byte for byte.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, Result};
use serde::Serialize;
use services::idempotency::{Answer, SavedAnswer};

use crate::problem;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a handler of a write answers with.
#[derive(Debug)]
pub struct Reply(Answer);

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self(answer)
    }
}

impl From<SavedAnswer> for Reply {
    fn from(saved: SavedAnswer) -> Self {
        Self(Answer { saved, replayed: false })
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = into_response(self.0.saved);
        if self.0.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// `200` with the object.
pub fn ok<T: Serialize>(object: &T) -> SavedAnswer {
    json(200, object)
}

/// `201` with the object, found from now on at `location` (an absolute path).
pub fn created<T: Serialize>(object: &T, location: &str) -> SavedAnswer {
    let mut answer = json(201, object);
    answer.headers.push(("location".to_owned(), location.to_owned()));
    answer
}

/// `202`: accepted for later, and nothing to say about it.
pub fn accepted() -> SavedAnswer {
    SavedAnswer { status: 202, headers: Vec::new(), body: Vec::new() }
}

/// `204`: done, and nothing to say.
pub fn no_content() -> SavedAnswer {
    SavedAnswer { status: 204, headers: Vec::new(), body: Vec::new() }
}

/// What `Services::idempotently` asks for at its end: the answer to the outcome, whichever it was.
pub fn of<T>(outcome: Result<&T, &Error>, success: impl FnOnce(&T) -> SavedAnswer) -> SavedAnswer {
    match outcome {
        Ok(value) => success(value),
        Err(error) => problem::render(error),
    }
}

fn json<T: Serialize>(status: u16, object: &T) -> SavedAnswer {
    match serde_json::to_vec(object) {
        Ok(body) => {
            SavedAnswer { status, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body }
        }
        Err(error) => {
            let error = Error::internal(error);
            problem::log(&error);
            problem::render(&error)
        }
    }
}

/// An answer as the router sends it; a stored header or status that HTTP does not know is left out.
pub(crate) fn into_response(saved: SavedAnswer) -> Response {
    let mut response = Response::new(Body::from(saved.body));
    *response.status_mut() = StatusCode::from_u16(saved.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &saved.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
