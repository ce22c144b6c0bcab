//! What a developer reads and a monitor asks: every route outside of `/v1`. Whatever path no other function has
//! comes here too, to be answered `404`.

mod errors;
mod health;
mod openapi;

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
}
