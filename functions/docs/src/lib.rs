//! What a developer reads and a monitor asks: every route outside of `/v1`. Whatever path no other function has
//! comes here too, to be answered `404`.

mod errors;
mod health;
mod openapi;
mod swagger;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::openapi))
        .routes(routes!(errors::errors))
        .route("/docs", get(swagger::folder))
        .route("/docs/", get(swagger::index))
        .route("/docs/{file}", get(swagger::asset))
}
