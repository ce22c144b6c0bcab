//! What surrounds every handler, in this order: request id, span and log line; headers of every answer; limits; CORS;
//! entity tags; panics and slowness turned into problems; the body's limit; problems for what no route answers.
//! It never logs bodies, tokens or query strings.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use domain::error::{Error, ErrorCode};
use domain::throttle::ClientAddress;
use futures::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use services::throttles::Client;
use tower::util::Either;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use tracing::{Instrument as _, Span, field};
use uuid::Uuid;

use crate::context::{self, RequestContext};
use crate::problem::Problem;
use crate::{HttpSettings, cors, etag, rate_limit};

/// The largest body taken, in bytes.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// Carries the request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Headers that every answer gets here: room for them is made once.
const HEADERS_OF_ALL: usize = 6;

/// Puts the shell around a router; routes it does not have, and methods, are answered with problems.
pub fn wrap(settings: &Arc<HttpSettings>, routes: Router) -> Router {
    let routes = routes.fallback(no_route).method_not_allowed_fallback(no_method).layer(from_fn(record_route));
    let time_limit = settings.time_limit;
    let guarded = service_fn(move |request: Request| guard(time_limit, routes.clone(), request));
    let shared = cors::layer(&settings.cors_origins).layer(guarded.clone());
    let settings = settings.clone();
    Router::new().fallback(move |request: Request| {
        let inner = if cors::is_asked_for(request.method(), request.headers()) {
            Either::Left(shared.clone())
        } else {
            Either::Right(guarded.clone().map_response(cors::varying))
        };
        frame(settings.clone(), inner, request)
    })
}

async fn frame<S>(settings: Arc<HttpSettings>, inner: S, mut request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let started = Instant::now();
    let address = request.extensions().get::<ClientAddress>().copied();
    let client = Arc::new(Client::new(address, device(request.headers())));
    let context = RequestContext {
        request_id: request_id(request.headers()),
        public_base_url: settings.public_base_url.clone(),
        client: Arc::clone(&client),
        credentials_sent: request.headers().contains_key(header::AUTHORIZATION),
    };
    let span = request_span(&request, &context.request_id);
    let id = HeaderValue::from_str(&context.request_id);
    if request.method() == Method::HEAD {
        // Answered as GET to the last header; the router outside drops the body.
        *request.method_mut() = Method::GET;
    }
    let work = async move {
        let mut response = match inner.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        finish(&mut response, id.ok());
        rate_limit::mark(response.headers_mut(), &client);
        tracing::info!(
            status = response.status().as_u16(),
            milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    };
    context::scope(context, work).instrument(span).await
}

fn request_span(request: &Request, request_id: &str) -> Span {
    let trace_id = request.headers().get(TRACE_ID).and_then(|value| value.to_str().ok());
    tracing::info_span!(
        "request",
        method = %request.method(),
        route = field::Empty,
        request_id,
        trace_id,
        user_id = field::Empty,
    )
}

fn device(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?.trim();
    // ASCII, as all that `to_str` gives.
    (!agent.is_empty()).then(|| agent.get(..200).unwrap_or(agent).to_owned())
}

fn request_id(headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
    sent.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

fn finish(response: &mut Response, request_id: Option<HeaderValue>) {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    headers.reserve(HEADERS_OF_ALL);
    if let Some(id) = request_id {
        headers.insert(REQUEST_ID, id);
    }
    if failed || !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // One line: the gateway's form of an answer has room for one value a header.
    if headers.get_all(header::VARY).iter().nth(1).is_some()
        && let Some(vary) = etag::joined(headers, header::VARY).and_then(|vary| HeaderValue::try_from(vary).ok())
    {
        headers.insert(header::VARY, vary);
    }
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Answers whatever happens inside: too large, too slow, panicked.
async fn guard(time_limit: Duration, routes: Router, request: Request) -> Result<Response, Infallible> {
    let method = request.method().clone();
    let if_none_match = etag::joined(request.headers(), header::IF_NONE_MATCH);
    let work = async {
        match limited(request).await {
            Ok(request) => routes.oneshot(request).await,
            Err(problem) => Ok(problem.into_response()),
        }
    };
    let outcome = tokio::time::timeout(time_limit, AssertUnwindSafe(work).catch_unwind()).await;
    let response = match outcome {
        Ok(Ok(response)) => response?,
        // The panic hook has logged where; the payload is not for the client.
        Ok(Err(_panic)) => Problem(Error::internal("the handler panicked")).into_response(),
        Err(elapsed) => Problem(Error::unavailable(elapsed)).into_response(),
    };
    Ok(etag::apply(&method, if_none_match.as_deref(), response).await)
}

/// The request with its body read, so that every route has the same limit.
async fn limited(request: Request) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    match Limited::new(body, BODY_LIMIT_BYTES).collect().await {
        Ok(body) => Ok(Request::from_parts(parts, Body::from(body.to_bytes()))),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem(
            Error::new(ErrorCode::PayloadTooLarge, "The body may have at most 262144 bytes.")
                .with("limit_bytes", BODY_LIMIT_BYTES),
        )),
        Err(error) => {
            Err(Problem(Error::new(ErrorCode::MalformedJson, "The body could not be read.").caused_by(error)))
        }
    }
}

async fn record_route(request: Request, next: Next) -> Response {
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        Span::current().record("route", route.as_str());
    }
    next.run(request).await
}

async fn no_route() -> Problem {
    Problem(Error::new(ErrorCode::NotFound, "There is no such address."))
}

/// The router adds `Allow`.
async fn no_method() -> Problem {
    Problem(Error::new(
        ErrorCode::MethodNotAllowed,
        "This address does not take this method; `Allow` has those it takes.",
    ))
}
