//! `POST /v1/webhooks/stripe`.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use web::{AppState, Problem};

/// The `Stripe-Signature` header; empty without one.
pub(crate) struct Signature(String);

impl<S: Sync> FromRequestParts<S> for Signature {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get("stripe-signature").and_then(|value| value.to_str().ok());
        Ok(Self(header.unwrap_or_default().to_owned()))
    }
}

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
    Signature(signature): Signature,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    app.services.receive_stripe_webhook(&signature, &body).await?;
    Ok(StatusCode::OK)
}
