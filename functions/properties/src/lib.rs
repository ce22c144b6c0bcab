//! Listings: every route of `/v1/properties`, `/v1/wishlists` and `/v1/places`.

mod archive;
pub mod calendar;
pub mod calendar_export;
pub mod calendar_feeds;
pub mod calendar_json;
mod create;
pub mod create_json;
mod geojson;
mod get;
pub mod json;
mod list;
pub mod map;
pub mod photos;
pub mod places;
pub mod quote;
mod reviews;
pub mod search;
mod search_params;
mod unlist;
mod update;
pub mod update_json;
pub mod wishlists;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(search::search_properties))
        .routes(routes!(map::map_properties))
        .routes(routes!(places::suggest_places))
        .routes(routes!(create::create_property))
        .routes(routes!(get::get_property, update::update_property, archive::delete_property))
        .routes(routes!(list::list_property))
        .routes(routes!(unlist::unlist_property))
        .routes(routes!(calendar::get_calendar, calendar::put_calendar))
        .routes(routes!(quote::quote_stay))
        .routes(routes!(reviews::list_property_reviews))
        .routes(routes!(calendar_export::get_exported_calendar))
        .routes(routes!(calendar_export::get_calendar_export, calendar_export::rotate_calendar_export))
        .routes(routes!(calendar_feeds::list_feeds, calendar_feeds::create_feed))
        .routes(routes!(calendar_feeds::delete_feed))
        .merge(photos::routes())
        .merge(wishlists::routes())
}
