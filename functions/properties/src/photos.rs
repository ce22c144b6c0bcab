//! Photos of a property: every route below `/v1/properties/{id}/photos`.

mod create;
mod delete;
pub mod json;
mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_photo))
        .routes(routes!(update::update_photo, delete::delete_photo))
}
