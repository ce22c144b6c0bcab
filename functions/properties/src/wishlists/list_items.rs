//! `GET /v1/wishlists/{id}/items`.

use axum::extract::State;
use domain::id::{PropertyId, WishlistId};
use jiff::Timestamp;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::{AppState, FromParams, MaybeCaller, PageRequest, Params, PathId, Problem, Query};

use super::json::WishlistItemWithPropertyOut;

/// By which link, and which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ItemsParams reads")]
pub(crate) struct ItemsParamsSchema {
    /// The `share_token` of a shared wishlist that is not the caller's own.
    token: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// By which link, and which page.
pub(crate) struct ItemsParams {
    token: Option<String>,
    page: PageRequest,
}

impl FromParams for ItemsParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let token = params.optional("token", |token| Ok(token.to_owned()));
        let page = params.page();
        Ok(Self { token: token?, page: page? })
    }
}

/// What is on a wishlist of one's own, or one shared by link, with the properties themselves; newest first.
///
/// What is no longer listed stays on the owner's list, without its property; others do not find it.
#[utoipa::path(
    get,
    path = "/v1/wishlists/{id}/items",
    tag = "wishlists",
    operation_id = "listWishlistItems",
    params(("id" = WishlistId, Path), ItemsParamsSchema),
    security((), ("access_token" = [])),
    responses((status = 200, description = "A page of properties", body = inline(Page<WishlistItemWithPropertyOut>)))
)]
pub(crate) async fn list_wishlist_items(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<WishlistId>,
    Query(ItemsParams { token, page }): Query<ItemsParams>,
) -> Result<Page<WishlistItemWithPropertyOut>, Problem> {
    let after: Option<(Timestamp, PropertyId)> = page.position(&app.services).await?;
    let limit = i64::from(page.limit) + 1;
    let mut found = app.services.wishlist_items(actor.as_ref(), id, token.as_deref(), after, limit).await?;
    let next = page.cut(&mut found, |last| (last.item.added_at, last.item.property_id));
    let data = found.iter().map(WishlistItemWithPropertyOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
