//! `GET /v1/payments/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::PaymentId;
use web::{AppState, Caller, PathId, Problem, Query};

use crate::json::PaymentOut;

/// A payment, to the guest and the host of its booking.
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    operation_id = "getPayment",
    params(("id" = PaymentId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The payment", body = PaymentOut))
)]
pub(crate) async fn get_payment(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PaymentId>,
    Query(()): Query<()>,
) -> Result<Json<PaymentOut>, Problem> {
    Ok(Json(PaymentOut::from(&app.services.payment(&actor, id).await?)))
}
