//! What needs keys: access tokens, cursors, answers to writes. There is no database behind these services.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Method;
use axum::routing::{get as get_route, post as post_route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runtime::config::{Config, SecretAt};
use serde_json::{Value, json};
use services::Answer as Saved;
use web::fields::Read;
use web::pages::Page;
use web::{AppState, Caller, FromParams, MaybeCaller, PageRequest, Params, Problem, Query, Reply, answers};

use crate::common::{Answer, get, send, settings};

fn config() -> Config {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key pair");
    let key = STANDARD.encode(key.to_pkcs8v1().expect("a document").as_ref());
    let token_keys = json!({ "active_kid": "k", "keys": [{ "kid": "k", "private_key_pkcs8_base64": key }] });
    let signing_key = json!({ "key_base64": STANDARD.encode([7; 32]) });
    let text = str::to_owned;
    Config {
        public_base_url: text("https://api.example.com"),
        web_base_url: text("https://example.com"),
        cors_origins: Vec::new(),
        database: SecretAt::Value(text("postgres://nobody:nothing@127.0.0.1:1/none?sslmode=disable")),
        database_pool_size: 1,
        token_keys: SecretAt::Value(token_keys.to_string()),
        secrets_fresh_seconds: 300,
        signing_key: SecretAt::Value(signing_key.to_string()),
        stripe: None,
        stripe_api_base: "http://127.0.0.1:1".to_owned(),
        sign_in_providers: None,
        payment_events_queue_url: String::new(),
        redis_url: None,
        events_queue_url: text("http://127.0.0.1:1/queue"),
        sessions_table: text("sessions"),
        one_time_tokens_table: text("tokens"),
        throttles_table: String::new(),
        limits: domain::throttle::Limits::default(),
        client_address_header: None,
        deliveries_table: text("deliveries"),
        notifications_table: text("notifications"),
        calendar_feed_trusted_origin: None,
        photos_bucket: "unused".to_owned(),
        photos_base_url: "http://127.0.0.1:9".to_owned(),
        mail_from: text("no-reply@example.com"),
        max_unpaid_holds: 10,
        service_fees: domain::pricing::ServiceFees {
            guest: domain::money::BasisPoints(1_420),
            host: domain::money::BasisPoints(300),
        },
    }
}

struct ListParams(PageRequest);

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let page = params.page();
        let status = params.optional("status", |text| Ok(text.to_owned()));
        let _read = status?;
        Ok(Self(page?))
    }
}

/// The numbers from 0 to 249.
async fn list(State(app): State<AppState>, Query(ListParams(page)): Query<ListParams>) -> Result<Page<u32>, Problem> {
    let first = page.position::<u32>(&app.services).await?.unwrap_or(0);
    let end = (first + page.limit).min(250);
    let next = (end < 250).then_some(end);
    Ok(page.page(&app.services, (first..end).collect(), next).await?)
}

async fn replayed() -> Reply {
    let saved = answers::created(&json!({ "id": "book_1" }), "/v1/bookings/book_1");
    Saved { saved, replayed: true }.into()
}

fn app() -> Router {
    let services = Arc::new(runtime::services(&config()).expect("nothing is connected yet"));
    let routes = Router::new()
        .route("/mine", get_route(async |Caller(actor): Caller| actor.user_id.to_string()))
        .route("/open", get_route(async |MaybeCaller(actor): MaybeCaller| actor.is_some().to_string()))
        .route("/list", get_route(list))
        .route("/other", get_route(list))
        .route("/replayed", post_route(replayed))
        .route("/done", post_route(async || Reply::from(answers::no_content())));
    let state = AppState { services, http: settings() };
    web::shell::wrap(&settings(), routes.with_state(state))
}

#[tokio::test]
async fn strangers_are_401_where_a_caller_is_needed() {
    let app = app();
    let missing = get(&app, "/mine").await;
    missing.is_problem(401, "unauthenticated");
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"roost\"");
    let bad = ["Bearer x", "Bearer", "Bearer ", "Basic eDp5", "x", "Bearer eyJhbGciOiJub25lIn0.e30.", "bearer a.b.c"];
    for (path, authorization) in bad.into_iter().flat_map(|bad| [("/mine", bad), ("/open", bad)]) {
        let answer = send(&app, Method::GET, path, &[("authorization", authorization)], Body::empty()).await;
        answer.is_problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""), "{authorization}");
    }
    let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    send(&app, Method::GET, "/mine", &two, Body::empty()).await.is_problem(401, "unauthenticated");
    assert_eq!(get(&app, "/open").await.body, b"false");
}

/// Path and query of `Link: <…>; rel="next"`; `None` when there is none.
fn next_link(answer: &Answer) -> Option<String> {
    let link = answer.header("link").strip_suffix(">; rel=\"next\"")?;
    link.strip_prefix("<https://api.example.com").map(str::to_owned)
}

#[tokio::test]
async fn pages_lead_through_the_whole_list() {
    let app = app();
    let (mut seen, mut path) = (Vec::new(), "/list?limit=100&status=a%20b".to_owned());
    loop {
        let answer = get(&app, &path).await;
        let json = answer.json();
        seen.extend(json["data"].as_array().into_iter().flatten().filter_map(Value::as_u64));
        match next_link(&answer) {
            Some(next) => {
                assert!(next.contains("limit=100") && next.contains(json["next_cursor"].as_str().expect("a cursor")));
                path = next;
            }
            None => {
                assert_eq!(json["next_cursor"], Value::Null);
                break;
            }
        }
    }
    assert_eq!(seen, (0..250).collect::<Vec<_>>());
    assert_eq!(get(&app, "/list").await.json()["data"].as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_and_filters() {
    let app = app();
    let first = get(&app, "/list?status=a&limit=5").await;
    let cursor = first.json()["next_cursor"].as_str().expect("a cursor").to_owned();
    let again = get(&app, &format!("/list?cursor={cursor}&limit=7&status=a")).await;
    assert_eq!(again.json()["data"][0], 5);
    let altered = format!("{}{}", if cursor.starts_with('A') { 'B' } else { 'A' }, &cursor[1..]);
    let wrong = [
        format!("/list?status=b&cursor={cursor}"),
        format!("/list?cursor={cursor}"),
        format!("/other?status=a&cursor={cursor}"),
        format!("/list?status=a&cursor={altered}"),
        "/list?status=a&cursor=".to_owned(),
        "/list?status=a&cursor=%F0%9F%98%80".to_owned(),
    ];
    for path in wrong {
        get(&app, &path).await.is_problem(422, "invalid_cursor");
    }
}

#[tokio::test]
async fn limits_are_1_to_100() {
    let app = app();
    for limit in ["0", "101", "-1", "x", "1.5", "99999999999999999999"] {
        get(&app, &format!("/list?limit={limit}")).await.is_problem(422, "validation_failed");
    }
    for limit in ["1", "100"] {
        assert!(get(&app, &format!("/list?limit={limit}")).await.status.is_success());
    }
}

#[tokio::test]
async fn answers_of_writes_carry_status_location_and_replay() {
    let app = app();
    let answer = send(&app, Method::POST, "/replayed", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (201, "/v1/bookings/book_1"));
    assert_eq!((answer.header("idempotent-replayed"), answer.header("content-type")), ("true", "application/json"));
    let answer = send(&app, Method::POST, "/done", &[], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.body.len(), answer.header("content-type")), (204, 0, ""));
    assert_eq!(answer.header("idempotent-replayed"), "");
}
