//! `POST /v1/users`.

use axum::extract::State;
use services::users::Registration;
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
    responses((status = 201, description = "The account", body = UserOut), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn register(
    State(app): State<AppState>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<RegisterIn>,
) -> Result<Reply, Problem> {
    let registration = Registration::from(body.value);
    let key = key.bind(&app.services, None, &body.canonical).await?;
    let answer = app
        .services
        .register(&web::context::current().client, &registration, key.as_ref(), |outcome| {
            answers::of(outcome, |user| answers::created(&UserOut::from(user), "/v1/users/me"))
        })
        .await?;
    Ok(answer.into())
}
