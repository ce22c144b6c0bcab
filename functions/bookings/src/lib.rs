//! Stays, and what guests and hosts write to each other: every route of `/v1/bookings` and `/v1/threads`.

mod accept;
mod act;
mod calendar;
pub mod cancel;
mod cancellation;
mod change;
mod change_accept;
mod change_decline;
mod change_get;
pub mod change_json;
mod change_withdraw;
mod create;
mod decline;
mod get;
pub mod json;
mod list;
mod no_show;
mod receipt;
pub mod threads;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_booking))
        .routes(routes!(list::list_bookings))
        .routes(routes!(get::get_booking))
        .routes(routes!(accept::accept_booking))
        .routes(routes!(decline::decline_booking))
        .routes(routes!(cancellation::preview_cancellation))
        .routes(routes!(cancel::cancel_booking))
        .routes(routes!(change::propose, change_get::get, change_withdraw::withdraw))
        .routes(routes!(change_accept::accept))
        .routes(routes!(change_decline::decline))
        .routes(routes!(no_show::report))
        .routes(routes!(calendar::get_stay_calendar))
        .routes(routes!(receipt::get_receipt))
        .merge(threads::routes())
}
