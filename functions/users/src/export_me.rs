//! `GET /v1/users/me/export`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use services::exports::{Export, ExportPosition};
use utoipa::{IntoParams, ToSchema};
use web::fields::Read;
use web::{AppState, Caller, FromParams, PageRequest, Params, Problem, Query};

/// Where to go on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which ExportParams reads")]
pub(crate) struct ExportParamsSchema {
    cursor: Option<String>,
}

/// Which part of an export.
pub(crate) struct ExportParams(PageRequest);

impl FromParams for ExportParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        params.cursor().map(Self)
    }
}

/// What is held on the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportOut {
    /// By kind (`account`, `properties`, `bookings_as_guest`, `messages`, `sessions` and so on), whatever is held.
    #[schema(value_type = BTreeMap<String, Vec<Object>>)]
    records: BTreeMap<&'static str, Vec<Value>>,
    /// For `?cursor=`; null unless the export is too large for one answer.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// All that is held on the caller.
///
/// An export of more than some megabytes comes in parts: `Link` and `next_cursor` lead to the next.
#[utoipa::path(
    get,
    path = "/v1/users/me/export",
    tag = "users",
    operation_id = "exportMe",
    params(ExportParamsSchema),
    security(("access_token" = [])),
    responses((status = 200, description = "Everything, or a part of it", body = ExportOut))
)]
pub(crate) async fn export_me(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ExportParams(page)): Query<ExportParams>,
) -> Result<Response, Problem> {
    let from: Option<ExportPosition> = page.position(&app.services).await?;
    let Export { records, next } = app.services.export(&actor, from).await?;
    let page = page.page::<(), _>(&app.services, Vec::new(), next).await?;
    let link = page.next_link().and_then(|link| HeaderValue::try_from(link).ok());
    let mut response = Json(ExportOut { records, next_cursor: page.next_cursor }).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
