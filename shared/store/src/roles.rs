//! Who is an admin, for the operator's commands: they log in as the owner of the tables, since the functions' own role may
//! not do this. And the table `sessions_to_end`, of those whose tokens say what is no longer true.

use domain::error::Result;
use domain::id::UserId;
use domain::user::Role;
use jiff::Timestamp;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Sets what a user may do. Refresh tokens from before are worth nothing then, and the rest of the sessions is noted.
pub async fn set(tx: &Tx, id: UserId, role: Role) -> Result<()> {
    let sql = "-- roles.set
               UPDATE users SET role = $2, sessions_valid_from = clock_timestamp(), updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &role.as_str()]).await?;
    note_sessions(tx, id).await
}

/// Has the scheduler end the sessions of an account.
pub async fn note_sessions(tx: &Tx, id: UserId) -> Result<()> {
    let sql = "-- roles.note_sessions
               INSERT INTO sessions_to_end (user_id) VALUES ($1)
               ON CONFLICT (user_id) DO UPDATE SET noted_at = clock_timestamp()";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}

/// Whose sessions are to end, and since when, those that wait longest first.
pub async fn sessions_to_end(queries: &impl Queries, limit: i64) -> Result<Vec<(UserId, Timestamp)>> {
    let sql =
        "-- roles.sessions_to_end\nSELECT user_id, noted_at FROM sessions_to_end ORDER BY noted_at, user_id LIMIT $1";
    let rows = queries.rows(sql, &[&limit]).await?;
    rows.iter().map(|row| Ok((UserId::from_uuid(row.read("user_id")?), row.read("noted_at")?))).collect()
}

/// Notes that they have ended, unless there was another reason to meanwhile.
pub async fn sessions_ended(queries: &impl Queries, id: UserId, noted_at: Timestamp) -> Result<()> {
    let sql = "-- roles.sessions_ended\nDELETE FROM sessions_to_end WHERE user_id = $1 AND noted_at = $2";
    queries.execute(sql, &[&id.uuid(), &noted_at]).await?;
    Ok(())
}
