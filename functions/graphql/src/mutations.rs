//! What all mutations share: the idempotency key of an input, and answers that may have been given before.

use async_graphql::Context;
use domain::error::{Error, ErrorCode, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use services::{Actor, Answer, IdempotencyKey};
use web::idempotency;

use crate::caller::RequestExt;
use crate::errors::SavedProblem;
use crate::wire;

/// The key of an input that may have one, bound to this caller (none: not signed in), mutation and input.
///
/// # Errors
/// `idempotency_key_invalid`, `unavailable` when the signing key is not to be had.
pub(crate) async fn optional_key(
    ctx: &Context<'_>,
    caller: Option<&Actor>,
    mutation: &str,
    input: &impl Serialize,
    key: Option<&str>,
) -> Result<Option<IdempotencyKey>> {
    let Some(key) = key else { return Ok(None) };
    let key = idempotency::parse_key(key)?;
    let caller = caller.map_or_else(|| "anonymous".to_owned(), |actor| actor.user_id.to_string());
    let request = format!("GRAPHQL {mutation}\n{}", wire::body(input, &[])?);
    ctx.services().idempotency(&caller, key, request.as_bytes()).await.map(Some)
}

/// The key of an input that moves money.
///
/// # Errors
/// `idempotency_key_missing`, and those of [`optional_key`].
pub(crate) async fn required_key(
    ctx: &Context<'_>,
    caller: &Actor,
    mutation: &str,
    input: &impl Serialize,
    key: Option<&str>,
) -> Result<Option<IdempotencyKey>> {
    if key.is_none() {
        let detail = "Send an idempotencyKey: a new value for each new request, the same one to try again.";
        return Err(Error::new(ErrorCode::IdempotencyKeyMissing, detail));
    }
    optional_key(ctx, Some(caller), mutation, input, key).await
}

/// The object of an answer, the first one where it was given before.
///
/// # Errors
/// The conflict that was answered before.
pub(crate) fn answered<T: DeserializeOwned>(ctx: &Context<'_>, answer: &Answer) -> async_graphql::Result<T> {
    if answer.replayed {
        ctx.insert_http_header("idempotent-replayed", "true");
    }
    if answer.saved.status >= 400 {
        return Err(SavedProblem(answer.saved.body.clone()).into());
    }
    Ok(serde_json::from_slice(&answer.saved.body).map_err(Error::internal)?)
}
