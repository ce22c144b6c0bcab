//! `DELETE /v1/users/me`.

use axum::extract::State;
use axum::http::StatusCode;
use services::erasures::erase;
use services::users::User;
use web::{AppState, Caller, IfMatch, Problem, Query};

use crate::json::UserOut;

/// Leave: everything personal is erased, the books keep a pseudonym.
///
/// All sessions end. `409 open_obligations` while a stay, a payment or a payout is open. It can't be undone.
#[utoipa::path(
    delete,
    path = "/v1/users/me",
    tag = "users",
    operation_id = "deleteMe",
    security(("access_token" = [])),
    responses((status = 204, description = "The account is erased"))
)]
pub(crate) async fn delete_me(
    State(app): State<AppState>,
    Caller(actor): Caller,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("users.erase", |tx| async move {
            let is_as_seen = |user: &User| if_match.check_representation(&UserOut::from(user));
            erase(&tx, actor, is_as_seen).await
        })
        .await?;
    app.services.end_sessions_of_erased(actor).await;
    Ok(StatusCode::NO_CONTENT)
}
