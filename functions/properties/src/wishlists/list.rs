//! `GET /v1/wishlists`.

use axum::extract::State;
use domain::id::WishlistId;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use super::json::WishlistOut;

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which page.
pub(crate) struct ListParams(PageRequest);

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        params.page().map(Self)
    }
}

/// Own wishlists, newest first, each with how many properties are on it.
#[utoipa::path(
    get,
    path = "/v1/wishlists",
    tag = "wishlists",
    operation_id = "listWishlists",
    params(ListParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of wishlists", body = inline(Page<WishlistOut>)))
)]
pub(crate) async fn list_wishlists(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams(page)): Query<ListParams>,
) -> Result<Page<WishlistOut>, Problem> {
    let before: Option<WishlistId> = page.position(&app.services).await?;
    let mut wishlists = app.services.wishlists(&actor, before, i64::from(page.limit) + 1).await?;
    // One more than the page was asked for: it tells whether there is another.
    let more = wishlists.len() > page.limit as usize;
    wishlists.truncate(page.limit as usize);
    let next = wishlists.last().filter(|_| more).map(|last| last.id);
    let data = wishlists.iter().map(|wishlist| WishlistOut::of(wishlist, true)).collect();
    Ok(page.page(&app.services, data, next).await?)
}
