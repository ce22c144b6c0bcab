//! `GET` and `PUT /v1/notifications/preferences`.

use axum::Json;
use axum::extract::State;
use services::inbox::{Preferences, choose};
use web::{AppState, Body, Caller, Problem, Query};

use crate::notification_json::PreferencesBody;

/// What the caller wants to hear of, and how.
#[utoipa::path(
    get,
    path = "/v1/notifications/preferences",
    tag = "notifications",
    operation_id = "getNotificationPreferences",
    security(("access_token" = [])),
    responses((status = 200, description = "Every kind there is to choose about", body = PreferencesBody))
)]
pub(crate) async fn get_notification_preferences(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
) -> Result<Json<PreferencesBody>, Problem> {
    Ok(Json(PreferencesBody::from(&app.services.notification_preferences(&actor).await?)))
}

/// Choose what to hear of, and how.
///
/// Takes the place of all earlier choices: a kind that is left out is heard of by every channel. Mails about the
/// account itself always come.
#[utoipa::path(
    put,
    path = "/v1/notifications/preferences",
    tag = "notifications",
    operation_id = "putNotificationPreferences",
    security(("access_token" = [])),
    request_body = PreferencesBody,
    responses((status = 200, description = "Every kind there is to choose about", body = PreferencesBody))
)]
pub(crate) async fn put_notification_preferences(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
    body: Body<PreferencesBody>,
) -> Result<Json<PreferencesBody>, Problem> {
    let (actor, choices) = (&actor, &Preferences::from(&body.value));
    let kept =
        app.services.write("notifications.choose", |tx| async move { choose(&tx, actor, choices).await }).await?;
    Ok(Json(PreferencesBody::from(&kept)))
}
