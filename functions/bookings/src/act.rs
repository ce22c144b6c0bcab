//! What the acts of hosts and guests on a booking share.

use std::sync::Arc;

use domain::error::Result;
use domain::id::BookingId;
use services::idempotency::{IdempotencyKey, SavedAnswer};
use services::{Services, Tx};
use web::{Problem, Reply, answers};

/// Acts on a booking under the caller's key, then has the payment provider told what follows; the reconciler does the
/// rest.
pub(crate) async fn act<T, F>(
    services: &Services,
    booking_id: BookingId,
    key: Option<&IdempotencyKey>,
    name: &'static str,
    work: impl Fn(Arc<Tx>) -> F,
    render: impl Fn(&T) -> SavedAnswer,
) -> Result<Reply, Problem>
where
    F: Future<Output = Result<T>>,
{
    let answer = services.idempotently(name, key, work, |outcome| answers::of(outcome, &render)).await?;
    services.carry_out_for(booking_id).await;
    Ok(answer.into())
}
