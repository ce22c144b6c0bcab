//! `GET /v1/payouts/{id}`.

use axum::Json;
use axum::extract::State;
use domain::id::PayoutId;
use web::{AppState, Caller, PathId, Problem, Query};

use super::json::PayoutOut;

/// A payout, to its host.
#[utoipa::path(
    get,
    path = "/v1/payouts/{id}",
    tag = "payouts",
    operation_id = "getPayout",
    params(("id" = PayoutId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The payout", body = PayoutOut))
)]
pub(crate) async fn get_payout(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PayoutId>,
    Query(()): Query<()>,
) -> Result<Json<PayoutOut>, Problem> {
    Ok(Json(PayoutOut::from(&app.services.payout(&actor, id).await?)))
}
