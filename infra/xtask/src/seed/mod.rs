//! `cargo xtask seed`: fills the local stack's database, with demo accounts through the API or with a world of any size
//! by COPY. Knows no other database than the local ones.

mod demo;
mod demo_world;
mod pictures;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use seed::{Loaded, Plan};

use crate::clock;
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::{DATABASE, Postgres};
use crate::ui::{self, Step};

pub(crate) use demo::{Demo, fill, run as run_demo};

/// How much to make, and where.
#[derive(clap::Args)]
pub(crate) struct SeedArguments {
    /// Listed properties.
    #[arg(long, requires = "bookings")]
    listings: Option<u64>,
    /// Bookings, past and to come.
    #[arg(long, requires = "listings")]
    bookings: Option<u64>,
    /// Another number gives another world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first day that is not past; the stack's today unless given.
    #[arg(long)]
    today: Option<Date>,
    /// Database of the stack's server; made and migrated if there is none.
    #[arg(long, default_value = DATABASE)]
    database: String,
}

/// `cargo xtask seed --listings N --bookings M`.
pub(crate) async fn run(paths: &Paths, arguments: &SeedArguments) -> Result<()> {
    let (Some(listings), Some(bookings)) = (arguments.listings, arguments.bookings) else {
        bail!("say how much: `cargo xtask seed --listings 10000 --bookings 100000`, or `cargo xtask seed demo`");
    };
    let description = Description::read(paths)?;
    let postgres = description.postgres(paths)?;
    let loaded = into(&postgres, &arguments.database, (listings, bookings), arguments.seed, arguments.today).await?;
    // The cache was told of nothing.
    crate::redis::forget_everything(description.ports().redis).await?;
    for (table, rows) in &loaded.rows {
        ui::say(&format!("  {table:16} {rows:>12} rows"));
    }
    ui::say(&format!("  everybody's password: {}", seed::PASSWORD));
    Ok(())
}

/// Fills a database of this stack's server.
pub(crate) async fn into(
    postgres: &Postgres,
    database: &str,
    (listings, bookings): (u64, u64),
    seed: u64,
    today: Option<Date>,
) -> Result<Loaded> {
    let step = Step::start(format!("{listings} listings and {bookings} bookings into {database}"));
    ensure_database(postgres, database).await?;
    let mut client = postgres.connect("postgres", database).await.context("logging in to PostgreSQL")?;
    refuse_other_stages(&client).await?;
    let today = match today {
        Some(today) => today,
        None => client.query_one("SELECT (app_now() AT TIME ZONE 'UTC')::date", &[]).await?.get(0),
    };
    let plan = Plan { listings, bookings, seed, today };
    plan.check()?;
    let loaded = seed::load(&mut client, plan, true).await?;
    step.done(&format!("as of {today}, seed {seed}"));
    Ok(loaded)
}

/// Another database beside the stack's own, for comparisons.
async fn ensure_database(postgres: &Postgres, database: &str) -> Result<()> {
    if database == DATABASE {
        return Ok(());
    }
    if database.is_empty() || !database.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        bail!("a database is called by lower-case letters and underscores");
    }
    let admin = postgres.connect("postgres", "postgres").await.context("logging in to PostgreSQL")?;
    if admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&database]).await?.is_none() {
        admin.batch_execute(&format!("CREATE DATABASE {database} OWNER roost_owner")).await?;
    }
    let (owner, app) = (postgres.target("roost_owner", database), postgres.target("roost_app", database));
    let failed = |error: domain::error::Error| anyhow::anyhow!("preparing {database}: {error:?}");
    store::migrations::migrate(&owner, &app).await.map_err(failed)?;
    store::places::load_extract(&owner).await.map_err(failed)?;
    clock::install(&postgres.connect("roost_owner", database).await?).await?;
    Ok(())
}

/// Only a local stack's clock can be moved: no other database has that table.
async fn refuse_other_stages(client: &tokio_postgres::Client) -> Result<()> {
    if client.query_one("SELECT to_regclass('local_clock') IS NOT NULL", &[]).await?.get(0) {
        return Ok(());
    }
    bail!("this is no local stack's database: it is not filled")
}
