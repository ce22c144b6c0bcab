//! `cargo xtask bench search`: what searching costs on the seeded database of the running stack, as ratios of two sides
//! measured in one run; fails when a bar is missed. The measuring itself runs in an optimised build of this program,
//! which holds the use cases in process.

pub(super) mod capture;
mod dense;
mod measure;
mod pages;
pub(super) mod pgbench;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::description::Description;
use crate::functions::lambda_environment;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::secrets::Secrets;
use crate::seed;
use crate::ui;

/// The smaller world beside the stack's own.
const SMALL_DATABASE: &str = "roost_small";

/// What is measured, and how long.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct SearchArguments {
    /// Listings that the stack's database must have: seed it first.
    #[arg(long, default_value_t = 1_000_000)]
    listings: u64,
    /// Listings of the small world that growth is measured from; it is made if there is none.
    #[arg(long, default_value_t = 10_000)]
    small: u64,
    /// Bookings for each of its listings.
    #[arg(long, default_value_t = 10)]
    small_bookings_each: u64,
    /// Seconds of each round of throughput.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds of each side, one after the other.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Requests of each measurement of latency.
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// Measure in this build, optimised or not: for trying out.
    #[arg(long)]
    as_built: bool,
    /// Set by this program itself, in the process that measures.
    #[arg(long, hide = true)]
    in_process: bool,
}

impl SearchArguments {
    fn round(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// Prepares the small world, then has an optimised build measure.
pub(crate) async fn search(paths: &Paths, arguments: &SearchArguments) -> Result<()> {
    let description = Description::read(paths)?;
    if arguments.in_process {
        return measure::all(paths, &description, arguments).await;
    }
    let postgres = description.postgres(paths)?;
    let client = postgres.connect("postgres", DATABASE).await?;
    let listings: i64 = client.query_one("SELECT count(*) FROM listing_search", &[]).await?.get(0);
    if u64::try_from(listings).unwrap_or(0) < arguments.listings {
        let wanted = arguments.listings;
        bail!(
            "the stack has {listings} listings, not {wanted}: `cargo xtask seed --listings {wanted} --bookings {}`",
            wanted * 10
        );
    }
    if !is_seeded(&postgres).await? {
        let size = (arguments.small, arguments.small * arguments.small_bookings_each);
        seed::into(&postgres, SMALL_DATABASE, size, 1, None).await?;
    }
    let mut command = if arguments.as_built {
        Command::new(std::env::current_exe()?)
    } else {
        ui::say("building what measures, optimised");
        let mut cargo = Command::new("cargo");
        cargo.args(["run", "--quiet", "--release", "--package", "xtask", "--"]);
        cargo
    };
    command.arg("--state-dir").arg(&paths.state).args(["bench", "search", "--in-process"]);
    for (name, value) in [
        ("--listings", arguments.listings),
        ("--small", arguments.small),
        ("--seconds", arguments.seconds),
        ("--rounds", arguments.rounds as u64),
        ("--requests", arguments.requests as u64),
    ] {
        command.arg(name).arg(value.to_string());
    }
    let status = command
        .envs(environment(paths, &description, ("properties", pgbench::CLIENTS))?)
        .current_dir(&paths.root)
        .kill_on_drop(true)
        .status();
    if status.await.context("the measuring program cannot be started")?.success() {
        return Ok(());
    }
    bail!("a bar was missed, or something failed: see above")
}

async fn is_seeded(postgres: &crate::postgres::Postgres) -> Result<bool> {
    let admin = postgres.connect("postgres", "postgres").await?;
    if admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&SMALL_DATABASE]).await?.is_none() {
        return Ok(false);
    }
    let client = postgres.connect("postgres", SMALL_DATABASE).await?;
    if client.query_one("SELECT to_regclass('listing_search') IS NULL", &[]).await?.get(0) {
        return Ok(false);
    }
    Ok(client.query_one("SELECT EXISTS (SELECT 1 FROM listing_search)", &[]).await?.get(0))
}

/// That of a function, straight to the database and without the cache: a hit costs nothing to speak of.
pub(super) fn environment(
    paths: &Paths,
    description: &Description,
    (name, connections): (&str, usize),
) -> Result<Vec<(String, String)>> {
    let functions = description.functions(paths)?;
    let function = functions.iter().find(|function| function.name == name).with_context(|| format!("no {name}"))?;
    let secrets = Secrets::load_or_create(paths)?;
    let database = description.postgres(paths)?.url("roost_app", DATABASE);
    let mut environment = lambda_environment(function, "127.0.0.1:9");
    environment.retain(|(name, _)| name != "PATH");
    environment.extend(crate::local::aws_environment(description.ports().aws));
    environment.extend(function.environment.clone());
    environment.extend(
        [
            ("DATABASE_URL", format!("{database}?sslmode=disable")),
            ("DATABASE_POOL_SIZE", connections.to_string()),
            ("REDIS_URL", String::new()),
            ("TOKEN_KEYS", secrets.token_keys.to_string()),
            ("SIGNING_KEYS", secrets.signing_keys.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Ok(environment)
}

/// Where this stack's server logs.
pub(super) fn server_log(paths: &Paths) -> PathBuf {
    paths.log("postgres")
}
