//! What the product's own people see and do: every route of `/v1/admin` but the books, which are the payments'.

mod act;
pub mod audit_log;
pub mod bookings;
pub mod json;
pub mod payments;
pub mod properties;
pub mod reviews;
pub mod users;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(users::list))
        .routes(routes!(users::suspend))
        .routes(routes!(users::restore))
        .routes(routes!(properties::list))
        .routes(routes!(properties::suspend))
        .routes(routes!(properties::restore))
        .routes(routes!(bookings::list))
        .routes(routes!(reviews::list))
        .routes(routes!(reviews::hide))
        .routes(routes!(reviews::restore))
        .routes(routes!(payments::list))
        .routes(routes!(audit_log::list))
}
