//! What every operation of the published contract says besides its own.

use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;
use web::openapi::{RequiredIdempotencyKeyParam, document};

#[utoipa::path(get, path = "/v1/things/{id}", security((), ("access_token" = [])), responses((status = 200)))]
async fn get_thing() {}

#[utoipa::path(get, path = "/health", responses((status = 200), (status = 503, description = "its own")))]
async fn health() {}

#[utoipa::path(post, path = "/v1/things", request_body = String, responses((status = 201)))]
async fn make_thing() {}

#[utoipa::path(
    post,
    path = "/v1/payments",
    params(RequiredIdempotencyKeyParam),
    security(("access_token" = [])),
    responses((status = 201))
)]
async fn pay() {}

fn made() -> Value {
    let things: OpenApiRouter<AppState> =
        OpenApiRouter::new().routes(routes!(get_thing)).routes(routes!(make_thing)).routes(routes!(health));
    let payments = OpenApiRouter::new().routes(routes!(pay));
    serde_json::to_value(document([things, payments])).expect("JSON")
}

#[test]
fn the_document_is_openapi_3_1_of_all_functions() {
    let document = made();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths: Vec<_> = document["paths"].as_object().into_iter().flatten().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/health", "/v1/payments", "/v1/things", "/v1/things/{id}"]);
    assert_eq!(document["components"]["securitySchemes"]["access_token"]["scheme"], "bearer");
    assert_eq!(document["components"]["schemas"]["Problem"]["properties"]["errors"]["type"], "array");
}

#[test]
fn every_operation_documents_its_problems() {
    let document = made();
    let statuses = |method: &str, path: &str| {
        let responses = document["paths"][path][method]["responses"].as_object().cloned().unwrap_or_default();
        responses.keys().map(|status| status.parse().unwrap_or(0)).collect::<Vec<u16>>()
    };
    assert_eq!(statuses("get", "/health"), [200, 422, 503, 0]);
    assert_eq!(statuses("get", "/v1/things/{id}"), [200, 401, 404, 422, 503, 0]);
    assert_eq!(statuses("post", "/v1/things"), [201, 400, 413, 415, 422, 503, 0]);
    assert_eq!(document["paths"]["/health"]["get"]["responses"]["503"]["description"], "its own");
}

#[test]
fn every_post_takes_an_idempotency_key() {
    let document = made();
    for (path, required) in [("/v1/things", false), ("/v1/payments", true)] {
        let parameters = document["paths"][path]["post"]["parameters"].as_array().expect("parameters");
        let keys: Vec<_> = parameters.iter().filter(|one| one["name"] == "Idempotency-Key").collect();
        assert_eq!(
            (keys.len(), &keys[0]["in"], &keys[0]["required"]),
            (1, &"header".into(), &required.into()),
            "{path}"
        );
    }
}
