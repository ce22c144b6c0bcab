//! `POST /v1/users/me/email`.

use axum::extract::State;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use crate::profile_json::EmailChangeIn;

/// Ask for another e-mail address.
///
/// A link goes to the new address, good for 24 hours, and a notice to the old one. Nothing changes until the link's
/// token is given to `POST /v1/auth/email/verify`; if another account has the address by then, that answers
/// `409 email_taken`. Asking again, or a new password, withdraws what was asked for before. Sessions go on.
#[utoipa::path(
    post,
    path = "/v1/users/me/email",
    tag = "users",
    operation_id = "requestEmailChange",
    security(("access_token" = [])),
    request_body = EmailChangeIn,
    responses((status = 202, description = "The mails are on their way"), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn request_email_change(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<EmailChangeIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let EmailChangeIn { email, password } = body.value;
    let render = |outcome: Result<&(), &_>| answers::of(outcome, |()| answers::accepted());
    let client = &web::context::current().client;
    let wanted = (&email, password);
    let answer = app.services.request_email_change(client, &actor, wanted, key.as_ref(), render).await?;
    Ok(answer.into())
}
