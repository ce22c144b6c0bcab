//! `GET /v1/admin/audit`.

use axum::extract::State;
use domain::admin::AuditAction;
use domain::id::{AuditId, UserId};
use services::admin::{AuditFilter, require_admin};
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::text;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use crate::json::{AuditEntryOut, CreatedAndPage, created, subject};

/// Which acts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    /// The admin.
    actor_id: Option<UserId>,
    /// The id of what it was done to.
    subject: Option<String>,
    action: Option<AuditAction>,
}

/// Which acts, and which page of them.
pub struct ListParams {
    /// Which.
    pub filter: AuditFilter,
    /// Of them.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let actor_id = params.optional("actor_id", text);
        let subject = params.optional("subject", subject);
        let action = params.optional("action", text);
        let created = created(params);
        let page = params.page();
        let filter = AuditFilter {
            actor_id: actor_id?,
            subject: subject?,
            action: action?,
            created: created?,
            ..AuditFilter::default()
        };
        Ok(Self { filter, page: page? })
    }
}

/// All acts of admins, newest first, for admins.
#[utoipa::path(
    get,
    path = "/v1/admin/audit",
    tag = "admin",
    operation_id = "adminListAudit",
    params(ListParamsSchema, CreatedAndPage),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of acts of admins", body = inline(Page<AuditEntryOut>)))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { filter, page }): Query<ListParams>,
) -> Result<Page<AuditEntryOut>, Problem> {
    require_admin(&actor)?;
    let before: Option<AuditId> = page.position(&app.services).await?;
    let filter = AuditFilter { before, limit: i64::from(page.limit) + 1, ..filter };
    let mut found = app.services.audit_log(&actor, &filter).await?;
    let next = page.cut(&mut found, |last| last.id);
    let data = found.iter().map(AuditEntryOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
