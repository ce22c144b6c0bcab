//! `POST /v1/auth/oidc/{provider}/complete`.

use axum::Json;
use axum::extract::State;
use domain::identity::ProviderId;
use web::{AppState, Body, OptionalIdempotencyKey, PathId, Problem, Query};

use crate::identity_json::CompleteSignInIn;
use crate::json::TokenPairOut;

/// Complete a sign-in at a provider.
///
/// With what came back to the `redirect_uri`, once. An identity that is new here opens the account that has its address, if both
/// sides have verified that, or gets an account of its own. Where the account has a second factor and no code, or a wrong one, was
/// sent, the same call can be made again for five minutes.
#[utoipa::path(
    post,
    path = "/v1/auth/oidc/{provider}/complete",
    tag = "auth",
    operation_id = "completeSignIn",
    params(("provider" = ProviderId, Path)),
    request_body = CompleteSignInIn,
    responses((status = 200, description = "A pair of tokens", body = TokenPairOut),
        (status = 401, description = "`totp_required`, or `invalid_credentials` for a wrong code"),
        (status = 403, description = "`provider_email_unverified`, or the account is suspended"),
        (status = 422, description = "`token_invalid`: begin again"),
        (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn complete_sign_in(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    PathId(provider): PathId<ProviderId>,
    Query(()): Query<()>,
    body: Body<CompleteSignInIn>,
) -> Result<Json<TokenPairOut>, Problem> {
    let client = &web::context::current().client;
    let pair = app.services.complete_sign_in(client, body.value.at(&provider)).await?;
    Ok(Json(TokenPairOut::from(&pair)))
}
