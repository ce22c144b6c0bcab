//! `POST /v1/users`.

use axum::extract::State;
use services::users::{Registration, register as register_user};
use web::{AppState, Body, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use crate::json::{RegisterIn, UserOut};

/// Register an account.
///
/// A link that verifies the address is mailed. Until it is opened the account may look and draft, but not publish,
/// book or message.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "users",
    operation_id = "registerUser",
    request_body = RegisterIn,
    responses((status = 201, description = "The account", body = UserOut))
)]
pub(crate) async fn register(
    State(app): State<AppState>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<RegisterIn>,
) -> Result<Reply, Problem> {
    let registration = Registration::from(body.value);
    let services = &app.services;
    let key = key.bind(services, None, &body.canonical).await?;
    let password_hash = services.hash_password(&registration.password).await?;
    let (registration, password_hash) = (&registration, &password_hash);
    let answer = services
        .idempotently(
            "users.register",
            key.as_ref(),
            |tx| async move { register_user(&tx, registration, password_hash).await },
            |outcome| answers::of(outcome, |user| answers::created(&UserOut::from(user), "/v1/users/me")),
        )
        .await?;
    Ok(answer.into())
}
