//! What the contract promises of every answer, whatever the handler does.

use crate::common::{Answer, app, get, send};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::routing::{get as get_route, patch, post as post_route};
use axum::{Json, Router};
use domain::error::{Error, ErrorCode};
use serde_json::json;
use web::Problem;

const ALLOWED: &str = "https://app.example.com";

fn routes() -> Router {
    Router::new()
        .route("/object", get_route(async || Json(json!({ "id": 1 }))).merge(patch(async || Json(json!({ "id": 1 })))))
        .route("/cached", get_route(async || ([(header::CACHE_CONTROL, "public, max-age=60")], "x")))
        .route("/panics", get_route(async || -> String { panic!("with a secret") }))
        .route("/hangs", get_route(std::future::pending::<String>))
        .route("/reads", post_route(async |body: axum::body::Bytes| body.len().to_string()))
        .route("/fails", get_route(async || Problem(Error::internal("password=hunter2"))))
        .route("/down", get_route(async || Problem(Error::unavailable("connection refused by 10.0.0.7"))))
        .route("/denied", get_route(async || Problem(Error::new(ErrorCode::Unauthenticated, "No."))))
}

fn has_common_headers(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    assert!(!answer.header("x-request-id").is_empty());
    assert!(!answer.header("cache-control").is_empty());
}

#[tokio::test]
async fn every_answer_has_the_common_headers() {
    let app = app(routes());
    for path in ["/object", "/cached", "/panics", "/hangs", "/fails", "/down", "/denied", "/nowhere"] {
        has_common_headers(&get(&app, path).await);
    }
    has_common_headers(&send(&app, Method::DELETE, "/object", &[], Body::empty()).await);
    has_common_headers(&send(&app, Method::POST, "/reads", &[], vec![0; 300_000]).await);
}

#[tokio::test]
async fn cache_control_is_the_handlers_or_no_store() {
    let app = app(routes());
    assert_eq!(get(&app, "/cached").await.header("cache-control"), "public, max-age=60");
    assert_eq!(get(&app, "/object").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let app = app(routes());
    let long = "x".repeat(129);
    for (sent, kept) in [("abc-1.2_Z", true), ("", false), ("a b", false), ("<script>", false), (long.as_str(), false)]
    {
        let answer = send(&app, Method::GET, "/object", &[("x-request-id", sent)], Body::empty()).await;
        assert_eq!(answer.header("x-request-id") == sent, kept, "{sent}");
        assert!(!answer.header("x-request-id").is_empty());
    }
    assert_ne!(get(&app, "/object").await.header("x-request-id"), get(&app, "/object").await.header("x-request-id"));
}

#[tokio::test]
async fn unknown_route_is_404_and_unknown_method_405_with_allow() {
    let app = app(routes());
    get(&app, "/nowhere").await.is_problem(404, "not_found");
    get(&app, "/%00").await.is_problem(404, "not_found");
    let answer = send(&app, Method::DELETE, "/object", &[], Body::empty()).await;
    answer.is_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,PATCH");
    let answer = send(&app, Method::OPTIONS, "/object", &[], Body::empty()).await;
    answer.is_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing() {
    let answer = get(&app(routes()), "/panics").await;
    answer.is_problem(500, "internal_error");
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
}

#[tokio::test]
async fn causes_are_never_sent() {
    let app = app(routes());
    let failed = get(&app, "/fails").await;
    failed.is_problem(500, "internal_error");
    assert!(!String::from_utf8_lossy(&failed.body).contains("hunter2"));
    let down = get(&app, "/down").await;
    down.is_problem(503, "unavailable");
    assert!(!String::from_utf8_lossy(&down.body).contains("10.0.0.7"));
}

#[tokio::test]
async fn a_hanging_dependency_is_503_with_retry_after() {
    let answer = get(&app(routes()), "/hangs").await;
    answer.is_problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
}

#[tokio::test]
async fn bodies_over_256_kib_are_413() {
    let app = app(routes());
    let most = send(&app, Method::POST, "/reads", &[], vec![b'x'; 256 * 1024]).await;
    assert_eq!((most.status, most.body), (StatusCode::OK, b"262144".to_vec()));
    let more = send(&app, Method::POST, "/reads", &[], vec![b'x'; 256 * 1024 + 1]).await;
    more.is_problem(413, "payload_too_large");
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let app = app(routes());
    let (head, full) = (send(&app, Method::HEAD, "/object", &[], Body::empty()).await, get(&app, "/object").await);
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    for name in ["etag", "content-type", "content-length"] {
        assert_eq!(head.header(name), full.header(name), "{name}");
        assert!(!head.header(name).is_empty() || name == "content-length", "{name}");
    }
    assert_eq!(send(&app, Method::HEAD, "/nowhere", &[], Body::empty()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn if_none_match_with_the_etag_is_304() {
    let app = app(routes());
    let full = get(&app, "/object").await;
    let tag = full.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'));
    for condition in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = send(&app, Method::GET, "/object", &[("if-none-match", &condition)], Body::empty()).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{condition}");
        assert_eq!(answer.header("etag"), tag);
        has_common_headers(&answer);
    }
    let other = send(&app, Method::GET, "/object", &[("if-none-match", "\"x\"")], Body::empty()).await;
    assert_eq!((other.status, other.body), (StatusCode::OK, full.body));
    let patched = send(&app, Method::PATCH, "/object", &[("if-none-match", &tag)], Body::empty()).await;
    assert_eq!((patched.status, patched.header("etag")), (StatusCode::OK, tag.as_str()));
}

#[tokio::test]
async fn a_challenge_tells_missing_from_bad_credentials() {
    let app = app(routes());
    let missing = get(&app, "/denied").await;
    missing.is_problem(401, "unauthenticated");
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"roost\"");
    let bad = send(&app, Method::GET, "/denied", &[("authorization", "Bearer x")], Body::empty()).await;
    bad.is_problem(401, "unauthenticated");
    assert!(bad.header("www-authenticate").starts_with("Bearer error=\"invalid_token\", error_description=\""));
}

#[tokio::test]
async fn preflights_of_configured_origins_are_answered() {
    let app = app(routes());
    let ask = [
        ("origin", ALLOWED),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "if-match"),
    ];
    let answer = send(&app, Method::OPTIONS, "/object", &ask, Body::empty()).await;
    assert!(answer.status.is_success());
    assert_eq!(answer.header("access-control-allow-origin"), ALLOWED);
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").contains(method), "{method}");
    }
    for name in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-request-id"] {
        assert!(answer.header("access-control-allow-headers").contains(name), "{name}");
    }
    has_common_headers(&answer);
    let stranger = [("origin", "https://evil.example"), ("access-control-request-method", "GET")];
    let answer = send(&app, Method::OPTIONS, "/object", &stranger, Body::empty()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn an_answer_to_no_page_is_not_kept_for_pages() {
    let app = app(routes());
    for path in ["/object", "/nowhere", "/hangs"] {
        let answer = get(&app, path).await;
        assert_eq!((answer.header("vary"), answer.header("access-control-expose-headers")), ("origin", ""), "{path}");
    }
}

#[tokio::test]
async fn errors_can_be_read_across_origins_too() {
    let app = app(routes());
    for path in ["/object", "/nowhere", "/panics", "/hangs"] {
        let answer = send(&app, Method::GET, path, &[("origin", "http://localhost:5173")], Body::empty()).await;
        assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:5173", "{path}");
        for name in ["etag", "link", "location", "retry-after", "idempotent-replayed", "ratelimit", "x-request-id"] {
            assert!(answer.header("access-control-expose-headers").contains(name), "{name}");
        }
        assert!(answer.header("vary").to_lowercase().contains("origin"));
    }
}
