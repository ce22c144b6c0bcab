//! The one door: named transactions that are run again when the database asks for it, and named reads.
//! Statements are prepared once a connection; each begins with a comment naming its function.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use domain::error::{Error, Result};
use domain::event::Event;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::connect::Db;
use crate::error::{from_postgres, is_retryable};

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction that failed by the others' doing is tried this often.
const MAX_ATTEMPTS: u32 = 4;

/// What a transaction gave, now that it is committed.
#[derive(Debug)]
pub struct Committed<T> {
    /// The result of the work.
    pub value: T,
    /// The events it wrote to the outbox, claimed by this invocation for publishing.
    pub events: Vec<Event>,
}

/// A transaction under way. Owned, so that work over it can be a plain `Send` future.
pub struct Tx {
    /// There until the transaction is dropped.
    client: Option<deadpool_postgres::Client>,
    /// Whether `COMMIT` or `ROLLBACK` has been answered.
    ended: AtomicBool,
    events: Mutex<Vec<Event>>,
}

impl Drop for Tx {
    /// Work that was given up in the middle (a timeout, a panic) must not leave its transaction to the next user of
    /// the connection: the connection is closed, and the server rolls back.
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Relaxed)
            && let Some(client) = self.client.take()
        {
            drop(deadpool_postgres::Client::take(client));
        }
    }
}

/// A connection to read with: each statement sees the newest committed state.
pub struct Connection {
    client: deadpool_postgres::Client,
}

/// Where a statement can be run: in a transaction or on a plain connection.
pub trait Queries: Sync {
    /// All rows.
    fn rows(&self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// The first row, if there is any.
    fn row(&self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<Option<Row>>> + Send {
        async move { Ok(self.rows(sql, params).await?.into_iter().next()) }
    }

    /// Runs a statement and counts the rows it touched.
    fn execute(&self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<u64>> + Send;
}

/// One event a statement: named, so that a test or somebody looking for slowness can count.
fn note(sql: &str) {
    tracing::trace!(target: "store::statement", name = sql.lines().next().unwrap_or_default());
}

/// The same of what begins and ends a transaction.
fn note_bound(how: &'static str) {
    tracing::trace!(target: "store::transaction", how);
}

impl Queries for Tx {
    async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        note(sql);
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(from_postgres)?;
        client.query(&statement, params).await.map_err(from_postgres)
    }

    async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        note(sql);
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(from_postgres)?;
        client.execute(&statement, params).await.map_err(from_postgres)
    }
}

impl Queries for Connection {
    async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        note(sql);
        let statement = self.client.prepare_cached(sql).await.map_err(from_postgres)?;
        self.client.query(&statement, params).await.map_err(from_postgres)
    }

    async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        note(sql);
        let statement = self.client.prepare_cached(sql).await.map_err(from_postgres)?;
        self.client.execute(&statement, params).await.map_err(from_postgres)
    }
}

/// A connection of the driver's own, without the application's time limits: for tools that read everything.
impl Queries for tokio_postgres::Client {
    async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        note(sql);
        self.query(sql, params).await.map_err(from_postgres)
    }

    async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        note(sql);
        tokio_postgres::Client::execute(self, sql, params).await.map_err(from_postgres)
    }
}

impl Connection {
    pub(crate) fn new(client: deadpool_postgres::Client) -> Self {
        Self { client }
    }
}

impl Tx {
    async fn begin(connection: Connection, how: &'static str) -> Result<Self> {
        let tx = Self { client: Some(connection.client), ended: AtomicBool::new(false), events: Mutex::default() };
        note_bound(how);
        tx.client()?.batch_execute(how).await.map_err(from_postgres)?;
        Ok(tx)
    }

    async fn end(&self, how: &'static str) -> Result<()> {
        note_bound(how);
        self.client()?.batch_execute(how).await.map_err(from_postgres)?;
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Prepares a statement, once a connection: of two that are sent together the first must be, or the other, prepared
    /// before, overtakes it.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<()> {
        self.client()?.prepare_cached(sql).await.map(drop).map_err(from_postgres)
    }

    fn client(&self) -> Result<&deadpool_postgres::Client> {
        self.client.as_ref().ok_or_else(|| Error::internal("a transaction was used after its end"))
    }

    /// Remembers an event that this transaction wrote to the outbox.
    pub(crate) fn remember(&self, event: Event) {
        // A poisoned lock means that a panic is already unwinding this transaction.
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

impl Db {
    /// Runs `work` in a transaction and commits; runs it again after a serialization failure or a deadlock.
    ///
    /// # Errors
    /// What `work` gives (nothing of it is kept then), or `unavailable` when the database can't be reached, also at
    /// the commit, whose outcome is then not known: the caller's idempotency key settles it.
    pub async fn run_tx<T, F>(&self, name: &'static str, work: impl Fn(Arc<Tx>) -> F) -> Result<Committed<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            match self.attempt("BEGIN", &work).await {
                Err(error) if attempt < MAX_ATTEMPTS && is_retryable(&error) => {
                    tracing::info!(transaction = name, attempt, "the database asked for another attempt");
                    attempt += 1;
                }
                // Every attempt lost against others: that is load, not a fault.
                Err(error) if is_retryable(&error) => return Err(Error::unavailable(error)),
                outcome => {
                    tracing::debug!(transaction = name, attempt, micros = started.elapsed().as_micros(), "ended");
                    return outcome;
                }
            }
        }
    }

    /// Reads several things as they were at one moment, so that they agree with each other.
    ///
    /// # Errors
    /// What `work` gives, or `unavailable`.
    pub async fn read_at_once<T, F>(&self, work: impl Fn(Arc<Tx>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        Ok(self.attempt("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", &work).await?.value)
    }

    async fn attempt<T, F>(&self, begin: &'static str, work: &impl Fn(Arc<Tx>) -> F) -> Result<Committed<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let tx = Arc::new(Tx::begin(self.connection().await?, begin).await?);
        match work(Arc::clone(&tx)).await {
            Ok(value) => {
                tx.end("COMMIT").await?;
                let events = std::mem::take(&mut *tx.events.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(Committed { value, events })
            }
            Err(error) => {
                if let Err(rollback) = tx.end("ROLLBACK").await {
                    tracing::warn!(error = %rollback, "a rollback failed; the connection is closed instead");
                }
                Err(error)
            }
        }
    }
}
