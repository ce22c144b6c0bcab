//! `POST /v1/auth/totp/confirm`.

use axum::Json;
use axum::extract::State;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query};

use crate::totp_json::{RecoveryCodesOut, TotpCodeIn};

/// Switch the second factor on.
///
/// From then on signing in takes a code. The recovery codes are shown this once; each is taken once where a code is. The
/// idempotency key is accepted, but codes are not kept for a replay.
#[utoipa::path(
    post,
    path = "/v1/auth/totp/confirm",
    tag = "auth",
    operation_id = "confirmTotp",
    request_body = TotpCodeIn,
    security(("access_token" = [])),
    responses(
        (status = 200, description = "The second factor is on", body = RecoveryCodesOut),
        (status = 403, description = "`email_unverified`"),
        (status = 409, description = "None is set up, or one is on: `invalid_state`"),
        (status = 429, description = "Too many attempts")
    )
)]
pub(crate) async fn confirm_totp(
    State(app): State<AppState>,
    Caller(actor): Caller,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<TotpCodeIn>,
) -> Result<Json<RecoveryCodesOut>, Problem> {
    let client = &web::context::current().client;
    let recovery_codes = app.services.confirm_totp(client, &actor, &body.value.code).await?;
    Ok(Json(RecoveryCodesOut { recovery_codes }))
}
