//! `POST /v1/users/me/avatar`.

use axum::extract::State;
use services::avatars::{NewAvatar, add};
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use crate::avatar_json::{CreateAvatarIn, CreatedAvatarOut};

/// Set the own picture: the answer says how to upload it.
///
/// Upload the file with the request in `upload`. It is then checked (at least 96 by 96 pixels, at most 50 million), and its
/// middle made into square JPEGs of 96 and 400 pixels without metadata. The picture before is shown until then, and if it
/// is rejected: `avatar_upload` of `GET /v1/users/me` says so. Asked again, the upload before is forgotten.
#[utoipa::path(
    post,
    path = "/v1/users/me/avatar",
    tag = "users",
    operation_id = "createAvatar",
    security(("access_token" = [])),
    request_body = CreateAvatarIn,
    responses(
        (status = 201, description = "The picture and its upload", body = CreatedAvatarOut),
        (status = 429, description = "More than twenty an hour")
    )
)]
pub(crate) async fn create_avatar(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreateAvatarIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let new = NewAvatar::from(body.value);
    let client = &web::context::current().client;
    let upload = app.services.presign_avatar(client, &actor, new).await?;
    let (actor, new) = (&actor, &new);
    let answer = app
        .services
        .idempotently(
            "avatars.create",
            key.as_ref(),
            |tx| async move { add(&tx, actor, *new).await },
            |outcome| {
                answers::of(outcome, |user| answers::created(&CreatedAvatarOut::of(user, new, &upload), "/v1/users/me"))
            },
        )
        .await?;
    Ok(answer.into())
}
