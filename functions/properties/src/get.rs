//! `GET /v1/properties/{id}`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::PropertyId;
use services::Actor;
use services::cached::Dependency;
use web::kept::KeptAnswer;
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
    let answer = match actor {
        Some(actor) => answer(&app, Some(&actor), id).await?,
        // What strangers see is the same for all of them.
        None => {
            let compute = || async { Ok(answer(&app, None, id).await?.into_bytes()) };
            let bytes = app.services.cached(Dependency::Property(id), "getProperty", compute).await?;
            KeptAnswer::from_bytes(&bytes)?
        }
    };
    // It differs by caller, and changes at any time: kept only to ask whether it is still the same.
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], answer))
}

async fn answer(app: &AppState, actor: Option<&Actor>, id: PropertyId) -> domain::error::Result<KeptAnswer> {
    let view = app.services.property(actor, id).await?;
    KeptAnswer::json("application/json", None, &PropertyOut::from(&view))
}
