//! `GET /v1/properties/{id}`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::PropertyId;
use web::{AppState, MaybeCaller, PathId, Problem, Query};

use crate::json::PropertyOut;

/// A listed property, or one's own.
#[utoipa::path(
    get,
    path = "/v1/properties/{id}",
    tag = "properties",
    operation_id = "getProperty",
    params(("id" = PropertyId, Path)),
    security((), ("access_token" = [])),
    responses((status = 200, description = "The property", body = PropertyOut))
)]
pub(crate) async fn get_property(
    State(app): State<AppState>,
    MaybeCaller(actor): MaybeCaller,
    PathId(id): PathId<PropertyId>,
    Query(()): Query<()>,
) -> Result<impl IntoResponse, Problem> {
    let view = app.services.property(actor.as_ref(), id).await?;
    // It differs by caller, and changes at any time: kept only to ask whether it is still the same.
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(PropertyOut::from(&view))))
}
