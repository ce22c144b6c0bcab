//! `POST /v1/notifications/{id}/read`.

use axum::extract::State;
use domain::id::NotificationId;
use web::{AppState, Body, Caller, OptionalIdempotencyKey, PathId, Problem, Query, Reply, answers};

use crate::notification_json::NotificationOut;

/// Mark an entry of the inbox as read.
///
/// One that is read stays as it is.
#[utoipa::path(
    post,
    path = "/v1/notifications/{id}/read",
    tag = "notifications",
    operation_id = "readNotification",
    params(("id" = NotificationId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The entry", body = NotificationOut))
)]
pub(crate) async fn read_notification(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<NotificationId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<()>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    // Before the transaction that keeps the answer, since it is kept elsewhere; doing it again changes nothing.
    let entry = &app.services.mark_notification_read(&actor, id).await?;
    let answer = app
        .services
        .idempotently(
            "notifications.read",
            key.as_ref(),
            |_| async move { Ok(entry.clone()) },
            |outcome| answers::of(outcome, |entry| answers::ok(&NotificationOut::from(entry.clone()))),
        )
        .await?;
    Ok(answer.into())
}
