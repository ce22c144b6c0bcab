//! `PATCH /v1/properties/{id}`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::id::PropertyId;
use services::properties::PropertyView;
use services::property_changes::{PropertyPatch, update};
use web::{AppState, Body, Caller, IfMatch, PathId, Problem, Query};

use crate::json::PropertyOut;
use crate::update_json::UpdatePropertyIn;

/// Change a property.
///
/// What is left out stays, null empties a field that may be empty, and a value replaces the whole field (`location` too).
/// Bookings keep what was agreed. A listed property may not lose what listing needs: `409 not_ready` with `missing`.
/// Another currency takes all prices anew. After a move the time zone is guessed anew, unless the host had set it.
#[utoipa::path(
    patch,
    path = "/v1/properties/{id}",
    tag = "properties",
    operation_id = "updateProperty",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    request_body = UpdatePropertyIn,
    responses((status = 200, description = "The property as it now is", body = PropertyOut))
)]
pub(crate) async fn update_property(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    if_match: IfMatch,
    Query(()): Query<()>,
    body: Body<UpdatePropertyIn>,
) -> Result<impl IntoResponse, Problem> {
    let (actor, patch, if_match) = (&actor, &PropertyPatch::from(body.value), &if_match);
    let view = app
        .services
        .write("properties.update", |tx| async move {
            let is_as_seen = |view: &PropertyView| if_match.check_representation(&PropertyOut::from(view));
            update(&tx, actor, id, patch, is_as_seen).await
        })
        .await?;
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(PropertyOut::from(&view))))
}
