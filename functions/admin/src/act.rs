//! What the acts of admins share.

use std::sync::Arc;

use domain::error::Result;
use serde::Serialize;
use services::{Actor, Services, Tx};
use web::{Body, OptionalIdempotencyKey, Problem, Reply, answers};

use crate::json::ReasonIn;

/// Acts under the admin's key, and shows what was acted on.
pub(crate) async fn act<T, F, J: Serialize>(
    services: &Services,
    actor: &Actor,
    key: OptionalIdempotencyKey,
    body: &Body<ReasonIn>,
    name: &'static str,
    work: impl Fn(Arc<Tx>) -> F,
    render: impl Fn(&T) -> J,
) -> Result<Reply, Problem>
where
    F: Future<Output = Result<T>>,
{
    let key = key.bind(services, Some(actor), &body.canonical).await?;
    let answer = services
        .idempotently(name, key.as_ref(), work, |outcome| answers::of(outcome, |found| answers::ok(&render(found))))
        .await?;
    Ok(answer.into())
}
