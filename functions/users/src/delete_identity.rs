//! `DELETE /v1/auth/identities/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::IdentityId;
use web::{AppState, Caller, PathId, Problem, Query};

/// Sign in by a provider no longer.
///
/// Devices that are signed in stay so. Who signs in at the provider next is somebody new, and found by the address as at first.
#[utoipa::path(
    delete,
    path = "/v1/auth/identities/{id}",
    tag = "auth",
    operation_id = "deleteIdentity",
    params(("id" = IdentityId, Path)),
    security(("access_token" = [])),
    responses(
        (status = 204, description = "The identity is the account's no longer"),
        (status = 409, description = "It is the only way to sign in: `last_sign_in_method`")
    )
)]
pub(crate) async fn delete_identity(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<IdentityId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    app.services.delete_identity(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
