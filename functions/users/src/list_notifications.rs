//! `GET /v1/notifications`.

use axum::extract::State;
use domain::id::NotificationId;
use web::pages::{Page, PageParamsSchema};
use web::{AppState, Caller, PageRequest, Problem, Query};

use crate::notification_json::NotificationOut;

/// Own in-app inbox, newest first. Entries are kept for 90 days.
#[utoipa::path(
    get,
    path = "/v1/notifications",
    tag = "notifications",
    operation_id = "listNotifications",
    params(PageParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of the inbox", body = inline(Page<NotificationOut>)))
)]
pub(crate) async fn list_notifications(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageRequest>,
) -> Result<Page<NotificationOut>, Problem> {
    let before: Option<NotificationId> = page.position(&app.services).await?;
    let mut entries = app.services.inbox(&actor, before, page.limit + 1).await?;
    let next = page.cut(&mut entries, |last| last.id);
    let data = entries.into_iter().map(NotificationOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
