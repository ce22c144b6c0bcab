//! `PUT` and `DELETE /v1/wishlists/{id}/items/{property_id}`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{PropertyId, WishlistId};
use services::wishlists::{WishlistView, add_item, remove_item};
use web::{AppState, Body, Caller, IfMatch, PathIds, Problem, Query};

use super::json::WishlistOut;

/// Put a property on a wishlist; one that is there stays where it is. A list holds 500.
#[utoipa::path(
    put,
    path = "/v1/wishlists/{id}/items/{property_id}",
    tag = "wishlists",
    operation_id = "addWishlistItem",
    params(("id" = WishlistId, Path), ("property_id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The wishlist as it now is", body = WishlistOut))
)]
pub(crate) async fn add_wishlist_item(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathIds(id, property_id): PathIds<WishlistId, PropertyId>,
    Query(()): Query<()>,
    _: Body<()>,
) -> Result<Json<WishlistOut>, Problem> {
    let actor = &actor;
    let view = app
        .services
        .write("wishlists.add_item", |tx| async move { add_item(&tx, actor, id, property_id).await })
        .await?;
    Ok(Json(WishlistOut::from(&view)))
}

/// Take a property off a wishlist. `If-Match` is held against the wishlist.
#[utoipa::path(
    delete,
    path = "/v1/wishlists/{id}/items/{property_id}",
    tag = "wishlists",
    operation_id = "removeWishlistItem",
    params(("id" = WishlistId, Path), ("property_id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "It is off the list"))
)]
pub(crate) async fn remove_wishlist_item(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathIds(id, property_id): PathIds<WishlistId, PropertyId>,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("wishlists.remove_item", |tx| async move {
            let is_as_seen = |view: &WishlistView| if_match.check_representation(&WishlistOut::from(view));
            remove_item(&tx, actor, id, property_id, is_as_seen).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
