//! The tables `second_factors` and `recovery_codes`.

use domain::error::Result;
use domain::id::UserId;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// The secret of a second factor, proposed or confirmed.
pub struct SecondFactor {
    /// Sealed; only the use case can open it.
    pub sealed_secret: Vec<u8>,
    /// The latest step whose code was taken.
    pub last_step: Option<i64>,
}

/// Proposes a secret in the place of any other; it has no recovery codes.
pub async fn propose(tx: &Tx, user_id: UserId, sealed_secret: &[u8]) -> Result<()> {
    remove(tx, user_id).await?;
    let sql = "-- second_factors.propose\nINSERT INTO second_factors (user_id, sealed_secret) VALUES ($1, $2)";
    tx.execute(sql, &[&user_id.uuid(), &sealed_secret]).await?;
    Ok(())
}

/// The user's secret.
pub async fn find(queries: &impl Queries, user_id: UserId) -> Result<Option<SecondFactor>> {
    let sql = "-- second_factors.find\nSELECT sealed_secret, last_step FROM second_factors WHERE user_id = $1";
    let Some(row) = queries.row(sql, &[&user_id.uuid()]).await? else { return Ok(None) };
    Ok(Some(SecondFactor { sealed_secret: row.read("sealed_secret")?, last_step: row.read("last_step")? }))
}

/// Spends the code of a step, and those of all before it; true for the one caller who did, with the secret as seen.
pub async fn spend_step(tx: &Tx, user_id: UserId, step: i64, sealed_secret: &[u8]) -> Result<bool> {
    let sql = "-- second_factors.spend_step
               UPDATE second_factors SET last_step = $2
               WHERE user_id = $1 AND (last_step IS NULL OR last_step < $2) AND sealed_secret = $3";
    Ok(tx.execute(sql, &[&user_id.uuid(), &step, &sealed_secret]).await? == 1)
}

/// Keeps recovery codes by their hashes.
pub async fn insert_recovery_codes(tx: &Tx, user_id: UserId, hashes: &[String]) -> Result<()> {
    let sql = "-- recovery_codes.insert
               INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::text[])";
    tx.execute(sql, &[&user_id.uuid(), &hashes]).await?;
    Ok(())
}

/// Spends a recovery code; true for the one caller who did.
pub async fn spend_recovery_code(tx: &Tx, user_id: UserId, hash: &str) -> Result<bool> {
    let sql = "-- recovery_codes.spend\nDELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2";
    Ok(tx.execute(sql, &[&user_id.uuid(), &hash]).await? == 1)
}

/// Removes the secret and its recovery codes.
pub async fn remove(tx: &Tx, user_id: UserId) -> Result<()> {
    let sql = "-- second_factors.remove\nDELETE FROM second_factors WHERE user_id = $1";
    tx.execute(sql, &[&user_id.uuid()]).await?;
    Ok(())
}
