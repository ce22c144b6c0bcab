//! `DELETE /v1/wishlists/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::WishlistId;
use services::wishlists::{WishlistView, delete};
use web::{AppState, Caller, IfMatch, PathId, Problem, Query};

use super::json::WishlistOut;

/// Delete a wishlist.
#[utoipa::path(
    delete,
    path = "/v1/wishlists/{id}",
    tag = "wishlists",
    operation_id = "deleteWishlist",
    params(("id" = WishlistId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete_wishlist(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<WishlistId>,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("wishlists.delete", |tx| async move {
            let is_as_seen = |view: &WishlistView| if_match.check_representation(&WishlistOut::from(view));
            delete(&tx, actor, id, is_as_seen).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
