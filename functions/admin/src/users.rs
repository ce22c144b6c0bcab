//! `GET /v1/admin/users`, and the acts on one.

use axum::extract::State;
use domain::admin::AccountStatus;
use domain::id::UserId;
use domain::user::Role;
use services::admin::{UserFilter, require_admin};
use services::suspensions;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::{boolean, text};
use web::{
    AppState, Body, Caller, FromParams, OptionalIdempotencyKey, PageRequest, Params, PathId, Problem, Query, Reply,
};

use crate::act::act;
use crate::json::{AdminUserOut, CreatedAndPage, ReasonIn, created, part};

/// Which users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    /// The whole address, in whatever case.
    email: Option<String>,
    /// A part of address or name.
    q: Option<String>,
    role: Option<Role>,
    status: Option<AccountStatus>,
    email_verified: Option<bool>,
}

/// Which users, and which page of them.
pub struct ListParams {
    /// Which.
    pub filter: UserFilter,
    /// Of them.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let email = params.optional("email", part);
        let q = params.optional("q", part);
        let role = params.optional("role", text);
        let status = params.optional("status", text);
        let email_verified = params.optional("email_verified", boolean);
        let created = created(params);
        let page = params.page();
        let filter = UserFilter {
            email: email?,
            q: q?,
            role: role?,
            status: status?,
            email_verified: email_verified?,
            created: created?,
            ..UserFilter::default()
        };
        Ok(Self { filter, page: page? })
    }
}

/// All users, newest first, for admins.
#[utoipa::path(
    get,
    path = "/v1/admin/users",
    tag = "admin",
    operation_id = "adminListUsers",
    params(ListParamsSchema, CreatedAndPage),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of users", body = inline(Page<AdminUserOut>)))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { filter, page }): Query<ListParams>,
) -> Result<Page<AdminUserOut>, Problem> {
    require_admin(&actor)?;
    let before: Option<UserId> = page.position(&app.services).await?;
    let filter = UserFilter { before, limit: i64::from(page.limit) + 1, ..filter };
    let mut found = app.services.admin_users(&actor, &filter).await?;
    let next = page.cut(&mut found, |last| last.id);
    let data = found.iter().map(AdminUserOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}

/// Shut an account.
///
/// Its sessions end, nobody signs in to it, and its listings vanish. Its bookings stand.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{id}/suspend",
    tag = "admin",
    operation_id = "adminSuspendUser",
    params(("id" = UserId, Path)),
    security(("access_token" = [])),
    request_body = ReasonIn,
    responses((status = 200, description = "The account, shut", body = AdminUserOut))
)]
pub(crate) async fn suspend(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<UserId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ReasonIn>,
) -> Result<Reply, Problem> {
    let (services, actor, reason) = (&app.services, &actor, &body.value.reason);
    let reply = act(
        services,
        actor,
        key,
        &body,
        "admin.suspend_user",
        |tx| async move { suspensions::suspend_user(&tx, actor, id, reason).await },
        |found| AdminUserOut::from(found),
    )
    .await?;
    services.end_sessions_of_suspended(id).await;
    Ok(reply)
}

/// Open an account again.
///
/// Its listings are back as they were.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{id}/restore",
    tag = "admin",
    operation_id = "adminRestoreUser",
    params(("id" = UserId, Path)),
    security(("access_token" = [])),
    request_body = ReasonIn,
    responses((status = 200, description = "The account, open", body = AdminUserOut))
)]
pub(crate) async fn restore(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<UserId>,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<ReasonIn>,
) -> Result<Reply, Problem> {
    let (services, actor, reason) = (&app.services, &actor, &body.value.reason);
    act(
        services,
        actor,
        key,
        &body,
        "admin.restore_user",
        |tx| async move { suspensions::restore_user(&tx, actor, id, reason).await },
        |found| AdminUserOut::from(found),
    )
    .await
}
