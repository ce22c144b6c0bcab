//! `POST /v1/auth/refresh`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query};

use crate::json::{RefreshIn, TokenPairOut};

/// Spend a refresh token for the next pair.
///
/// A token that was spent more than 10 seconds ago ends the whole session.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    tag = "auth",
    operation_id = "refreshTokens",
    request_body = RefreshIn,
    responses((status = 200, description = "The next pair of tokens", body = TokenPairOut), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn refresh(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<RefreshIn>,
) -> Result<Json<TokenPairOut>, Problem> {
    let pair = app.services.refresh(&web::context::current().client, &body.value.refresh_token).await?;
    Ok(Json(TokenPairOut::from(&pair)))
}
