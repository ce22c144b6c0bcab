//! GraphQL over HTTP, by its specification: media types, statuses, batches. What is no GraphQL request at all is a
//! problem as everywhere else.

use std::collections::BTreeMap;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Name, Request, Response as Executed, ServerError, Value as GraphqlValue, Variables};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode};
use serde::Serialize;
use serde_json::Value;
use web::{AppState, MaybeCaller, Problem};

use crate::caller::Caller;
use crate::errors::{outgoing, refused};
use crate::loaders::Loaders;
use crate::{SCHEMA, limits};

/// `POST /graphql`.
pub(crate) async fn execute(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let format = Format::wanted(&headers)?;
    require_json(&headers)?;
    let json: Value = serde_json::from_slice(&body)
        .map_err(|error| Error::new(ErrorCode::MalformedJson, "The body is not valid JSON.").caused_by(error))?;
    let answer = async |request: Request| {
        let services = app.services.clone();
        let request = request.data(services.clone()).data(Caller(actor)).data(Loaders::of(services, actor));
        Answer::of(run(request).await)
    };
    match json {
        Value::Array(operations) if operations.len() > limits::MAX_BATCH => {
            let message = format!("A batch has at most {} operations.", limits::MAX_BATCH);
            let too_large = Executed::from_errors(vec![refused("batch_too_large", message)]);
            Ok(format.response(StatusCode::BAD_REQUEST, HeaderMap::new(), &Answer::of(too_large)))
        }
        Value::Array(operations) if operations.is_empty() => Err(Problem(no_request("The batch is empty."))),
        Value::Array(operations) => {
            let requests = operations.into_iter().map(request).collect::<Result<Vec<_>, _>>()?;
            let mut answers = Vec::new();
            // One after the other, as they were written: a later one may need what an earlier one made.
            for request in requests {
                answers.push(answer(request).await);
            }
            Ok(format.response(StatusCode::OK, HeaderMap::new(), &answers))
        }
        json => {
            let answer = answer(request(json)?).await;
            let status = if answer.data.is_none() { format.refused() } else { StatusCode::OK };
            Ok(format.response(status, answer.headers.clone(), &answer))
        }
    }
}

async fn run(mut request: Request) -> Executed {
    let (operation, variables) = (request.operation_name.clone(), request.variables.clone());
    let checked = request.parsed_query().and_then(|document| {
        limits::check(document)?;
        require_variables(document, operation.as_deref(), &variables)
    });
    match checked {
        Ok(()) => SCHEMA.execute(request).await,
        Err(error) => Executed::from_errors(vec![error]),
    }
}

/// Refuses a request without a variable that may not be null, which the library finds only when it comes to use it.
fn require_variables(
    document: &ExecutableDocument,
    operation: Option<&str>,
    variables: &Variables,
) -> Result<(), ServerError> {
    let is_meant = |name: Option<&Name>| operation.is_none() || operation == name.map(Name::as_str);
    let definitions = document
        .operations
        .iter()
        .filter(|(name, _)| is_meant(*name))
        .flat_map(|(_, operation)| operation.node.variable_definitions.iter().map(|definition| &definition.node));
    for definition in definitions {
        let name = &definition.name.node;
        let is_given = variables.get(name).is_some_and(|value| *value != GraphqlValue::Null);
        if !definition.var_type.node.nullable && definition.default_value.is_none() && !is_given {
            return Err(refused("invalid_query", format!("The variable ${name} is required.")));
        }
    }
    Ok(())
}

fn require_json(headers: &HeaderMap) -> Result<(), Error> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if essence(media_type).eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::new(ErrorCode::UnsupportedMediaType, "The body must be sent as application/json."))
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or("").trim()
}

fn no_request(detail: &str) -> Error {
    Error::new(ErrorCode::MalformedJson, detail)
}

/// One operation, its members of the types that the specification gives them.
fn request(json: Value) -> Result<Request, Error> {
    let Value::Object(mut members) = json else {
        return Err(no_request("A GraphQL request is an object with `query`, or an array of them."));
    };
    let Some(Value::String(query)) = members.remove("query") else {
        return Err(no_request("`query` must be there, and a string."));
    };
    let mut request = Request::new(query);
    match members.remove("operationName") {
        None | Some(Value::Null) => {}
        Some(Value::String(name)) => request = request.operation_name(name),
        Some(_) => return Err(no_request("`operationName` must be a string.")),
    }
    match members.remove("variables") {
        None | Some(Value::Null) => {}
        Some(variables @ Value::Object(_)) => request = request.variables(Variables::from_json(variables)),
        Some(_) => return Err(no_request("`variables` must be an object.")),
    }
    match members.remove("extensions") {
        None | Some(Value::Null | Value::Object(_)) => Ok(request),
        Some(_) => Err(no_request("`extensions` must be an object.")),
    }
}

/// What came of one operation, as it goes out.
#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    /// None when nothing was executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<GraphqlValue>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, GraphqlValue>,
    #[serde(skip)]
    headers: HeaderMap,
}

impl Answer {
    fn of(executed: Executed) -> Self {
        let Executed { data, errors, extensions, http_headers, .. } = executed;
        let is_executed =
            data != GraphqlValue::Null || errors.is_empty() || errors.iter().any(|error| !error.path.is_empty());
        let errors = errors.into_iter().map(outgoing).collect();
        Self { errors, data: is_executed.then_some(data), extensions, headers: http_headers }
    }
}

/// Which of the two media types the client understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// `application/json`: 200 whatever became of a request that could be read.
    Json,
    /// `application/graphql-response+json`: 400 when nothing was executed.
    GraphqlResponse,
}

impl Format {
    fn wanted(headers: &HeaderMap) -> Result<Self, Error> {
        let accept: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
        let accept = accept.join(",");
        if accept.trim().is_empty() {
            return Ok(Self::Json);
        }
        let weight = |wanted: &[&str]| {
            accept.split(',').filter(|range| wanted.contains(&essence(range))).map(q).fold(0.0, f32::max)
        };
        let modern = weight(&["application/graphql-response+json"]);
        let json = weight(&["application/json", "application/*", "*/*"]);
        match () {
            () if modern > 0.0 && modern >= json => Ok(Self::GraphqlResponse),
            () if json > 0.0 => Ok(Self::Json),
            () => Err(Error::new(
                ErrorCode::NotAcceptable,
                "Answers are application/graphql-response+json or application/json.",
            )),
        }
    }

    fn refused(self) -> StatusCode {
        match self {
            Self::Json => StatusCode::OK,
            Self::GraphqlResponse => StatusCode::BAD_REQUEST,
        }
    }

    fn response(self, status: StatusCode, headers: HeaderMap, answer: &impl Serialize) -> Response {
        let media_type = match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        };
        match serde_json::to_vec(answer) {
            Ok(body) => {
                let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
                (status, headers, media_type, body).into_response()
            }
            Err(error) => Problem(Error::internal(error)).into_response(),
        }
    }
}

/// The weight of one range of an `Accept` header.
fn q(range: &str) -> f32 {
    let parameters = range.split(';').skip(1).filter_map(|parameter| parameter.trim().strip_prefix("q="));
    parameters.last().and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        Format::wanted(&headers).ok()
    }

    #[test]
    fn the_media_type_is_the_one_the_client_likes_best() {
        assert_eq!(Format::wanted(&HeaderMap::new()).ok(), Some(Format::Json));
        for (accept, format) in [
            ("application/graphql-response+json", Some(Format::GraphqlResponse)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Format::GraphqlResponse)),
            ("application/json, application/graphql-response+json; q=0.5", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("application/json; charset=utf-8", Some(Format::Json)),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(wanted(accept), format, "{accept}");
        }
    }
}
