//! `GET /docs/`: Swagger UI over `/openapi.json`. Its files are compiled in; nothing comes from elsewhere.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::error::Error;
use utoipa_swagger_ui::{Config, serve};
use web::{Problem, Query};

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    Arc::new(
        Config::from("/openapi.json")
            .try_it_out_enabled(true)
            .persist_authorization(true)
            .display_request_duration(true),
    )
});

/// The page's links are relative to a folder.
pub(crate) async fn folder(Query(()): Query<()>) -> Redirect {
    Redirect::permanent("/docs/")
}

/// The page.
pub(crate) async fn index(Query(()): Query<()>) -> Result<Response, Problem> {
    file("")
}

/// A file of the page.
pub(crate) async fn asset(Path(name): Path<String>, Query(()): Query<()>) -> Result<Response, Problem> {
    file(&name)
}

fn file(name: &str) -> Result<Response, Problem> {
    let found = serve(name, Arc::clone(&CONFIG)).map_err(|error| Error::internal(error.to_string()))?;
    let file = found.ok_or_else(Error::not_found)?;
    let headers =
        [(header::CONTENT_TYPE, file.content_type), (header::CACHE_CONTROL, "public, max-age=3600".to_owned())];
    Ok((StatusCode::OK, headers, file.bytes.into_owned()).into_response())
}
