//! `POST /v1/properties`.

use axum::extract::State;
use services::properties::{PropertyDetails, create};
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

use crate::create_json::CreatePropertyIn;
use crate::json::PropertyOut;

/// Draft a property.
#[utoipa::path(
    post,
    path = "/v1/properties",
    tag = "properties",
    operation_id = "createProperty",
    security(("access_token" = [])),
    request_body = CreatePropertyIn,
    responses((status = 201, description = "The draft", body = PropertyOut))
)]
pub(crate) async fn create_property(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreatePropertyIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let details = PropertyDetails::from(body.value);
    let (actor, details) = (&actor, &details);
    let answer = app
        .services
        .idempotently(
            "properties.create",
            key.as_ref(),
            |tx| async move { create(&tx, actor, details).await },
            |outcome| {
                answers::of(outcome, |view| {
                    answers::created(&PropertyOut::from(view), &format!("/v1/properties/{}", view.property.id))
                })
            },
        )
        .await?;
    Ok(answer.into())
}
