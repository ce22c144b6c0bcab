//! `POST /v1/wishlists`.

use axum::extract::State;
use services::wishlists::create;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use super::json::{CreateWishlistIn, WishlistOut};

/// Begin a wishlist, private or shared by link. Somebody may have 100.
#[utoipa::path(
    post,
    path = "/v1/wishlists",
    tag = "wishlists",
    operation_id = "createWishlist",
    security(("access_token" = [])),
    request_body = CreateWishlistIn,
    responses((status = 201, description = "The wishlist", body = WishlistOut))
)]
pub(crate) async fn create_wishlist(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreateWishlistIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let (actor, name, visibility) = (&actor, &body.value.name, body.value.visibility);
    let answer = app
        .services
        .idempotently(
            "wishlists.create",
            key.as_ref(),
            |tx| async move { create(&tx, actor, name, visibility).await },
            |outcome| {
                answers::of(outcome, |view| {
                    answers::created(&WishlistOut::from(view), &format!("/v1/wishlists/{}", view.wishlist.id))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
