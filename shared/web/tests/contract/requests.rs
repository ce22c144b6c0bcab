//! What the contract promises of bad input: which status, which code, at which place.

use crate::common::{Answer, app, get, post, send};
use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::Method;
use axum::routing::{get as get_route, post as post_route};
use domain::error::Invalid;
use domain::id::PropertyId;
use domain::money::Money;
use web::fields::{self, Fields, FromFields, Read, boolean, date, integer_between, list, object, text, text_with};
use web::params::{self, FromParams, Params};
use web::{Body, OptionalIdempotencyKey, PathId, Query, RequiredIdempotencyKey};

struct StayIn {
    guests: u8,
    price: Option<Money>,
    note: Option<Option<String>>,
}

impl FromFields for StayIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let property = fields.required("property_id", text::<PropertyId>);
        let check_in = fields.required("check_in", date);
        let guests = fields.required("guests", integer_between::<u8>(1, 16));
        let price = fields.optional("price", object::<Money>);
        let extras = fields.optional("extras", list(2, text_with(|text| Ok(text.to_owned()))));
        let sure = fields.optional("sure", boolean);
        let note = fields.clearable("note", text_with(|text| Ok(text.to_owned())));
        let title = fields.changed("title", text_with(|text| Ok(text.to_owned())));
        let _read = (property?, check_in?, extras?, sure?, title?);
        Ok(Self { guests: guests?, price: price?, note: note? })
    }
}

struct SearchParams(u32, Option<i64>);

impl FromParams for SearchParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let guests = params.required("guests", params::integer_between(1, 16));
        let from = params.optional("from", domain::stay::parse_date);
        let min = params.optional("min_price", params::integer_between(0, i64::MAX));
        let sorts = params.optional("sort", |sort| match sort {
            "price" => Ok(()),
            _ => Err(Invalid::new("unknown_value", "This must be price.")),
        });
        let _read = (from?, sorts?);
        Ok(Self(guests?, min?))
    }
}

fn routes() -> Router {
    let stay = async |Body { value, canonical }: Body<StayIn>| {
        let StayIn { guests, price, note } = value;
        format!("{guests} {price:?} {note:?} {}", String::from_utf8_lossy(&canonical))
    };
    Router::new()
        .route("/stays", post_route(stay))
        .route("/acts", post_route(async |_: Body<()>| "done"))
        .route(
            "/search",
            get_route(async |Query(SearchParams(guests, min)): Query<SearchParams>| format!("{guests} {min:?}")),
        )
        .route("/plain", get_route(async |_: Query<()>| "plain"))
        .route("/properties/{id}", get_route(async |PathId(id): PathId<PropertyId>| id.to_string()))
        .route("/keyed", post_route(async |_: OptionalIdempotencyKey| "done"))
        .route("/paid", post_route(async |_: RequiredIdempotencyKey| "done"))
}

const GOOD: &str = r#"{"property_id":"prop_01h455vb4pex5vsknk084sn02q","check_in":"2027-05-31","guests":2}"#;

/// The good body with one field replaced by this JSON text.
fn with(field: &str, json: &str) -> String {
    let good: serde_json::Map<String, serde_json::Value> = serde_json::from_str(GOOD).expect("JSON");
    let kept = good.iter().filter(|(name, _)| *name != field).map(|(name, value)| format!("\"{name}\":{value},"));
    format!("{{{}\"{field}\":{json}}}", kept.collect::<String>())
}

async fn stay(body: &str) -> Answer {
    post(&app(routes()), "/stays", body.to_owned()).await
}

#[tokio::test]
async fn a_good_body_is_taken_and_has_one_canonical_form() {
    let answer = stay(&format!(" {} ", GOOD.replace(':', " : "))).await;
    let canonical = r#"{"check_in":"2027-05-31","guests":2,"property_id":"prop_01h455vb4pex5vsknk084sn02q"}"#;
    assert_eq!(String::from_utf8_lossy(&answer.body), format!("2 None None {canonical}"));
    let cleared = stay(&with("note", "null")).await;
    assert!(String::from_utf8_lossy(&cleared.body).starts_with("2 None Some(None)"));
}

#[tokio::test]
async fn not_json_is_400() {
    for body in ["", "{", "hello", "{\"a\":}", "\u{feff}{}", "{} {}"] {
        stay(body).await.is_problem(400, "malformed_json");
    }
    post(&app(routes()), "/stays", vec![b'"', 0xff, b'"']).await.is_problem(400, "malformed_json");
}

#[tokio::test]
async fn another_media_type_is_415() {
    let app = app(routes());
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", ""] {
        let answer = send(&app, Method::POST, "/stays", &[("content-type", media_type)], GOOD).await;
        answer.is_problem(415, "unsupported_media_type");
    }
    send(&app, Method::POST, "/stays", &[], GOOD).await.is_problem(415, "unsupported_media_type");
    for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
        assert!(send(&app, Method::POST, "/stays", &[("content-type", media_type)], GOOD).await.status.is_success());
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_422_at_the_root() {
    for body in ["[]", "1", "null", "\"x\"", "1e999"] {
        let answer = stay(body).await;
        answer.is_problem(422, "validation_failed");
        assert_eq!(answer.faults(), [(String::new(), "wrong_type".to_owned())], "{body}");
    }
}

#[tokio::test]
async fn each_kind_of_fault_has_its_code_and_place() {
    let cases = [
        ("guests", "1.5", "/guests", "not_an_integer"),
        ("guests", "2.0", "/guests", "not_an_integer"),
        ("guests", "2e0", "/guests", "not_an_integer"),
        ("guests", "0", "/guests", "out_of_range"),
        ("guests", "-1", "/guests", "out_of_range"),
        ("guests", "17", "/guests", "out_of_range"),
        ("guests", "9223372036854775808", "/guests", "out_of_range"),
        ("guests", "123456789012345678901234567890", "/guests", "out_of_range"),
        ("guests", "1e400", "/guests", "out_of_range"),
        ("guests", "\"2\"", "/guests", "wrong_type"),
        ("guests", "true", "/guests", "wrong_type"),
        ("guests", "null", "/guests", "required"),
        ("property_id", "\"user_01h455vb4pex5vsknk084sn02q\"", "/property_id", "not_found"),
        ("property_id", "\"x\\u0000\"", "/property_id", "invalid_characters"),
        ("property_id", "\"\\ud800\"", "/property_id", "invalid_characters"),
        ("property_id", "7", "/property_id", "wrong_type"),
        ("check_in", "\"31.05.2027\"", "/check_in", "invalid_format"),
        ("check_in", "\"2027-02-30\"", "/check_in", "invalid_format"),
        ("price", "{\"amount\":1.5,\"currency\":\"USD\"}", "/price/amount", "not_an_integer"),
        ("price", "{\"amount\":1}", "/price/currency", "required"),
        ("price", "{\"amount\":1,\"currency\":\"EUR\",\"x/y~z\":1}", "/price/x~1y~0z", "unknown_field"),
        ("price", "12", "/price", "wrong_type"),
        ("extras", "[\"a\",\"b\",\"c\"]", "/extras", "too_many_items"),
        ("extras", "[\"a\",1]", "/extras/1", "wrong_type"),
        ("extras", "{}", "/extras", "wrong_type"),
        ("sure", "\"true\"", "/sure", "wrong_type"),
        ("title", "null", "/title", "required"),
        ("surprise", "1", "/surprise", "unknown_field"),
        ("\\u0000", "1", "/\u{0}", "unknown_field"),
    ];
    for (field, json, pointer, code) in cases {
        let answer = stay(&with(field, json)).await;
        answer.is_problem(422, "validation_failed");
        assert_eq!(answer.faults(), [(pointer.to_owned(), code.to_owned())], "{field}: {json}");
    }
}

#[tokio::test]
async fn all_faults_of_a_body_come_at_once() {
    let answer = stay(r#"{"property_id":1,"guests":99,"price":{"amount":"x"},"extra":0}"#).await;
    let expected = [
        ("/check_in", "required"),
        ("/extra", "unknown_field"),
        ("/guests", "out_of_range"),
        ("/price/amount", "wrong_type"),
        ("/price/currency", "required"),
        ("/property_id", "wrong_type"),
    ];
    assert_eq!(answer.faults(), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

#[tokio::test]
async fn acts_without_a_body_take_none_or_an_empty_object() {
    let app = app(routes());
    assert!(send(&app, Method::POST, "/acts", &[], HttpBody::empty()).await.status.is_success());
    assert!(post(&app, "/acts", "").await.status.is_success());
    assert!(post(&app, "/acts", "{}").await.status.is_success());
    assert_eq!(post(&app, "/acts", "{\"a\":1}").await.faults(), [("/a".to_owned(), "unknown_field".to_owned())]);
}

#[tokio::test]
async fn a_body_is_ignored_on_get() {
    let app = app(routes());
    assert!(send(&app, Method::GET, "/plain", &[], "{nonsense").await.status.is_success());
}

#[tokio::test]
async fn query_faults_come_at_once_with_their_names() {
    let app = app(routes());
    let cases = [
        ("guests=2&colour=red", vec![("?colour", "unknown_parameter")]),
        ("guests=2&guests=3", vec![("?guests", "repeated")]),
        (
            "guests=two&from=soon&x=1",
            vec![("?guests", "not_an_integer"), ("?from", "invalid_format"), ("?x", "unknown_parameter")],
        ),
        ("", vec![("?guests", "required")]),
        ("guests=", vec![("?guests", "not_an_integer")]),
        ("guests=99999999999999999999", vec![("?guests", "out_of_range")]),
        ("guests=2&min_price=-1", vec![("?min_price", "out_of_range")]),
        ("guests=2&min_price=1e3", vec![("?min_price", "not_an_integer")]),
        ("guests=2&sort=%00", vec![("?sort", "invalid_characters")]),
        ("guests=2&sort=%FF", vec![("?sort", "unknown_value")]),
    ];
    for (query, faults) in cases {
        let answer = get(&app, &format!("/search?{query}")).await;
        answer.is_problem(422, "validation_failed");
        let faults: Vec<_> = faults.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
        assert_eq!(answer.faults(), faults, "{query}");
    }
    assert_eq!(get(&app, "/search?guests=2&min_price=5&from=2027-05-31").await.body, b"2 Some(5)");
    get(&app, "/plain?x=1").await.is_problem(422, "validation_failed");
}

#[tokio::test]
async fn ids_that_name_nothing_are_404_in_a_path() {
    let app = app(routes());
    let good = "prop_01h455vb4pex5vsknk084sn02q";
    assert_eq!(get(&app, &format!("/properties/{good}")).await.body, good.as_bytes());
    for id in [
        "user_01h455vb4pex5vsknk084sn02q",
        "1",
        "%00",
        "%ff",
        "prop_01h455vb4pex5vsknk084sn02q%00",
        "%ED%A0%80",
        "%F0%9F%98%80",
        "..%2F",
    ] {
        get(&app, &format!("/properties/{id}")).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn idempotency_keys_are_1_to_255_printable_characters() {
    let app = app(routes());
    let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
    for path in ["/keyed", "/paid"] {
        for key in ["", " ", too_long.as_str(), "é", "a\tb"] {
            let answer = send(&app, Method::POST, path, &[("idempotency-key", key)], HttpBody::empty()).await;
            answer.is_problem(400, "idempotency_key_invalid");
        }
        let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
        send(&app, Method::POST, path, &twice, HttpBody::empty()).await.is_problem(400, "idempotency_key_invalid");
        for key in ["k", longest.as_str()] {
            assert!(
                send(&app, Method::POST, path, &[("idempotency-key", key)], HttpBody::empty())
                    .await
                    .status
                    .is_success()
            );
        }
    }
    send(&app, Method::POST, "/paid", &[], HttpBody::empty()).await.is_problem(400, "idempotency_key_missing");
    assert!(send(&app, Method::POST, "/keyed", &[], HttpBody::empty()).await.status.is_success());
}

#[test]
fn reading_fields_needs_no_request() {
    let body = serde_json::json!({ "amount": 5, "currency": "JPY" });
    assert_eq!(fields::read::<Money>(&body).expect("money").amount, 5);
}
