//! `GET /v1/notifications`.

use axum::extract::State;
use domain::id::NotificationId;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use crate::notification_json::NotificationOut;

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which page.
pub(crate) struct ListParams(PageRequest);

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        params.page().map(Self)
    }
}

/// Own in-app inbox, newest first. Entries are kept for 90 days.
#[utoipa::path(
    get,
    path = "/v1/notifications",
    tag = "notifications",
    operation_id = "listNotifications",
    params(ListParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of the inbox", body = inline(Page<NotificationOut>)))
)]
pub(crate) async fn list_notifications(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams(page)): Query<ListParams>,
) -> Result<Page<NotificationOut>, Problem> {
    let before: Option<NotificationId> = page.position(&app.services).await?;
    let mut entries = app.services.inbox(&actor, before, page.limit + 1).await?;
    // One more than the page was asked for: it tells whether there is another.
    let more = entries.len() > page.limit as usize;
    entries.truncate(page.limit as usize);
    let next = entries.last().filter(|_| more).map(|last| last.id);
    let data = entries.into_iter().map(NotificationOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
