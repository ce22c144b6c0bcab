//! `GET /v1/wishlists`.

use axum::extract::State;
use domain::id::WishlistId;
use web::pages::{Page, PageParamsSchema};
use web::{AppState, Caller, PageRequest, Problem, Query};

use super::json::WishlistOut;

/// Own wishlists, newest first, each with how many properties are on it.
#[utoipa::path(
    get,
    path = "/v1/wishlists",
    tag = "wishlists",
    operation_id = "listWishlists",
    params(PageParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of wishlists", body = inline(Page<WishlistOut>)))
)]
pub(crate) async fn list_wishlists(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageRequest>,
) -> Result<Page<WishlistOut>, Problem> {
    let before: Option<WishlistId> = page.position(&app.services).await?;
    let mut wishlists = app.services.wishlists(&actor, before, i64::from(page.limit) + 1).await?;
    let next = page.cut(&mut wishlists, |last| last.id);
    let data = wishlists.iter().map(|wishlist| WishlistOut::of(wishlist, true)).collect();
    Ok(page.page(&app.services, data, next).await?)
}
