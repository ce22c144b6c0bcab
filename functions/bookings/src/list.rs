//! `GET /v1/bookings`.

use axum::extract::State;
use domain::booking::BookingStatus;
use domain::error::Invalid;
use domain::id::{BookingId, PropertyId};
use domain::stay::parse_date;
use jiff::civil::Date;
use services::bookings::{ListFilter, ListRole};
use utoipa::{IntoParams, ToSchema};
use web::fields::Read;
use web::pages::Page;
use web::params::text;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use crate::json::BookingOut;

/// In which part the caller is asked about.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the parameter")]
pub(crate) enum RoleParam {
    /// Stays the caller travels on.
    Guest,
    /// Stays at the caller's places.
    Host,
}

/// Which bookings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    /// `guest` unless given.
    #[param(inline)]
    role: Option<RoleParam>,
    status: Option<BookingStatus>,
    property_id: Option<PropertyId>,
    /// Stays that end after this date.
    #[param(format = "date")]
    from: Option<String>,
    /// Stays that begin before this date.
    #[param(format = "date")]
    to: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which bookings, and which page of them.
pub(crate) struct ListParams {
    role: ListRole,
    status: Option<BookingStatus>,
    property_id: Option<PropertyId>,
    from: Option<Date>,
    to: Option<Date>,
    page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let role = params.optional("role", parse_role);
        let status = params.optional("status", text);
        let property_id = params.optional("property_id", text);
        let from = params.optional("from", parse_date);
        let to = params.optional("to", parse_date);
        let page = params.page();
        Ok(Self {
            role: role?.unwrap_or(ListRole::Guest),
            status: status?,
            property_id: property_id?,
            from: from?,
            to: to?,
            page: page?,
        })
    }
}

fn parse_role(role: &str) -> Result<ListRole, Invalid> {
    match role {
        "guest" => Ok(ListRole::Guest),
        "host" => Ok(ListRole::Host),
        _ => Err(Invalid::new("unknown_value", "This must be guest or host.")),
    }
}

/// Own bookings, newest first.
#[utoipa::path(
    get,
    path = "/v1/bookings",
    tag = "bookings",
    operation_id = "listBookings",
    params(ListParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of bookings", body = inline(Page<BookingOut>)))
)]
pub(crate) async fn list_bookings(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(params): Query<ListParams>,
) -> Result<Page<BookingOut>, Problem> {
    let ListParams { role, status, property_id, from, to, page } = params;
    let before: Option<BookingId> = page.position(&app.services).await?;
    let limit = i64::from(page.limit) + 1;
    let filter = ListFilter { user_id: actor.user_id, role, status, property_id, from, to, before, limit };
    let mut bookings = app.services.bookings(&filter).await?;
    let next = page.cut(&mut bookings, |last| last.id);
    let data = bookings.iter().map(BookingOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
