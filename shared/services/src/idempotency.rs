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
            Err(error) => self.keep_conflict(name, key, error, render).await,
            answered => answered,
        }
    }

    /// Gives a better answer in place of the one just saved: for work whose second half can only be done after the
    /// commit of the first. Who asks in between gets the earlier one, which was true then.
    ///
    /// # Errors
    /// Those of `work`, `unavailable`.
    pub async fn answer_anew<T, F>(
        &self,
        name: &'static str,
        key: Option<&IdempotencyKey>,
        work: impl Fn(Arc<Tx>) -> F,
        render: impl Fn(&T) -> SavedAnswer,
    ) -> Result<Answer>
    where
        F: Future<Output = Result<T>>,
    {
        let (work, render) = (&work, &render);
        self.write(name, |tx| async move {
            let saved = render(&work(Arc::clone(&tx)).await?);
            save(&tx, key, saved).await
        })
        .await
    }

    /// Keeps a conflict of business as the key's answer, now that the work is rolled back; any other error is given
    /// on.
    ///
    /// # Errors
    /// `error` itself, or what keeping it meets.
    pub(crate) async fn keep_conflict<T>(
        &self,
        name: &'static str,
        key: Option<&IdempotencyKey>,
        error: Error,
        render: impl Fn(Result<&T, &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        if key.is_none() || !is_conflict_of_business(&error) {
            return Err(error);
        }
        let (error, render) = (&error, &render);
        self.write(name, |tx| async move {
            match replay(&tx, key).await? {
                Some(answer) => Ok(answer),
                None => save(&tx, key, render(Err(error))).await,
            }
        })
        .await
    }
}

/// The answer that was given to this request before, if it was; else the key is this transaction's.
pub(crate) async fn replay(tx: &Tx, key: Option<&IdempotencyKey>) -> Result<Option<Answer>> {
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
