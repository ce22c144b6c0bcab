//! Wishlists: every route of `/v1/wishlists`.

mod create;
mod delete;
mod get;
mod items;
pub mod json;
mod list;
mod list_items;
mod update;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// The routes, with full paths.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_wishlists, create::create_wishlist))
        .routes(routes!(get::get_wishlist, update::update_wishlist, delete::delete_wishlist))
        .routes(routes!(list_items::list_wishlist_items))
        .routes(routes!(items::add_wishlist_item, items::remove_wishlist_item))
}
