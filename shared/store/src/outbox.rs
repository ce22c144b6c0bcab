//! The table `outbox`: events written with the change they tell of, published after its commit.

use domain::error::Result;
use domain::event::{Event, EventKind};
use domain::id::EventId;
use serde_json::Value;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// How long one publisher has an event to itself before the sweeper may take it over.
const CLAIM_SECONDS: f64 = 20.0;

/// Published events are kept this long, to look things up.
const KEEP_DAYS: f64 = 7.0;

/// Writes an event; this invocation publishes it right after the commit, the sweeper if that fails.
pub async fn insert(tx: &Tx, kind: EventKind, data: &Value) -> Result<()> {
    let sql = "-- outbox.insert
               INSERT INTO outbox (id, kind, data, claimed_until)
               VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
               RETURNING id, kind, data, occurred_at";
    let row = tx.row(sql, &[&EventId::new().uuid(), &kind.as_str(), data, &CLAIM_SECONDS]).await?;
    if let Some(row) = row {
        tx.remember(from_row(&row)?);
    }
    Ok(())
}

/// Takes events nobody is publishing, oldest claim first; they are this caller's for a while.
pub async fn claim(tx: &Tx, limit: i64) -> Result<Vec<Event>> {
    let sql = "-- outbox.claim
               UPDATE outbox SET claimed_until = clock_timestamp() + make_interval(secs => $2)
               WHERE id IN (SELECT id FROM outbox
                            WHERE published_at IS NULL AND claimed_until <= clock_timestamp()
                            ORDER BY claimed_until LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING id, kind, data, occurred_at";
    tx.rows(sql, &[&limit, &CLAIM_SECONDS]).await?.iter().map(from_row).collect()
}

/// Marks events as published.
pub async fn mark_published(queries: &impl Queries, ids: &[EventId]) -> Result<()> {
    let sql = "-- outbox.mark_published
               UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1) AND published_at IS NULL";
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.execute(sql, &[&ids]).await?;
    Ok(())
}

/// Gives events back at once, so that the next sweep publishes them.
pub async fn release(queries: &impl Queries, ids: &[EventId]) -> Result<()> {
    let sql = "-- outbox.release
               UPDATE outbox SET claimed_until = clock_timestamp() WHERE id = ANY($1) AND published_at IS NULL";
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.execute(sql, &[&ids]).await?;
    Ok(())
}

/// Removes what was published long ago; gives the number of rows.
pub async fn purge(queries: &impl Queries) -> Result<u64> {
    let sql = "-- outbox.purge
               DELETE FROM outbox WHERE published_at < clock_timestamp() - make_interval(secs => $1::float8 * 86400)";
    queries.execute(sql, &[&KEEP_DAYS]).await
}

fn from_row(row: &Row) -> Result<Event> {
    Ok(Event {
        id: EventId::from_uuid(row.read("id")?),
        kind: row.parse("kind")?,
        occurred_at: row.read("occurred_at")?,
        data: row.read("data")?,
    })
}
