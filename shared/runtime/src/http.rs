//! Serving a router behind API Gateway (payload 2.0).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use domain::throttle::ClientAddress;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, IntoResponse, Request, RequestExt as _};
use lambda_runtime::{LambdaEvent, Runtime};
use services::ports::SecretName;
use sync_wrapper::SyncWrapper;
use tower::{Service, ServiceExt as _};
use utoipa_axum::router::OpenApiRouter;
use web::{AppState, HttpSettings};

use crate::Error;
use crate::wiring::{start, warm_up};

/// What a function that knows its callers gets at its start: it checks their tokens and signs cursors.
pub const OF_CALLERS: &[SecretName] = &[SecretName::TokenKeys, SecretName::SigningKey];

/// Serves these routes for as long as the environment lives. `secrets` are fetched at the start.
///
/// # Errors
/// When the environment's configuration is not complete, or the runtime API is lost.
pub async fn serve_http(routes: OpenApiRouter<AppState>, secrets: &[SecretName]) -> Result<(), Error> {
    let (config, services) = start()?;
    let http = HttpSettings {
        public_base_url: config.public_base_url.into(),
        cors_origins: config.cors_origins,
        time_limit: HttpSettings::TIME_LIMIT,
    };
    let app = web::app(AppState { services: services.clone(), http: Arc::new(http) }, routes);
    warm_up(&services, secrets).await;
    let service = located(app, config.client_address_header).map_response(|answer| Answer(SyncWrapper::new(answer)));
    // A task of its own, for every wake of what the executor itself waits for is a write to the kernel and a poll of it.
    tokio::spawn(Runtime::new(Sanitised(Adapter::from(service))).run()).await?
}

/// Tells the service where each request comes from: what the gateway saw, never what a client says. `header` is where
/// the local gateway says it, whose router knows one address only.
fn located<S: Service<Request>>(
    service: S,
    header: Option<String>,
) -> impl Service<Request, Response = S::Response, Error = S::Error, Future = S::Future> {
    service.map_request(move |mut request: Request| {
        let told = header.as_ref().and_then(|name| request.headers().get(name)?.to_str().ok()?.parse().ok());
        let seen = || match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref()?.parse().ok(),
            _ => None,
        };
        if let Some(address) = told.or_else(seen) {
            request.extensions_mut().insert(ClientAddress::of(address));
        }
        request
    })
}

/// An answer that the adapter may name on any thread, as a task must.
struct Answer<R>(SyncWrapper<R>);

impl<R: IntoResponse> IntoResponse for Answer<R> {
    fn into_response(self) -> Pin<Box<dyn Future<Output = lambda_http::Response<lambda_http::Body>> + Send>> {
        self.0.into_inner().into_response()
    }
}

/// Makes a request of any event: the adapter panics on what is no URI, and the gateway sends paths decoded.
struct Sanitised<S>(S);

impl<S: Service<LambdaEvent<LambdaRequest>>> Service<LambdaEvent<LambdaRequest>> for Sanitised<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut event: LambdaEvent<LambdaRequest>) -> S::Future {
        if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
            request.raw_path = Some(encoded(request.raw_path.as_deref().unwrap_or("/"), b"?"));
            request.raw_query_string = request.raw_query_string.as_deref().map(|query| encoded(query, b""));
            // Links are made from the configuration; a client's idea of our host has no use but to fail.
            request.request_context.domain_name = None;
            request.headers.remove("host");
        }
        self.0.call(event)
    }
}

/// Percent-encodes what may not stand in a URI's path or query, `also` included; what is encoded already stays.
fn encoded(text: &str, also: &[u8]) -> String {
    let bytes = text.as_bytes();
    let is_escape =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let mut out = String::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().copied().enumerate() {
        let stays = match byte {
            b'%' => is_escape(at),
            b'"' | b'#' | b'<' | b'>' | b'[' | b'\\' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            byte => byte.is_ascii_graphic() && !also.contains(&byte),
        };
        if stays { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_runtime::Context as Invocation;
    use serde_json::{Value, json};

    async fn path_and_query(path: &str, query: &str, host: &str) -> String {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": { "host": host, "x-forwarded-proto": "ht tp" }, "isBase64Encoded": false,
            "requestContext": { "http": { "method": "GET", "path": path }, "stage": "$default", "domainName": host },
        });
        let payload = serde_json::from_value(event).expect("an event");
        let echo = tower::service_fn(async |request: lambda_http::Request| {
            Ok::<_, std::convert::Infallible>(
                request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            )
        });
        let event = LambdaEvent::new(payload, Invocation::default());
        let answer = Sanitised(Adapter::from(echo)).oneshot(event).await.expect("infallible");
        let answer: Value = serde_json::to_value(answer).expect("JSON");
        answer["body"].as_str().unwrap_or_default().to_owned()
    }

    async fn located_at(source_ip: &str, headers: Value, header: Option<&str>) -> Option<String> {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": headers,
            "isBase64Encoded": false,
            "requestContext": { "http": { "method": "GET", "path": "/", "sourceIp": source_ip }, "stage": "$default" },
        });
        let payload = serde_json::from_value(event).expect("an event");
        let echo = tower::service_fn(async |request: Request| {
            let address = request.extensions().get::<ClientAddress>().map(ToString::to_string);
            Ok::<_, std::convert::Infallible>(address.unwrap_or_default())
        });
        let event = LambdaEvent::new(payload, Invocation::default());
        let service = Sanitised(Adapter::from(located(echo, header.map(str::to_owned))));
        let answer = service.oneshot(event).await.expect("infallible");
        let answer: Value = serde_json::to_value(answer).expect("JSON");
        answer["body"].as_str().filter(|body| !body.is_empty()).map(str::to_owned)
    }

    #[tokio::test]
    async fn a_request_comes_from_where_the_gateway_saw_it_and_not_from_where_it_says() {
        let forged = json!({
            "x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-real-ip": "203.0.113.9",
            "x-peer": "203.0.113.9", "true-client-ip": "203.0.113.9",
        });
        assert_eq!(located_at("192.0.2.1", forged.clone(), None).await.as_deref(), Some("192.0.2.1"));
        assert_eq!(located_at("2001:db8::5:6:7:8", forged.clone(), None).await.as_deref(), Some("2001:db8::"));
        assert_eq!(located_at("no address", forged.clone(), None).await, None);
        // On the local stack, whose gateway removes what a client sent under this name.
        assert_eq!(located_at("192.0.2.1", forged, Some("x-peer")).await.as_deref(), Some("203.0.113.9"));
        assert_eq!(located_at("192.0.2.1", json!({}), Some("x-peer")).await.as_deref(), Some("192.0.2.1"));
    }

    #[tokio::test]
    async fn any_event_becomes_a_request() {
        let cases = [
            ("/v1/users/me", "limit=1&a=%20", "/v1/users/me?limit=1&a=%20"),
            ("/v1/places/São Paulo", "", "/v1/places/S%C3%A3o%20Paulo"),
            ("/v1/a?b#c", "", "/v1/a%3Fb%23c"),
            ("/v1/100%", "q=50%&r=%zz", "/v1/100%25?q=50%25&r=%25zz"),
            ("/v1/\u{0}", "q=\"{<é>}\"", "/v1/%00?q=%22%7B%3C%C3%A9%3E%7D%22"),
            ("", "", "/"),
            ("/v1/%2e%2e/x", "", "/x"),
        ];
        for (path, query, expected) in cases {
            for host in ["api.example.com", "", "a b:99999", "]["] {
                assert_eq!(path_and_query(path, query, host).await, expected, "{path} {query} {host}");
            }
        }
    }
}
