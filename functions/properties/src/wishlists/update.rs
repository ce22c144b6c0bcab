//! `PATCH /v1/wishlists/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::WishlistId;
use services::wishlists::{WishlistPatch, WishlistView, update};
use web::{AppState, Body, Caller, IfMatch, PathId, Problem, Query};

use super::json::{PatchWishlistIn, WishlistOut};

/// Rename a wishlist, share it by link or make it private again.
///
/// Shared anew, it has another link than before.
#[utoipa::path(
    patch,
    path = "/v1/wishlists/{id}",
    tag = "wishlists",
    operation_id = "updateWishlist",
    params(("id" = WishlistId, Path)),
    security(("access_token" = [])),
    request_body = PatchWishlistIn,
    responses((status = 200, description = "The wishlist as it now is", body = WishlistOut))
)]
pub(crate) async fn update_wishlist(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<WishlistId>,
    if_match: IfMatch,
    Query(()): Query<()>,
    body: Body<PatchWishlistIn>,
) -> Result<Json<WishlistOut>, Problem> {
    let (actor, patch, if_match) = (&actor, &WishlistPatch::from(body.value), &if_match);
    let view = app
        .services
        .write("wishlists.update", |tx| async move {
            let is_as_seen = |view: &WishlistView| if_match.check_representation(&WishlistOut::from(view));
            update(&tx, actor, id, patch, is_as_seen).await
        })
        .await?;
    Ok(Json(WishlistOut::from(&view)))
}
