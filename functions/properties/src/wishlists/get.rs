//! `GET /v1/wishlists/{id}`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::WishlistId;
use utoipa::IntoParams;
use web::fields::Read;
use web::{AppState, FromParams, MaybeCaller, Params, PathId, Problem, Query};

use super::json::WishlistOut;

/// By which link.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter, which LinkParams reads")]
pub(crate) struct LinkParamsSchema {
    /// The `share_token` of a shared wishlist that is not the caller's own.
    token: Option<String>,
}

/// By which link.
pub(crate) struct LinkParams {
    token: Option<String>,
}

impl FromParams for LinkParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        Ok(Self { token: params.optional("token", |token| Ok(token.to_owned()))? })
    }
}

/// A wishlist of one's own, or one shared by link.
///
/// Who comes by the link finds only what is listed now.
#[utoipa::path(
    get,
    path = "/v1/wishlists/{id}",
    tag = "wishlists",
    operation_id = "getWishlist",
    params(("id" = WishlistId, Path), LinkParamsSchema),
    security((), ("access_token" = [])),
    responses((status = 200, description = "The wishlist", body = WishlistOut))
)]
pub(crate) async fn get_wishlist(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<WishlistId>,
    Query(LinkParams { token }): Query<LinkParams>,
) -> Result<impl IntoResponse, Problem> {
    let view = app.services.wishlist(actor.as_ref(), id, token.as_deref()).await?;
    // It differs by caller, and changes at any time: kept only to ask whether it is still the same.
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(WishlistOut::from(&view))))
}
