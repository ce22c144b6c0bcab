//! The published contract: the functions' own descriptions put together, with what holds for every operation added
//! in one place: problems, the security scheme, the idempotency key.
//!
//! Handlers describe their path, parameters, body and successes, and who may call:
//! `security(("access_token" = []))`, or `security((), ("access_token" = []))` where a token is welcome but not needed.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Required,
    Response, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::AppState;
use crate::idempotency::KEY_MAX_LENGTH;
use crate::problem::MEDIA_TYPE;

/// Name of the security scheme, for `security(...)` of the handlers.
pub const ACCESS_TOKEN: &str = "access_token";

/// Version of the contract: raised when something is added to it.
const VERSION: &str = "1.0.0";

/// An RFC 9457 problem; some codes have members of their own besides.
#[derive(ToSchema)]
#[schema(as = Problem)]
pub struct ProblemSchema {
    /// URL of the explanation of `code`.
    #[schema(format = "uri")]
    pub r#type: String,
    /// Summary of the kind of problem.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// Stable, machine-readable reason.
    #[schema(examples("validation_failed"))]
    pub code: String,
    /// The request's id in the logs.
    pub request_id: String,
    /// Each fault of a request that is not valid.
    #[schema(required = false)]
    pub errors: Vec<FieldErrorSchema>,
}

/// One fault of a request.
#[derive(ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorSchema {
    /// JSON Pointer into the body, or `?name` for a query parameter.
    #[schema(examples("/check_in"))]
    pub pointer: String,
    /// Stable, machine-readable reason.
    #[schema(examples("required"))]
    pub code: String,
    /// A sentence for the person who sent it.
    pub detail: String,
}

/// One document for the routes of all functions.
pub fn document(functions: impl IntoIterator<Item = OpenApiRouter<AppState>>) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Roost")
        .version(VERSION)
        .description(Some("Places to stay: list, search, quote, book. Errors are RFC 9457 problems."))
        .build();
    let mut document = OpenApiBuilder::new().info(info).components(Some(common_components())).build();
    for function in functions {
        document.merge(function.into_openapi());
    }
    for (path, item) in &mut document.paths.paths {
        complete(path, item);
    }
    document
}

fn common_components() -> utoipa::openapi::Components {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    ComponentsBuilder::new()
        .security_scheme(ACCESS_TOKEN, SecurityScheme::Http(bearer))
        .schema("Problem", ProblemSchema::schema())
        .schema("FieldError", FieldErrorSchema::schema())
        .response("Problem", problem("A problem: its `code` says which"))
        .response("Unauthenticated", unauthenticated())
        .response("RateLimited", rate_limited())
        .build()
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build()
}

fn unauthenticated() -> Response {
    let mut response = problem("No access token, or one that is not valid");
    response.headers.insert("WWW-Authenticate".to_owned(), RefOr::T(Header::default()));
    response
}

fn rate_limited() -> Response {
    let mut response = problem("Too many attempts: `code` is `rate_limited`");
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
    let mut retry_after = Header::new(seconds);
    retry_after.description = Some("Seconds until the next attempt".to_owned());
    response.headers.insert("Retry-After".to_owned(), RefOr::T(retry_after));
    add_rate_limit_headers(&mut response);
    response
}

fn add_rate_limit_headers(response: &mut Response) {
    for (name, description, example) in [
        ("RateLimit-Policy", "The nearest limit: how many within how many seconds", "\"login\";q=10;w=900"),
        ("RateLimit", "How many are left of it, and seconds until all are there again", "\"login\";r=9;t=90"),
    ] {
        let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String).examples([example]).build());
        header.description = Some(description.to_owned());
        response.headers.insert(name.to_owned(), RefOr::T(header));
    }
}

/// An operation that says `429` is limited: its other answers have the headers too.
fn complete_limited(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if !responses.contains_key("429") {
        return;
    }
    responses.insert("429".to_owned(), RefOr::Ref(Ref::from_response_name("RateLimited")));
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            add_rate_limit_headers(response);
        }
    }
}

fn complete(path: &str, item: &mut PathItem) {
    let post = item.post.iter_mut();
    post.filter(|operation| !has_parameter(operation, "Idempotency-Key"))
        .for_each(|operation| add_parameter(operation, idempotency_key(Required::False)));
    let PathItem { get, put, post, patch, delete, .. } = item;
    for operation in [get, put, post, patch, delete].into_iter().flatten() {
        complete_limited(operation);
        add_problems(path, operation);
    }
}

fn add_problems(path: &str, operation: &mut Operation) {
    let secured = operation.security.as_ref().is_some_and(|choices| !choices.is_empty());
    let statuses = [
        ("400", operation.request_body.is_some()),
        ("404", path.contains('{')),
        ("413", operation.request_body.is_some()),
        ("415", operation.request_body.is_some()),
        ("422", true),
        ("503", true),
        ("default", true),
    ];
    let responses = &mut operation.responses.responses;
    for (status, _) in statuses.into_iter().filter(|(_, applies)| *applies) {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::Ref(Ref::from_response_name("Problem")));
    }
    if secured {
        responses.entry("401".to_owned()).or_insert_with(|| RefOr::Ref(Ref::from_response_name("Unauthenticated")));
    }
}

/// The `Idempotency-Key` parameter; operations that require it name [`RequiredIdempotencyKeyParam`] themselves.
fn idempotency_key(required: Required) -> utoipa::openapi::path::Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(KEY_MAX_LENGTH));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some("The same key and request get the first answer again, for 24 hours"))
        .schema(Some(schema))
        .build()
}

/// For `params(RequiredIdempotencyKeyParam)` of operations that move money.
#[derive(Clone, Copy, Debug)]
pub struct RequiredIdempotencyKeyParam;

impl utoipa::IntoParams for RequiredIdempotencyKeyParam {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<utoipa::openapi::path::Parameter> {
        vec![idempotency_key(Required::True)]
    }
}

fn has_parameter(operation: &Operation, name: &str) -> bool {
    let is_it = |parameter: &RefOr<utoipa::openapi::path::Parameter>| match parameter {
        RefOr::T(parameter) => parameter.name == name,
        RefOr::Ref(_) => false,
    };
    operation.parameters.iter().flatten().any(is_it)
}

fn add_parameter(operation: &mut Operation, parameter: utoipa::openapi::path::Parameter) {
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}
