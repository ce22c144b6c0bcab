//! The same request with the same key has one effect and one answer: key, work, saved answer and queued events are
//! one transaction.

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use store::idempotency_keys::{self, Claim};
pub use store::idempotency_keys::{IdempotencyKey, SavedAnswer};
use store::tx::Tx;

use crate::Services;
use crate::sealing::Purpose;

/// What goes back to the client.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer, as first given.
    pub saved: SavedAnswer,
    /// Whether it had been given before.
    pub replayed: bool,
}

impl Services {
    /// Names a request: `request` is its method, path and canonical body. Only their HMAC is kept.
    pub async fn idempotency(&self, caller: &str, key: &str, request: &[u8]) -> Result<IdempotencyKey> {
        let sealer = self.sealer().await?;
        Ok(IdempotencyKey {
            caller: caller.to_owned(),
            key: key.to_owned(),
            fingerprint: sealer.tag(Purpose::Fingerprint, request),
        })
    }

    /// Runs `work` in a transaction; with a key, its answer is saved in that same transaction, and a later request
    /// with the key gets it again. A conflict of business (`409`) is an answer too; other errors are not kept.
    ///
    /// # Errors
    /// Those of `work`, `idempotency_in_progress`, `idempotency_key_reused`, `unavailable`.
    pub async fn idempotently<T, F>(
        &self,
        name: &'static str,
        key: Option<&IdempotencyKey>,
        work: impl Fn(Arc<Tx>) -> F,
        render: impl Fn(Result<&T, &Error>) -> SavedAnswer,
    ) -> Result<Answer>
    where
        F: Future<Output = Result<T>>,
    {
        let (work, render) = (&work, &render);
        let outcome = self
            .write(name, |tx| async move {
                if let Some(answer) = replay(&tx, key).await? {
                    return Ok(answer);
                }
                let saved = render(Ok(&work(Arc::clone(&tx)).await?));
                save(&tx, key, saved).await
            })
            .await;
        match outcome {
            Err(error) if key.is_some() && is_conflict_of_business(&error) => {
                // The work is rolled back; its refusal is kept in a transaction of its own.
                let error = &error;
                self.write(name, |tx| async move {
                    match replay(&tx, key).await? {
                        Some(answer) => Ok(answer),
                        None => save(&tx, key, render(Err(error))).await,
                    }
                })
                .await
            }
            outcome => outcome,
        }
    }
}

async fn replay(tx: &Tx, key: Option<&IdempotencyKey>) -> Result<Option<Answer>> {
    let Some(key) = key else { return Ok(None) };
    match idempotency_keys::claim(tx, key).await? {
        Claim::New => Ok(None),
        Claim::InProgress => Err(Error::new(
            ErrorCode::IdempotencyInProgress,
            "The first request with this idempotency key is still running. Ask again in a second.",
        )
        .retry_after(1)),
        Claim::Answered { fingerprint, .. } if fingerprint != key.fingerprint => Err(Error::new(
            ErrorCode::IdempotencyKeyReused,
            "This idempotency key was used with another request. Take a new key for a new request.",
        )),
        Claim::Answered { answer, .. } => Ok(Some(Answer { saved: answer, replayed: true })),
    }
}

async fn save(tx: &Tx, key: Option<&IdempotencyKey>, saved: SavedAnswer) -> Result<Answer> {
    if let Some(key) = key {
        idempotency_keys::save(tx, key, &saved).await?;
    }
    Ok(Answer { saved, replayed: false })
}

fn is_conflict_of_business(error: &Error) -> bool {
    error.code().status() == 409 && error.code() != ErrorCode::IdempotencyInProgress
}
