//! `DELETE /v1/auth/totp`.

use axum::extract::State;
use axum::http::StatusCode;
use web::{AppState, Body, Caller, Problem, Query};

use crate::totp_json::TotpCodeIn;

/// Switch the second factor off.
#[utoipa::path(
    delete,
    path = "/v1/auth/totp",
    tag = "auth",
    operation_id = "deleteTotp",
    request_body = TotpCodeIn,
    security(("access_token" = [])),
    responses(
        (status = 204, description = "Signing in takes no code"),
        (status = 409, description = "None is on: `invalid_state`"),
        (status = 429, description = "Too many attempts")
    )
)]
pub(crate) async fn delete_totp(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
    body: Body<TotpCodeIn>,
) -> Result<StatusCode, Problem> {
    app.services.delete_totp(&web::context::current().client, &actor, &body.value.code).await?;
    Ok(StatusCode::NO_CONTENT)
}
