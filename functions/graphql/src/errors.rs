//! Errors as GraphQL has them: the message is the problem's detail, `extensions` has the members of REST's problem under
//! camelCase names, pointers lead below the field's arguments.

use std::fmt;
use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, ServerError, Value as GraphqlValue};
use domain::error::Error;
use serde_json::{Map, Value};
use web::problem;

use crate::wire::{camel_case, camel_case_members};

/// A refusal that was given before and is given again: the problem as it was saved.
#[derive(Debug)]
pub(crate) struct SavedProblem(pub(crate) Vec<u8>);

impl fmt::Display for SavedProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the problem that was answered before")
    }
}

/// An error of GraphQL itself, before anything was executed.
pub(crate) fn refused(code: &str, message: impl Into<String>) -> ServerError {
    with_code(ServerError::new(message, None), code)
}

fn with_code(mut error: ServerError, code: &str) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// The error as it goes out: ours by REST's problem, the library's with a code of its own.
pub(crate) fn outgoing(error: ServerError) -> ServerError {
    if let Some(ours) = error.source::<Error>() {
        problem::log(ours);
        let problem = problem::render(ours).body;
        return of_problem(error, &problem);
    }
    if let Some(ours) = error.source::<Arc<Error>>().cloned() {
        problem::log(&ours);
        return of_problem(error, &problem::render(&ours).body);
    }
    if let Some(SavedProblem(problem)) = error.source::<SavedProblem>() {
        let problem = problem.clone();
        return of_problem(error, &problem);
    }
    if error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some()) {
        return error;
    }
    // The library's words for the one limit it keeps for us; a test holds them.
    let code = if error.message == "Query is too complex." { "query_too_complex" } else { "invalid_query" };
    with_code(error, code)
}

fn of_problem(mut error: ServerError, problem: &[u8]) -> ServerError {
    let members: Map<String, Value> = serde_json::from_slice(problem).unwrap_or_default();
    let mut extensions = ErrorExtensionValues::default();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("type" | "title", _) => {}
            ("detail", Value::String(detail)) => error.message = detail,
            ("errors", Value::Array(faults)) => {
                extensions.set("errors", graphql_value(Value::Array(faults.into_iter().map(fault).collect())));
            }
            (_, value) => extensions.set(camel_case(&name), graphql_value(camel_case_members(value))),
        }
    }
    error.extensions = Some(extensions);
    error.source = None;
    error
}

fn graphql_value(json: Value) -> GraphqlValue {
    // JSON is always a constant of GraphQL.
    GraphqlValue::from_json(json).unwrap_or_default()
}

fn fault(mut fault: Value) -> Value {
    if let Some(pointer) = fault["pointer"].as_str() {
        fault["pointer"] = Value::String(argument(pointer));
    }
    fault
}

/// `/check_in` of a body is `/input/checkIn`; `?limit` of a query is `/first`.
fn argument(pointer: &str) -> String {
    let (root, path) = match pointer.strip_prefix('?') {
        Some("limit") => ("", "first"),
        Some("cursor") => ("", "after"),
        Some(name) => ("", name),
        None => ("/input", pointer.trim_start_matches('/')),
    };
    path.split('/').fold(root.to_owned(), |pointer, name| format!("{pointer}/{}", camel_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_below_the_arguments() {
        for (rest, graphql) in [
            ("/check_in", "/input/checkIn"),
            ("/guests/adults", "/input/guests/adults"),
            ("/amenities/0", "/input/amenities/0"),
            ("?limit", "/first"),
            ("?cursor", "/after"),
            ("?check_in", "/checkIn"),
            ("?filter/max_price", "/filter/maxPrice"),
        ] {
            assert_eq!(argument(rest), graphql);
        }
    }
}
