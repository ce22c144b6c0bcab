//! `GET /.well-known/jwks.json` and `/.well-known/openid-configuration`: how other services check access tokens.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use web::{AppState, Problem, Query};

/// Keys are announced well before they sign, so an hour is no risk.
const CACHE_CONTROL: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");

/// A JSON Web Key Set (RFC 7517).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the answer, which is made where the keys are")]
pub(crate) struct JwksOut {
    keys: Vec<std::collections::HashMap<String, String>>,
}

/// What there is to say of the issuer (OpenID Connect Discovery 1.0).
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenIdConfigurationOut {
    issuer: String,
    jwks_uri: String,
    id_token_signing_alg_values_supported: [&'static str; 1],
}

/// Public keys of the access tokens.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "auth",
    operation_id = "getJwks",
    responses((status = 200, description = "A JSON Web Key Set", body = JwksOut))
)]
pub(crate) async fn jwks(State(app): State<AppState>, Query(()): Query<()>) -> Result<impl IntoResponse, Problem> {
    Ok(([CACHE_CONTROL], Json(app.services.jwks().await?)))
}

/// Discovery document of the issuer.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "auth",
    operation_id = "getOpenIdConfiguration",
    responses((status = 200, description = "The issuer's description", body = OpenIdConfigurationOut))
)]
pub(crate) async fn openid_configuration(State(app): State<AppState>, Query(()): Query<()>) -> impl IntoResponse {
    let issuer = app.services.settings.public_base_url.clone();
    let jwks_uri = format!("{issuer}/.well-known/jwks.json");
    let id_token_signing_alg_values_supported = ["ES256"];
    ([CACHE_CONTROL], Json(OpenIdConfigurationOut { issuer, jwks_uri, id_token_signing_alg_values_supported }))
}
