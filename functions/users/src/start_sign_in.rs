//! `POST /v1/auth/oidc/{provider}/start`.

use axum::Json;
use axum::extract::State;
use domain::identity::ProviderId;
use web::{AppState, Body, OptionalIdempotencyKey, PathId, Problem, Query};

use crate::identity_json::{StartSignInIn, StartedSignInOut};

/// Begin to sign in at a provider.
///
/// Send the person to `authorization_url`, and keep `browser_secret` where only this browser's page reads it (session storage),
/// under `state`. What comes back to `redirect_uri` is completed with both. The idempotency key is accepted, but
/// each call begins anew.
#[utoipa::path(
    post,
    path = "/v1/auth/oidc/{provider}/start",
    tag = "auth",
    operation_id = "startSignIn",
    params(("provider" = ProviderId, Path)),
    request_body = StartSignInIn,
    responses((status = 200, description = "Where to send the person", body = StartedSignInOut),
        (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn start_sign_in(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    PathId(provider): PathId<ProviderId>,
    Query(()): Query<()>,
    body: Body<StartSignInIn>,
) -> Result<Json<StartedSignInOut>, Problem> {
    let client = &web::context::current().client;
    let started = app.services.start_sign_in(client, &provider, &body.value.redirect_uri).await?;
    Ok(Json(StartedSignInOut::from(started)))
}
