//! `GET /v1/admin/properties`, and the acts on one.

use ::properties::json::PropertyOut;
use axum::extract::State;
use domain::id::{PropertyId, UserId};
use domain::property::{CountryCode, PropertyStatus};
use services::admin::{PropertyFilter, require_admin};
use services::suspensions;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::text;
use web::{
    AppState, Body, Caller, FromParams, OptionalIdempotencyKey, PageRequest, Params, PathId, Problem, Query, Reply,
};

use crate::act::act;
use crate::json::{CreatedAndPage, ReasonIn, created, part};

/// Which properties.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    host_id: Option<UserId>,
    status: Option<PropertyStatus>,
    /// A part of title or town.
    q: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<CountryCode>,
}

/// Which properties, and which page of them.
pub struct ListParams {
    /// Which.
    pub filter: PropertyFilter,
    /// Of them.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let host_id = params.optional("host_id", text);
        let status = params.optional("status", text);
        let q = params.optional("q", part);
        let country = params.optional("country", text);
        let created = created(params);
        let page = params.page();
        let filter = PropertyFilter {
            host_id: host_id?,
            status: status?,
            q: q?,
            country: country?,
            created: created?,
            ..PropertyFilter::default()
        };
        Ok(Self { filter, page: page? })
    }
}

/// All properties, newest first, for admins.
#[utoipa::path(
    get,
    path = "/v1/admin/properties",
    tag = "admin",
    operation_id = "adminListProperties",
    params(ListParamsSchema, CreatedAndPage),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of properties", body = inline(Page<PropertyOut>)))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { filter, page }): Query<ListParams>,
) -> Result<Page<PropertyOut>, Problem> {
    require_admin(&actor)?;
    let before: Option<PropertyId> = page.position(&app.services).await?;
    let filter = PropertyFilter { before, limit: i64::from(page.limit) + 1, ..filter };
    let mut found = app.services.admin_properties(&actor, &filter).await?;
    let next = page.cut(&mut found, |last| last.id);
    let data = found.iter().map(|property| PropertyOut::of(property, true)).collect();
    Ok(page.page(&app.services, data, next).await?)
}

/// Take a property out of sight.
///
/// It is neither found, shown nor booked, whatever its host does. Its bookings stand.
#[utoipa::path(
    post,
    path = "/v1/admin/properties/{id}/suspend",
    tag = "admin",
    operation_id = "adminSuspendProperty",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    request_body = ReasonIn,
    responses((status = 200, description = "The property, suspended", body = PropertyOut))
)]
pub(crate) async fn suspend(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
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
        "admin.suspend_property",
        |tx| async move { suspensions::suspend_property(&tx, actor, id, reason).await },
        |found| PropertyOut::of(found, true),
    )
    .await
}

/// Put a property back to where it was.
///
/// While its host is suspended it stays so too.
#[utoipa::path(
    post,
    path = "/v1/admin/properties/{id}/restore",
    tag = "admin",
    operation_id = "adminRestoreProperty",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    request_body = ReasonIn,
    responses((status = 200, description = "The property", body = PropertyOut))
)]
pub(crate) async fn restore(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
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
        "admin.restore_property",
        |tx| async move { suspensions::restore_property(&tx, actor, id, reason).await },
        |found| PropertyOut::of(found, true),
    )
    .await
}
