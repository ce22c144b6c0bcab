//! `DELETE /v1/users/me/avatar`.

use axum::extract::State;
use axum::http::StatusCode;
use services::avatars::delete;
use services::users::User;
use web::{AppState, Caller, IfMatch, Problem, Query};

use crate::json::UserOut;

/// Take the own picture away, and an upload that is not ready; `404` when there is neither.
///
/// It is a part of the account: `If-Match` takes the tag of `GET /v1/users/me`.
#[utoipa::path(
    delete,
    path = "/v1/users/me/avatar",
    tag = "users",
    operation_id = "deleteAvatar",
    security(("access_token" = [])),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete_avatar(
    State(app): State<AppState>,
    Caller(actor): Caller,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("avatars.delete", |tx| async move {
            let is_as_seen = |user: &User| if_match.check_representation(&UserOut::from(user));
            delete(&tx, actor, is_as_seen).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
