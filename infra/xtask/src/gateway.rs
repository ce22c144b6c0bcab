//! The API's own door, as API Gateway is on AWS: it passes requests on to the router of `cargo lambda watch`, and
//! spares it what it can't take. The router says of every request that it comes from 127.0.0.1, so where it comes from
//! is told in a header, which no client can set. More than a hundred requests waiting for one function lock that router for good, so
//! only so many are passed on at a time and the others wait here; and bytes that are no text are told to it as such.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Requests the router has at a time.
const IN_FLIGHT: usize = 64;

/// What API Gateway takes.
const BODY_LIMIT_BYTES: usize = 10 * 1024 * 1024;

/// Says where a request comes from, as `sourceIp` does on AWS; functions heed it on local stages alone.
pub(crate) const CLIENT_ADDRESS_HEADER: &str = "x-roost-client-address";

/// The way to the router.
struct Gateway {
    router: String,
    client: Client<HttpConnector, Full<Bytes>>,
    in_flight: Semaphore,
}

/// Listens on `port` before anything else may take it.
pub(crate) async fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("listening on port {port} for the API"))
}

/// Passes requests on until dropped.
pub(crate) async fn run(listener: TcpListener, router_port: u16) -> Result<()> {
    let gateway = Arc::new(Gateway {
        router: format!("127.0.0.1:{router_port}"),
        client: Client::builder(TokioExecutor::new()).build_http(),
        in_flight: Semaphore::new(IN_FLIGHT),
    });
    loop {
        let (stream, peer) = listener.accept().await.context("accepting a connection")?;
        // Small answers must not wait for more to come.
        stream.set_nodelay(true)?;
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&gateway), request, peer.ip()));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away in the middle is no news.
            drop(connection.await);
        });
    }
}

async fn answer(
    gateway: Arc<Gateway>,
    request: Request<Incoming>,
    peer: IpAddr,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = gateway.pass_on(request, peer).await;
    Ok(response.unwrap_or_else(|error| {
        crate::ui::warn(&format!("a request did not get through to the router: {error:#}"));
        plain(StatusCode::BAD_GATEWAY, "the router of the local stack does not answer")
    }))
}

impl Gateway {
    async fn pass_on(&self, request: Request<Incoming>, peer: IpAddr) -> Result<Response<Full<Bytes>>> {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_LIMIT_BYTES).collect().await else {
            return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "request too long"));
        };
        let body = body.to_bytes();
        parts.uri = self.target(&parts.uri)?;
        sanitise(&mut parts.headers, &body);
        parts.headers.insert(CLIENT_ADDRESS_HEADER, HeaderValue::try_from(peer.to_string())?);
        let _permit = self.in_flight.acquire().await?;
        let response = self.client.request(Request::from_parts(parts, Full::new(body))).await?;
        let (mut parts, body) = response.into_parts();
        parts.headers.remove(TRANSFER_ENCODING);
        parts.headers.remove(CONNECTION);
        Ok(Response::from_parts(parts, Full::new(body.collect().await?.to_bytes())))
    }

    fn target(&self, uri: &Uri) -> Result<Uri> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        format!("http://{}{path}", self.router).parse().context("the address of a request")
    }
}

fn sanitise(headers: &mut HeaderMap, body: &[u8]) {
    for name in [CONNECTION, TRANSFER_ENCODING, HOST] {
        headers.remove(name);
    }
    // The router fails at header values that are not text; API Gateway hands none of them on either.
    let unreadable: Vec<_> =
        headers.iter().filter(|(_, value)| value.to_str().is_err()).map(|(name, _)| name.clone()).collect();
    for name in unreadable {
        headers.remove(name);
    }
    // It takes "application/json" for text whatever the bytes are; spelt otherwise it encodes them as API Gateway does.
    if std::str::from_utf8(body).is_err()
        && let Some(kind) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
        && let Ok(kind) = HeaderValue::from_str(&kind.replacen("application/", "Application/", 1))
    {
        headers.insert(CONTENT_TYPE, kind);
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_not_passed_on_as_text() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        sanitise(&mut headers, b"{\"a\":\"\xff\"}");
        assert_eq!(headers[CONTENT_TYPE], "Application/json");
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-request-id", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        sanitise(&mut headers, b"{}");
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        assert!(!headers.contains_key("x-request-id"));
    }
}
