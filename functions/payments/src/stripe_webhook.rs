//! `POST /v1/webhooks/stripe`.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use web::{AppState, Problem};

/// Stripe's events come in here.
///
/// The signature is checked over the raw body, the event put on a queue; a worker applies it.
#[utoipa::path(
    post,
    path = "/v1/webhooks/stripe",
    tag = "payments",
    operation_id = "receiveStripeWebhook",
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…`")),
    request_body(content = String, content_type = "application/json"),
    responses((status = 200, description = "Taken"))
)]
pub(crate) async fn stripe_webhook(
    State(app): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or("");
    app.services.receive_stripe_webhook(signature, &body).await?;
    Ok(StatusCode::OK)
}
