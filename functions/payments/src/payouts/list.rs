//! `GET /v1/payouts`.

use axum::extract::State;
use domain::id::{BookingId, PayoutId};
use domain::payout::PayoutStatus;
use services::payouts::ListFilter;
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::text;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use super::json::PayoutOut;

/// Which payouts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    booking_id: Option<BookingId>,
    status: Option<PayoutStatus>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which payouts, and which page of them.
pub struct ListParams {
    /// Only those of this booking.
    pub booking_id: Option<BookingId>,
    /// Only this state.
    pub status: Option<PayoutStatus>,
    /// Which page.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let booking_id = params.optional("booking_id", text);
        let status = params.optional("status", text);
        let page = params.page();
        Ok(Self { booking_id: booking_id?, status: status?, page: page? })
    }
}

/// Own payouts as a host, newest first.
#[utoipa::path(
    get,
    path = "/v1/payouts",
    tag = "payouts",
    operation_id = "listPayouts",
    params(ListParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of payouts", body = inline(Page<PayoutOut>)))
)]
pub(crate) async fn list_payouts(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { booking_id, status, page }): Query<ListParams>,
) -> Result<Page<PayoutOut>, Problem> {
    let before: Option<PayoutId> = page.position(&app.services).await?;
    let limit = i64::from(page.limit) + 1;
    let filter = ListFilter { host_id: actor.user_id, booking_id, status, before, limit };
    let mut payouts = app.services.payouts(&filter).await?;
    let next = page.cut(&mut payouts, |last| last.id);
    Ok(page.page(&app.services, payouts.iter().map(PayoutOut::from).collect(), next).await?)
}
