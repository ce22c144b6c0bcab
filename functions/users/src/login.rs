//! `POST /v1/auth/login`.

use axum::Json;
use axum::extract::State;
use services::auth::Credentials;
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query};

use crate::json::{LoginIn, TokenPairOut};

/// Sign in on a new device.
///
/// A wrong address and a wrong password are answered the same. The idempotency key is accepted, but credentials are
/// not kept for a replay: each call gives a new session.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "auth",
    operation_id = "login",
    request_body = LoginIn,
    responses((status = 200, description = "A pair of tokens", body = TokenPairOut), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn login(
    State(app): State<AppState>,
    _key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<LoginIn>,
) -> Result<Json<TokenPairOut>, Problem> {
    let LoginIn { email, password } = body.value;
    let client = &web::context::current().client;
    let pair = app.services.login(client, Credentials { email: &email, password }).await?;
    Ok(Json(TokenPairOut::from(&pair)))
}
