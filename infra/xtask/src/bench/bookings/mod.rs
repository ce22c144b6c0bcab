//! `cargo xtask bench bookings`: what booking costs on the seeded database of the running stack, as ratios of two sides
//! measured in one run; fails when a bar is missed. The measuring itself runs in an optimised build of this program,
//! which holds the use cases in process.

mod calls;
mod measure;
mod script;
mod webhooks;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::search::environment;
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::ui;

/// What is measured, and how long.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct BookingsArguments {
    /// Bookings that the stack's database must have: seed it first.
    #[arg(long, default_value_t = 10_000_000)]
    bookings: u64,
    /// Seconds of each round.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds of each side, one after the other.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only one of the measurements.
    #[arg(long)]
    only: Option<Part>,
    /// Measure in this build, optimised or not: for trying out.
    #[arg(long)]
    as_built: bool,
    /// Set by this program itself, in the process that measures.
    #[arg(long, hide = true)]
    in_process: bool,
}

/// One of the measurements.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Bookings spread over listings.
    Spread,
    /// Everybody wants the same nights.
    Hot,
    /// Webhooks coming in.
    Webhooks,
}

impl BookingsArguments {
    fn measures(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    fn round(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// Has an optimised build measure.
pub(crate) async fn bookings(paths: &Paths, arguments: &BookingsArguments) -> Result<()> {
    let description = Description::read(paths)?;
    if arguments.in_process {
        return measure::all(paths, &description, arguments).await;
    }
    let client = description.postgres(paths)?.connect("postgres", DATABASE).await?;
    let bookings: i64 = client.query_one("SELECT count(*) FROM bookings", &[]).await?.get(0);
    if u64::try_from(bookings).unwrap_or(0) < arguments.bookings {
        let wanted = arguments.bookings;
        bail!(
            "the stack has {bookings} bookings, not {wanted}: `cargo xtask seed --listings {} --bookings {wanted}`",
            wanted / 10
        );
    }
    let mut command = if arguments.as_built {
        Command::new(std::env::current_exe()?)
    } else {
        ui::say("building what measures, optimised");
        build_webhooks(paths).await?;
        let mut cargo = Command::new("cargo");
        cargo.args(["run", "--quiet", "--release", "--package", "xtask", "--"]);
        cargo
    };
    command.arg("--state-dir").arg(&paths.state).args(["bench", "bookings", "--in-process"]);
    command.args(["--seconds", &arguments.seconds.to_string(), "--rounds", &arguments.rounds.to_string()]);
    if let Some(value) = arguments.only.as_ref().and_then(clap::ValueEnum::to_possible_value) {
        command.args(["--only", value.get_name()]);
    }
    let environment = environment(paths, &description, ("bookings", measure::HOT_CLIENTS))?;
    let status = command.envs(environment).current_dir(&paths.root).kill_on_drop(true).status();
    if status.await.context("the measuring program cannot be started")?.success() {
        return Ok(());
    }
    bail!("a bar was missed, or something failed: see above")
}

/// The two programs that are compared, in one go, so that both are made of the very same libraries.
async fn build_webhooks(paths: &Paths) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--workspace", "--bin", "payments", "--example", "hello"]);
    let status = cargo.current_dir(&paths.root).kill_on_drop(true).status().await.context("cargo cannot be started")?;
    if status.success() { Ok(()) } else { bail!("the build failed") }
}
