//! Into a database: everything in one transaction, so that a load that fails leaves it as it was. Constraints and
//! indexes are taken away first and made again as they were, which is many times quicker than keeping them up.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use futures::SinkExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio_postgres::{Client, Transaction};

use crate::{Made, Plan, TABLES, Table};

/// What a load did.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Rows of each table, those that were there before included.
    pub rows: Vec<(&'static str, i64)>,
}

/// Makes what search reads from what was loaded: the triggers that keep it up rested meanwhile.
const REBUILD: &str = "SELECT listing_search_rebuild()";

/// Fills a migrated database, as its superuser. What is there already is kept.
///
/// # Errors
/// When the database was seeded before, or refuses something: it is then as it was.
pub async fn load(client: &mut Client, plan: Plan, show: bool) -> Result<Loaded> {
    let made = Arc::new(tokio::task::spawn_blocking(move || Made::new(plan)).await??);
    let first = format!("person-0.{}@seed.roost.test", plan.seed);
    if client.query_opt("SELECT 1 FROM users WHERE email_key = $1", &[&first]).await?.is_some() {
        bail!("this database has been seeded already: another --seed adds to it, `cargo xtask reset` makes a new one");
    }
    let tx = client.transaction().await?;
    // Triggers and foreign keys rest; what the triggers keep is made anew below.
    tx.batch_execute(
        "SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s';
         SET LOCAL synchronous_commit = off; SET LOCAL maintenance_work_mem = '768MB'; SET LOCAL work_mem = '256MB';
         SET LOCAL max_parallel_maintenance_workers = 2; SET LOCAL timezone = 'UTC'",
    )
    .await?;
    let definitions = take_away(&tx).await.context("taking constraints and indexes away")?;
    for table in TABLES {
        fill(&tx, &made, table, show).await.with_context(|| format!("filling {}", table.name()))?;
    }
    let bar = progress(show, definitions.len() as u64 + 1, "indexes and constraints");
    for definition in definitions {
        tx.batch_execute(&definition).await.with_context(|| definition.clone())?;
        bar.inc(1);
    }
    // The planner must know what it has before all is read once more.
    tx.batch_execute("ANALYZE properties; ANALYZE bookings; ANALYZE calendar_days").await?;
    tx.batch_execute(REBUILD).await.context("making listing_search")?;
    bar.finish();
    tx.commit().await.context("committing")?;
    finish(client, show).await
}

/// Statistics for the planner, the visibility map for what reads indexes alone, and how much there is.
async fn finish(client: &Client, show: bool) -> Result<Loaded> {
    let tables = ["listing_search", "listing_cells"].into_iter().chain(TABLES.map(Table::name));
    let bar = progress(show, 7, "vacuum and statistics");
    let mut loaded = Loaded::default();
    for table in tables {
        client.batch_execute(&format!("VACUUM (ANALYZE) {table}")).await?;
        let count = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
        loaded.rows.push((table, count.get(0)));
        bar.inc(1);
    }
    // So that no measurement pays for what the load left to be written.
    client.batch_execute("CHECKPOINT").await?;
    bar.finish();
    Ok(loaded)
}

/// Drops the constraints and indexes of the tables to be filled, and the foreign keys that point at them; gives the
/// statements that make them again, in their order.
async fn take_away(tx: &Transaction<'_>) -> Result<Vec<String>> {
    let tables: Vec<&str> = TABLES.map(Table::name).to_vec();
    // Foreign keys go first and come back last; the rest of the constraints bring their indexes with them.
    let constraints = tx
        .query(
            "SELECT conrelid::regclass::text, quote_ident(conname), contype = 'f', pg_get_constraintdef(oid)
             FROM pg_constraint
             WHERE (contype IN ('p', 'u', 'x') AND conrelid = ANY ($1::text[]::regclass[]))
                OR (contype = 'f' AND $1::text[]::regclass[]::oid[] && ARRAY[conrelid, confrelid])
             ORDER BY contype = 'f' DESC, conrelid::regclass::text, conname",
            &[&tables],
        )
        .await?;
    let indexes = tx
        .query(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
             WHERE indrelid = ANY ($1::text[]::regclass[])
                AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
             ORDER BY 1",
            &[&tables],
        )
        .await?;
    let (mut keys, mut foreign) = (Vec::new(), Vec::new());
    for row in &constraints {
        let (table, name, is_foreign, definition): (String, String, bool, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        tx.batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await?;
        let statements = if is_foreign { &mut foreign } else { &mut keys };
        statements.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"));
    }
    for row in &indexes {
        tx.batch_execute(&format!("DROP INDEX {}", row.get::<_, String>(0))).await?;
        keys.push(row.get(1));
    }
    keys.extend(foreign);
    Ok(keys)
}

/// Empties the table, so that COPY may freeze what it writes and skip the log, fills it, and puts back what was there.
async fn fill(tx: &Transaction<'_>, made: &Arc<Made>, table: Table, show: bool) -> Result<()> {
    let name = table.name();
    let own = tx
        .query_one(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            &[&name],
        )
        .await?;
    let own: String = own.get(0);
    tx.batch_execute(&format!("CREATE TEMPORARY TABLE kept_{name} ON COMMIT DROP AS TABLE {name}; TRUNCATE {name}"))
        .await?;
    let statement = format!("COPY {name} ({}) FROM STDIN (FREEZE)", table.columns());
    let sink = tx.copy_in::<_, std::io::Cursor<Vec<u8>>>(&statement).await?;
    let mut sink = std::pin::pin!(sink);
    // The server reads while the next chunks are made.
    let (give, mut taken) = mpsc::channel::<(Vec<u8>, u64)>(8);
    let writer = {
        let made = Arc::clone(made);
        tokio::task::spawn_blocking(move || {
            made.write(table, |chunk, steps| give.blocking_send((chunk, steps)).context("nobody takes the rows"))
        })
    };
    let bar = progress(show, table.steps(made.plan()), name);
    while let Some((chunk, steps)) = taken.recv().await {
        sink.send(std::io::Cursor::new(chunk)).await?;
        bar.set_position(steps);
    }
    writer.await??;
    sink.close().await?;
    bar.finish();
    tx.batch_execute(&format!("INSERT INTO {name} ({own}) SELECT {own} FROM kept_{name}")).await?;
    Ok(())
}

fn progress(show: bool, length: u64, name: &str) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_message(name.to_owned());
    match ProgressStyle::with_template("  {msg:24} {bar:40} {percent:>3} % {elapsed_precise} (left {eta})") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
