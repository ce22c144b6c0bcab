//! `GET /v1/auth/identities`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Caller, Problem, Query};

use crate::identity_json::{IdentitiesOut, IdentityOut};

/// Providers by which the caller signs in.
///
/// All of them, the oldest first.
#[utoipa::path(
    get,
    path = "/v1/auth/identities",
    tag = "auth",
    operation_id = "listIdentities",
    security(("access_token" = [])),
    responses((status = 200, description = "The identities", body = IdentitiesOut))
)]
pub(crate) async fn list_identities(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
) -> Result<Json<IdentitiesOut>, Problem> {
    let identities = app.services.identities_of(&actor).await?;
    Ok(Json(IdentitiesOut { data: identities.into_iter().map(IdentityOut::from).collect(), next_cursor: None }))
}
