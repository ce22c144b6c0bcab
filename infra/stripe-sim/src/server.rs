//! A call of the API before and after its work: who calls, in which version, what the fault script says, the
//! idempotency key, the log. Must not know any resource.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Extract;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::error::StripeError;
use crate::faults::FaultKind;
use crate::idempotency::{self, Answer};
use crate::params::Params;
use crate::payment_intents::{self, Caller};
use crate::requests::Request;
use crate::shared::Shared;
use crate::state::{Cause, wall_clock};
use crate::{API_VERSION, form, onboarding_page, pay_page, routes, sim};

/// Everything that the simulator answers.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/{*rest}", any(api))
        .merge(sim::router())
        .merge(pay_page::router())
        .merge(onboarding_page::router())
        .fallback(unknown_path)
        .with_state(shared)
}

async fn unknown_path(method: Method, uri: Uri) -> Response {
    let message = format!("Unrecognized request URL ({method}: {}).", uri.path());
    refusal(&StripeError::new(404, "invalid_request_error", message))
}

/// An error outside of the API proper.
pub(crate) fn refusal(error: &StripeError) -> Response {
    json_response(error.status, &error.body("req_none"))
}

pub(crate) fn json_response(status: u16, body: &Value) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body:#}\n")).into_response()
}

/// What reaches a caller.
enum Outcome {
    Answer {
        answer: Answer,
        replayed: bool,
    },
    /// The connection ends.
    Reset,
    /// The answer never comes.
    Silence,
}

struct Call {
    request_id: String,
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

async fn api(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request_id = shared.locked(|state| state.ids.next("req"));
    let call = Call {
        request_id: request_id.clone(),
        method: method.as_str().to_owned(),
        path: uri.path().trim_end_matches('/').to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.clone(),
        body,
    };
    // Its own task: the work goes on when the caller hangs up, as at Stripe.
    let worker = Arc::clone(&shared);
    let outcome = tokio::spawn(async move { answer(&worker, call).await }).await;
    let (answer, replayed) = match outcome {
        Ok(Outcome::Answer { answer, replayed }) => (answer, replayed),
        Ok(Outcome::Reset) => return cut_connection(),
        Ok(Outcome::Silence) => {
            shared.stopped().await;
            return cut_connection();
        }
        Err(error) => {
            tracing::error!(%error, "the simulator itself failed");
            if let Some(key) = text(&headers, "idempotency-key") {
                shared.locked(|state| state.keys.settle(key, None));
            }
            let error = StripeError::new(500, "api_error", "The simulator itself failed; see its log.");
            (Answer { status: 500, body: error.body(&request_id), request_id: request_id.clone() }, false)
        }
    };
    respond(&headers, &request_id, &answer, replayed)
}

fn respond(asked: &HeaderMap, request_id: &str, answer: &Answer, replayed: bool) -> Response {
    let mut response = json_response(answer.status, &answer.body);
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    set("request-id", request_id);
    set("stripe-version", text(asked, "stripe-version").unwrap_or(API_VERSION));
    if let Some(key) = text(asked, "idempotency-key") {
        set("idempotency-key", key);
        set("original-request", &answer.request_id);
    }
    if replayed {
        set("idempotent-replayed", "true");
    }
    if answer.status == 401 {
        set("www-authenticate", "Basic realm=\"Stripe\"");
    }
    response
}

/// A response whose body fails at once: the server ends the connection before a byte of it is sent.
fn cut_connection() -> Response {
    let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(futures::stream::once(async { Err::<Bytes, _>(cut) })))
}

fn text<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn answer(shared: &Arc<Shared>, call: Call) -> Outcome {
    let fault = shared.locked(|state| state.faults.take_for_call(&call.path));
    let key = text(&call.headers, "idempotency-key").filter(|_| call.method == "POST").map(str::to_owned);
    let mut log = Request {
        id: call.request_id.clone(),
        method: call.method.clone(),
        path: call.path.clone(),
        params: Map::new(),
        idempotency_key: key.clone(),
        status: None,
        replayed: false,
        fault,
        at: wall_clock(),
    };
    let refuse = |error: &StripeError| {
        let body = error.body(&call.request_id);
        Answer { status: error.status, body, request_id: call.request_id.clone() }
    };
    let mut replayed = false;
    let answer = match admit(shared, &call, key.as_deref(), fault, &mut log.params) {
        Err(error) => refuse(&error),
        Ok(Admitted::Cut) => {
            shared.locked(|state| state.requests.add(log));
            return Outcome::Reset;
        }
        Ok(Admitted::Replay(answer)) => {
            replayed = true;
            answer
        }
        Ok(Admitted::Work { caller, params }) => {
            if !shared.config.latency.is_zero() {
                tokio::time::sleep(shared.config.latency).await;
            }
            work(shared, &call, (caller, params), key, fault)
        }
    };
    log.replayed = replayed;
    let unanswered = match fault {
        Some(FaultKind::TimeoutAfter) => Some(Outcome::Silence),
        Some(FaultKind::ResetAfter) => Some(Outcome::Reset),
        _ => None,
    };
    log.status = unanswered.is_none().then_some(answer.status);
    shared.locked(|state| state.requests.add(log));
    unanswered.unwrap_or(Outcome::Answer { answer, replayed })
}

enum Admitted {
    Work { caller: Caller, params: Map<String, Value> },
    Replay(Answer),
    Cut,
}

/// Everything that comes before the work.
fn admit(
    shared: &Arc<Shared>,
    call: &Call,
    key: Option<&str>,
    fault: Option<FaultKind>,
    seen: &mut Map<String, Value>,
) -> Result<Admitted, StripeError> {
    match fault {
        Some(FaultKind::Reset) => return Ok(Admitted::Cut),
        Some(FaultKind::Http500) => return Err(own_failure().not_kept()),
        Some(FaultKind::Http409) => return Err(idempotency::in_use(key.unwrap_or_default())),
        Some(FaultKind::Http429) => {
            let message = "Request rate limit exceeded. Learn more about rate limits here \
                           https://docs.stripe.com/rate-limits.";
            return Err(StripeError::new(429, "invalid_request_error", message).code("rate_limit").not_kept());
        }
        _ => {}
    }
    let params = read_params(call)?;
    seen.clone_from(&params);
    let caller = authenticate(&shared.config.secret_key, call, &params)?;
    check_version(&shared.config.api_versions, call)?;
    if let Some(key) = key {
        let claim = shared.locked(|state| {
            let now = state.now();
            state.keys.claim(key, &call.path, &params, now)
        });
        if let Some(answer) = claim? {
            return Ok(Admitted::Replay(answer));
        }
    }
    Ok(Admitted::Work { caller, params })
}

fn read_params(call: &Call) -> Result<Map<String, Value>, StripeError> {
    if call.method != "POST" {
        return form::parse(call.query.as_bytes());
    }
    let kind = text(&call.headers, "content-type").unwrap_or("application/x-www-form-urlencoded");
    if !call.body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        let message = format!(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). It was {kind}."
        );
        return Err(StripeError::invalid(message).not_kept());
    }
    form::parse(&call.body)
}

/// Who calls. A `client_secret` without any key is taken as a guest's browser: local guests have no publishable key.
fn authenticate(secret_key: &str, call: &Call, params: &Map<String, Value>) -> Result<Caller, StripeError> {
    let unauthorized = |message: String| StripeError::new(401, "invalid_request_error", message).not_kept();
    if call.headers.contains_key("stripe-account") {
        return Err(StripeError::unsupported("Stripe-Account"));
    }
    let header = text(&call.headers, "authorization").and_then(|header| header.split_once(' '));
    let key = match header {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = STANDARD.decode(token.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.map(|pair| pair.split(':').next().unwrap_or_default().to_owned())
        }
        Some(_) => None,
        None => params.get("key").and_then(Value::as_str).map(str::to_owned),
    };
    match key {
        Some(key) if key == secret_key => Ok(Caller::Account),
        Some(key) if key.starts_with("pk_test_") => Ok(Caller::Guest),
        Some(key) => {
            let tail: String = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            Err(unauthorized(format!("Invalid API Key provided: {}****{tail}", key.get(..8).unwrap_or_default())))
        }
        None if header.is_none() && params.contains_key("client_secret") => Ok(Caller::Guest),
        None => Err(unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using \
             Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
                .to_owned(),
        )),
    }
}

fn check_version(accepted: &[String], call: &Call) -> Result<(), StripeError> {
    let Some(header) = call.headers.get("stripe-version") else { return Ok(()) };
    let version = header.to_str().unwrap_or_default();
    if accepted.iter().any(|known| known == version) {
        return Ok(());
    }
    let message = format!("Invalid Stripe API version: {version}. This simulator speaks {}.", accepted.join(", "));
    Err(StripeError::invalid(message).not_kept())
}

/// What Stripe says when it is at fault itself.
fn own_failure() -> StripeError {
    StripeError::new(500, "api_error", "An unknown error occurred")
}

/// The work itself, under the lock, and what is kept of it.
fn work(
    shared: &Arc<Shared>,
    call: &Call,
    (caller, params): (Caller, Map<String, Value>),
    key: Option<String>,
    fault: Option<FaultKind>,
) -> Answer {
    let path = call.path.trim_start_matches("/v1").trim_start_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    shared.locked(|state| {
        payment_intents::expire_authorisations(state);
        state.cause = Cause { request_id: Some(call.request_id.clone()), idempotency_key: key.clone() };
        let work = || routes::call(state, caller, &call.method, &segments, Params::new(params));
        let result = match fault {
            Some(FaultKind::Http500Kept) => Err(own_failure()),
            Some(FaultKind::Http500After) => work().and_then(|_| Err(own_failure())),
            _ => work(),
        };
        state.cause = Cause::default();
        let kept = result.as_ref().err().is_none_or(|error| error.kept);
        let (status, body) = match result {
            Ok(body) => (200, body),
            Err(error) => (error.status, error.body(&call.request_id)),
        };
        let answer = Answer { status, body, request_id: call.request_id.clone() };
        if let Some(key) = key {
            state.keys.settle(&key, kept.then(|| answer.clone()));
        }
        answer
    })
}
