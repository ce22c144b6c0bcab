//! `POST /v1/auth/login`.

use axum::Json;
use axum::extract::State;
use services::auth::Credentials;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query};

use crate::json::{LoginIn, TokenPairOut};

/// Sign in on a new device.
///
/// A wrong address, a wrong password and a wrong code are answered the same. Where the account has a second factor and no
/// code was sent, the answer to the right password is `totp_required`. The idempotency key is accepted, but credentials are
/// not kept for a replay: each call gives a new session.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "auth",
    operation_id = "login",
    request_body = LoginIn,
    responses(
        (status = 200, description = "A pair of tokens", body = TokenPairOut),
        (status = 401, description = "`invalid_credentials`, or `totp_required`"),
        (status = 403, description = "The account is suspended"),
        (status = 429, description = "Too many attempts")
    )
)]
pub(crate) async fn login(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<LoginIn>,
) -> Result<Json<TokenPairOut>, Problem> {
    let LoginIn { email, password, totp } = body.value;
    let client = &web::context::current().client;
    let pair = app.services.login(client, Credentials { email: &email, password, totp: totp.as_deref() }).await?;
    Ok(Json(TokenPairOut::from(&pair)))
}
