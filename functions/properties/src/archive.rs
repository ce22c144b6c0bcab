//! `DELETE /v1/properties/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use domain::id::PropertyId;
use services::properties::PropertyView;
use services::property_changes::archive;
use web::{AppState, Caller, IfMatch, PathId, Problem, Query};

use crate::json::PropertyOut;

/// Delete a property: it is gone for everybody, its bookings stay readable.
///
/// `409 bookings_to_come` while a stay there is booked, held or under way.
#[utoipa::path(
    delete,
    path = "/v1/properties/{id}",
    tag = "properties",
    operation_id = "deleteProperty",
    params(("id" = PropertyId, Path)),
    security(("access_token" = [])),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete_property(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<PropertyId>,
    if_match: IfMatch,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (actor, if_match) = (&actor, &if_match);
    app.services
        .write("properties.archive", |tx| async move {
            let is_as_seen = |view: &PropertyView| if_match.check_representation(&PropertyOut::from(view));
            archive(&tx, actor, id, is_as_seen).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
