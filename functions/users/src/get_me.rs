//! `GET /v1/users/me`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Caller, Problem, Query};

use crate::json::UserOut;

/// Own account.
#[utoipa::path(
    get,
    path = "/v1/users/me",
    tag = "users",
    operation_id = "getMe",
    security(("access_token" = [])),
    responses((status = 200, description = "The account", body = UserOut))
)]
pub(crate) async fn get_me(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
) -> Result<Json<UserOut>, Problem> {
    Ok(Json(UserOut::from(&app.services.me(&actor).await?)))
}
