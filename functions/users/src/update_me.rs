//! `PATCH /v1/users/me`.

use axum::Json;
use axum::extract::State;
use services::users::{ProfilePatch, User, update_profile};
use web::{AppState, Body, Caller, IfMatch, Problem, Query};

use crate::json::UserOut;
use crate::profile_json::UpdateMeIn;

/// Change the own profile.
///
/// What is left out stays, and null empties a field that may be empty.
#[utoipa::path(
    patch,
    path = "/v1/users/me",
    tag = "users",
    operation_id = "updateMe",
    security(("access_token" = [])),
    request_body = UpdateMeIn,
    responses((status = 200, description = "The account as it now is", body = UserOut))
)]
pub(crate) async fn update_me(
    State(app): State<AppState>,
    Caller(actor): Caller,
    if_match: IfMatch,
    Query(()): Query<()>,
    body: Body<UpdateMeIn>,
) -> Result<Json<UserOut>, Problem> {
    let (actor, patch, if_match) = (&actor, &ProfilePatch::from(body.value), &if_match);
    let user = app
        .services
        .write("users.update_profile", |tx| async move {
            let is_as_seen = |user: &User| if_match.check_representation(&UserOut::from(user));
            update_profile(&tx, actor, patch, is_as_seen).await
        })
        .await?;
    Ok(Json(UserOut::from(&user)))
}
