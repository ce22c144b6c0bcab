//! Reviews of stays: every route of `/v1/reviews`. The list of a property is below `/v1/properties`.

mod create;
mod get;
pub mod json;
mod report;
mod respond;
mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_review))
        .routes(routes!(get::get_review, update::update_review))
        .routes(routes!(respond::respond_to_review))
        .routes(routes!(report::report_review))
}
