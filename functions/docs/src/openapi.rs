//! `GET /openapi.json`: the document checked in at the root, which `cargo xtask openapi` makes from the code.

use axum::http::header;
use axum::response::IntoResponse;
use web::Query;

const DOCUMENT: &str = include_str!("../../../openapi.json");

/// The contract, as OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "docs",
    operation_id = "getOpenApi",
    responses((status = 200, description = "This document", content_type = "application/json", body = Object))
)]
pub(crate) async fn openapi(Query(()): Query<()>) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, DOCUMENT)
}
