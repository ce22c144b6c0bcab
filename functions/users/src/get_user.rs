//! `GET /v1/users/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::UserId;
use web::{AppState, PathId, Problem, Query};

use crate::json::PublicUserOut;

/// Public profile of a user.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    tag = "users",
    operation_id = "getUser",
    params(("id" = UserId, Path)),
    responses((status = 200, description = "The profile", body = PublicUserOut))
)]
pub(crate) async fn get_user(
    State(app): State<AppState>,
    PathId(id): PathId<UserId>,
    Query(()): Query<()>,
) -> Result<Json<PublicUserOut>, Problem> {
    Ok(Json(PublicUserOut::from(&app.services.user(id).await?)))
}
