//! `POST /v1/auth/totp`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query};

use crate::totp_json::ProposedTotpOut;

/// Set up a second factor.
///
/// The secret is for an authenticator app; the factor is on once a code of it is confirmed. Asked again before that, it is
/// another secret. The idempotency key is accepted, but secrets are not kept for a replay.
#[utoipa::path(
    post,
    path = "/v1/auth/totp",
    tag = "auth",
    operation_id = "createTotp",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "The secret, shown once", body = ProposedTotpOut),
        (status = 403, description = "`email_unverified`"),
        (status = 409, description = "A second factor is on: `invalid_state`"),
        (status = 429, description = "Too many attempts")
    )
)]
pub(crate) async fn propose_totp(
    State(app): State<AppState>,
    Caller(actor): Caller,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    _body: Body<()>,
) -> Result<Json<ProposedTotpOut>, Problem> {
    let proposed = app.services.propose_totp(&web::context::current().client, &actor).await?;
    Ok(Json(ProposedTotpOut::from(proposed)))
}
