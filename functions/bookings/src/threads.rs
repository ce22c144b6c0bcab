//! Threads of guests and hosts: every route of `/v1/threads`, and the thread of a booking.

mod create;
mod get;
pub mod json;
mod list;
mod list_messages;
mod list_messages_of_booking;
mod read;
mod send;
mod send_about_booking;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// The routes, with full paths.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_threads, create::create_thread))
        .routes(routes!(get::get_thread))
        .routes(routes!(list_messages::list_messages, send::send_message))
        .routes(routes!(read::mark_thread_read))
        .routes(routes!(list_messages_of_booking::list_messages_of_booking, send_about_booking::send_about_booking))
}
