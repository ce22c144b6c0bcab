//! Between GraphQL and REST: inputs are read by REST's parsers out of the same JSON, objects are made from REST's JSON.
//! One place so decides what a value may be, and what a caller sees.

use domain::error::{Error, FieldError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use web::fields::FromFields;
use web::params::FromParams;

/// The GraphQL object of what REST would answer.
///
/// # Errors
/// `internal` when the two do not fit, which is a fault of ours.
pub(crate) fn object<T: DeserializeOwned>(answer: &impl Serialize) -> Result<T> {
    let json = serde_json::to_value(answer).map_err(Error::internal)?;
    serde_json::from_value(json).map_err(Error::internal)
}

/// An input as REST's body: names in snake_case, nothing that is null, and no idempotency key.
pub(crate) fn body(input: &impl Serialize, leave_out: &[&str]) -> Result<Value> {
    patch(input, leave_out).map(without_nulls)
}

/// The same for a `PATCH`, where null says something.
fn patch(input: &impl Serialize, leave_out: &[&str]) -> Result<Value> {
    let mut json = serde_json::to_value(input).map_err(Error::internal)?;
    if let Value::Object(members) = &mut json {
        members.retain(|name, _| name != "idempotency_key" && !leave_out.contains(&name.as_str()));
    }
    Ok(json)
}

/// An input read by REST's parser of that body. Members that are in REST's path are left out.
///
/// # Errors
/// `validation_failed` with every fault.
pub(crate) fn read<T: FromFields>(input: &impl Serialize, in_path: &[&str]) -> Result<T> {
    web::fields::read(&body(input, in_path)?)
}

/// An input read by REST's parser of that `PATCH`. Members that are in REST's path are left out.
///
/// # Errors
/// `validation_failed` with every fault.
pub(crate) fn read_patch<T: FromFields>(input: &impl Serialize, in_path: &[&str]) -> Result<T> {
    web::fields::read(&patch(input, in_path)?)
}

/// Arguments read by REST's parser of those query parameters. `list` names what cursors belong to.
///
/// # Errors
/// `validation_failed` with every fault, at `?name`.
pub(crate) fn read_params<T: FromParams>(list: &str, arguments: &Value) -> Result<T> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in arguments.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => {
                query.append_pair(name, text);
            }
            other => {
                query.append_pair(name, &other.to_string());
            }
        }
    }
    web::params::read(list, &query.finish())
}

/// Faults of query parameters moved to where GraphQL has them: those not of the list itself below `filter`.
pub(crate) fn below_filter(error: Error) -> Error {
    const OF_THE_LIST: [&str; 3] = ["?limit", "?cursor", "?sort"];
    let moved = |fault: &FieldError| {
        let mut fault = fault.clone();
        if !OF_THE_LIST.contains(&fault.pointer.as_str()) {
            fault.pointer = fault.pointer.replacen('?', "?filter/", 1);
        }
        fault
    };
    if error.fields().is_empty() { error } else { Error::validation(error.fields().iter().map(moved).collect()) }
}

fn without_nulls(json: Value) -> Value {
    match json {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Members under their GraphQL names, all the way down.
pub(crate) fn camel_case_members(json: Value) -> Value {
    match json {
        Value::Object(members) => {
            let renamed = members.into_iter().map(|(name, value)| (camel_case(&name), camel_case_members(value)));
            Value::Object(renamed.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(camel_case_members).collect()),
        other => other,
    }
}

/// `check_in` as `checkIn`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name + letters.as_str()
    })
}
