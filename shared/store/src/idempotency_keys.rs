//! The table `idempotency_keys`: the first answer to a POST, in the transaction of the write it answered.

use domain::error::{Error, Result};
use serde_json::Value;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Params, Queries, Tx};

/// An answer as it went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the answer itself, such as `Location`.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// Who asked, with which key, for what.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// A user's id, or `anonymous`.
    pub caller: String,
    /// The client's key.
    pub key: String,
    /// HMAC-SHA256 of the request.
    pub fingerprint: Vec<u8>,
}

/// What is known of a key when a request comes in.
#[derive(Debug)]
pub enum Claim {
    /// Nobody has used it: this transaction has it to itself until it ends.
    New,
    /// The first request has not ended.
    InProgress,
    /// It has been answered, to the request of this fingerprint.
    Answered {
        /// HMAC-SHA256 of the first request.
        fingerprint: Vec<u8>,
        /// Its answer.
        answer: SavedAnswer,
    },
}

/// Claims the key for this transaction by an advisory lock, or says why not. Keys live for 24 hours.
///
/// The lock is tried in a statement of its own, sent ahead of the look-up, which then sees what a request that has just
/// ended has saved.
pub async fn claim(tx: &Tx, key: &IdempotencyKey) -> Result<Claim> {
    let lock = "-- idempotency_keys.lock
                SELECT pg_try_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 0)) AS locked";
    let find = "-- idempotency_keys.find
                SELECT fingerprint, status, headers, body FROM idempotency_keys
                WHERE caller = $1 AND key = $2 AND created_at > app_now() - interval '24 hours'";
    let params: Params<'_> = &[&key.caller, &key.key];
    // Prepared already, it is sent at once: the look-up does not overtake it.
    tx.prepare(lock).await?;
    let (locked, found) = futures::join!(tx.row(lock, params), tx.row(find, params));
    if locked?.map(|row| row.read::<bool>("locked")).transpose()? != Some(true) {
        return Ok(Claim::InProgress);
    }
    match found? {
        None => Ok(Claim::New),
        Some(row) => Ok(Claim::Answered { fingerprint: row.read("fingerprint")?, answer: answer_from_row(&row)? }),
    }
}

/// Saves the answer under the key; an expired row gives way.
pub async fn save(tx: &Tx, key: &IdempotencyKey, answer: &SavedAnswer) -> Result<()> {
    let sql = "-- idempotency_keys.save
               INSERT INTO idempotency_keys (caller, key, fingerprint, status, headers, body)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (caller, key) DO UPDATE
               SET fingerprint = EXCLUDED.fingerprint, status = EXCLUDED.status, headers = EXCLUDED.headers,
                   body = EXCLUDED.body, created_at = app_now()";
    let status = i16::try_from(answer.status).map_err(Error::internal)?;
    let headers = serde_json::to_value(&answer.headers).map_err(Error::internal)?;
    tx.execute(sql, &[&key.caller, &key.key, &key.fingerprint, &status, &headers, &answer.body]).await?;
    Ok(())
}

/// Removes expired keys; gives their number.
pub async fn purge(queries: &impl Queries) -> Result<u64> {
    let sql = "-- idempotency_keys.purge
               DELETE FROM idempotency_keys WHERE created_at <= app_now() - interval '24 hours'";
    queries.execute(sql, &[]).await
}

fn answer_from_row(row: &Row) -> Result<SavedAnswer> {
    Ok(SavedAnswer {
        status: u16::try_from(row.read::<i16>("status")?).map_err(Error::internal)?,
        headers: serde_json::from_value(row.read::<Value>("headers")?).map_err(Error::internal)?,
        body: row.read("body")?,
    })
}
