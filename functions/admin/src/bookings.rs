//! `GET /v1/admin/bookings`.

use ::bookings::json::BookingOut;
use axum::extract::State;
use domain::booking::BookingStatus;
use domain::id::{BookingId, PropertyId, UserId};
use domain::stay::parse_date;
use services::admin::{BookingFilter, require_admin};
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::text;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use crate::json::{CreatedAndPage, created};

/// Which bookings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    guest_id: Option<UserId>,
    host_id: Option<UserId>,
    property_id: Option<PropertyId>,
    status: Option<BookingStatus>,
    /// Stays that end after this date.
    #[param(format = "date")]
    from: Option<String>,
    /// Stays that begin before this date.
    #[param(format = "date")]
    to: Option<String>,
}

/// Which bookings, and which page of them.
pub struct ListParams {
    /// Which.
    pub filter: BookingFilter,
    /// Of them.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let guest_id = params.optional("guest_id", text);
        let host_id = params.optional("host_id", text);
        let property_id = params.optional("property_id", text);
        let status = params.optional("status", text);
        let from = params.optional("from", parse_date);
        let to = params.optional("to", parse_date);
        let created = created(params);
        let page = params.page();
        let filter = BookingFilter {
            guest_id: guest_id?,
            host_id: host_id?,
            property_id: property_id?,
            status: status?,
            from: from?,
            to: to?,
            created: created?,
            ..BookingFilter::default()
        };
        Ok(Self { filter, page: page? })
    }
}

/// All bookings, newest first, for admins.
#[utoipa::path(
    get,
    path = "/v1/admin/bookings",
    tag = "admin",
    operation_id = "adminListBookings",
    params(ListParamsSchema, CreatedAndPage),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of bookings", body = inline(Page<BookingOut>)))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { filter, page }): Query<ListParams>,
) -> Result<Page<BookingOut>, Problem> {
    require_admin(&actor)?;
    let before: Option<BookingId> = page.position(&app.services).await?;
    let filter = BookingFilter { before, limit: i64::from(page.limit) + 1, ..filter };
    let mut found = app.services.admin_bookings(&actor, &filter).await?;
    let next = page.cut(&mut found, |last| last.id);
    let data = found.iter().map(BookingOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
