//! The routes of `docs`, over services whose database and AWS are not there.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use runtime::config::{Config, SecretAt};
use serde_json::Value;
use tower::ServiceExt as _;
use web::{AppState, HttpSettings};

/// Nothing listens on port 1.
fn config() -> Config {
    let text = str::to_owned;
    Config {
        public_base_url: text("https://api.example.com"),
        web_base_url: text("https://example.com"),
        cors_origins: Vec::new(),
        database: SecretAt::Value(text("postgres://nobody:nothing@127.0.0.1:1/none?sslmode=disable")),
        database_pool_size: 1,
        token_keys: SecretAt::Value(text("{}")),
        secrets_fresh_seconds: 300,
        signing_key: SecretAt::Value(text("{}")),
        stripe: None,
        stripe_api_base: text("http://127.0.0.1:1"),
        sign_in_providers: None,
        redis_url: None,
        payment_events_queue_url: String::new(),
        events_queue_url: text("http://127.0.0.1:1/queue"),
        sessions_table: text("sessions"),
        one_time_tokens_table: text("tokens"),
        throttles_table: String::new(),
        limits: domain::throttle::Limits::default(),
        client_address_header: None,
        deliveries_table: text("deliveries"),
        notifications_table: text("notifications"),
        photos_bucket: "unused".to_owned(),
        photos_base_url: "http://127.0.0.1:9".to_owned(),
        mail_from: text("no-reply@example.com"),
        max_unpaid_holds: 10,
        service_fees: domain::pricing::ServiceFees {
            guest: domain::money::BasisPoints(1_420),
            host: domain::money::BasisPoints(300),
        },
        calendar_feed_trusted_origin: None,
    }
}

async fn get(path: &str) -> (StatusCode, String, String) {
    let config = config();
    let http = HttpSettings {
        public_base_url: config.public_base_url.as_str().into(),
        cors_origins: Vec::new(),
        time_limit: HttpSettings::TIME_LIMIT,
    };
    let services = Arc::new(runtime::services(&config).expect("nothing is connected yet"));
    let app = web::app(AppState { services, http: Arc::new(http) }, docs::routes());
    let request = Request::builder().method(Method::GET).uri(path).body(Body::empty()).expect("a request");
    let (parts, body) = app.oneshot(request).await.expect("infallible").into_parts();
    let media_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let body = body.collect().await.expect("in memory").to_bytes();
    (parts.status, media_type, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn health_touches_no_dependency() {
    let (status, _, body) = get("/health").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn readiness_is_503_while_the_database_is_down() {
    let (status, _, body) = get("/health/ready").await;
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"unavailable".into()));
    let database = body["dependencies"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "database"));
    assert_eq!(database.map(|database| &database["ok"]), Some(&false.into()));
}

#[tokio::test]
async fn the_contract_is_served_as_json() {
    let (status, media_type, body) = get("/openapi.json").await;
    assert_eq!((status, media_type.as_str()), (StatusCode::OK, "application/json"));
    let document: Value = serde_json::from_str(&body).expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_explanation() {
    let (status, media_type, body) = get("/nowhere").await;
    assert_eq!((status, media_type.as_str()), (StatusCode::NOT_FOUND, "application/problem+json"));
    let problem: Value = serde_json::from_str(&body).expect("JSON");
    let path = problem["type"].as_str().and_then(|url| url.strip_prefix("https://api.example.com")).expect("a link");
    let (path, anchor) = path.split_once('#').expect("an anchor");
    let (status, media_type, page) = get(path).await;
    assert_eq!((status, media_type.as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
    assert!(page.contains(&format!("id=\"{anchor}\"")));
}
