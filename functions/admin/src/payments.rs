//! `GET /v1/admin/payments`.

use axum::extract::State;
use domain::id::{BookingId, PaymentId, UserId};
use domain::payment::IntentStatus;
use services::admin::{PaymentFilter, require_admin};
use utoipa::IntoParams;
use web::fields::Read;
use web::pages::Page;
use web::params::{boolean, text};
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

use crate::json::{AdminPaymentOut, CreatedAndPage, created};

/// Which payments.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ListParams reads")]
pub(crate) struct ListParamsSchema {
    booking_id: Option<BookingId>,
    payer_id: Option<UserId>,
    /// Where the attempt stands at the provider.
    status: Option<IntentStatus>,
    disputed: Option<bool>,
    quarantined: Option<bool>,
}

/// Which payments, and which page of them.
pub struct ListParams {
    /// Which.
    pub filter: PaymentFilter,
    /// Of them.
    pub page: PageRequest,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let booking_id = params.optional("booking_id", text);
        let payer_id = params.optional("payer_id", text);
        let status = params.optional("status", text);
        let disputed = params.optional("disputed", boolean);
        let quarantined = params.optional("quarantined", boolean);
        let created = created(params);
        let page = params.page();
        let filter = PaymentFilter {
            booking_id: booking_id?,
            payer_id: payer_id?,
            status: status?,
            disputed: disputed?,
            quarantined: quarantined?,
            created: created?,
            ..PaymentFilter::default()
        };
        Ok(Self { filter, page: page? })
    }
}

/// All payments, newest first, for admins.
#[utoipa::path(
    get,
    path = "/v1/admin/payments",
    tag = "admin",
    operation_id = "adminListPayments",
    params(ListParamsSchema, CreatedAndPage),
    security(("access_token" = [])),
    responses((status = 200, description = "A page of payments", body = inline(Page<AdminPaymentOut>)))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ListParams { filter, page }): Query<ListParams>,
) -> Result<Page<AdminPaymentOut>, Problem> {
    require_admin(&actor)?;
    let before: Option<PaymentId> = page.position(&app.services).await?;
    let filter = PaymentFilter { before, limit: i64::from(page.limit) + 1, ..filter };
    let mut found = app.services.admin_payments(&actor, &filter).await?;
    let next = page.cut(&mut found, |last| last.payment.id);
    let data = found.iter().map(AdminPaymentOut::from).collect();
    Ok(page.page(&app.services, data, next).await?)
}
