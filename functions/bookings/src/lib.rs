//! Stays: every route of `/v1/bookings`.

mod create;
mod get;
mod json;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_booking))
        .routes(routes!(list::list_bookings))
        .routes(routes!(get::get_booking))
}
