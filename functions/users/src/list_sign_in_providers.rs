//! `GET /v1/auth/oidc`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Problem, Query};

use crate::identity_json::{SignInProviderOut, SignInProvidersOut};

/// Providers by which people may sign in.
///
/// For the buttons of a front end; there may be none.
#[utoipa::path(
    get,
    path = "/v1/auth/oidc",
    tag = "auth",
    operation_id = "listSignInProviders",
    responses((status = 200, description = "The providers", body = SignInProvidersOut))
)]
pub(crate) async fn list_sign_in_providers(
    State(app): State<AppState>,
    Query(()): Query<()>,
) -> Result<Json<SignInProvidersOut>, Problem> {
    let providers = app.services.sign_in_providers().await?;
    Ok(Json(SignInProvidersOut { data: providers.iter().map(SignInProviderOut::from).collect(), next_cursor: None }))
}
