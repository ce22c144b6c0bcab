//! `GET /v1/payments`.

use axum::extract::State;
use domain::id::{BookingId, PaymentId};
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::text;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use crate::json::PaymentOut;

/// Which payments.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    booking_id: BookingId,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which payments, and which page of them.
pub(crate) struct ListParams {
    booking_id: BookingId,
    page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let booking_id = params.required("booking_id", text);
        let page = params.page();
        Ok(Self { booking_id: booking_id?, page: page? })
    }
}

/// The payments of a booking, newest first.
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "listPayments",
    params(ListParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of payments", body = inline(Page<PaymentOut>)))
)]
pub(crate) async fn list_payments(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { booking_id, page }): Query<ListParams>,
) -> Result<Page<PaymentOut>, Problem> {
    let position: Option<PaymentId> = page.position(&app.services).await?;
    // A booking has a handful of attempts at the most: the page is cut out of all of them.
    let payments = app.services.payments_of_booking(&actor, booking_id).await?;
    let mut left = payments.iter().filter(|view| position.is_none_or(|last| view.payment.id < last));
    let data: Vec<_> = left.by_ref().take(page.limit as usize).collect();
    let next = data.last().filter(|_| left.next().is_some()).map(|view| view.payment.id);
    Ok(page.page(&app.services, data.into_iter().map(PaymentOut::from).collect(), next).await?)
}
