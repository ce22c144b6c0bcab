//! `cargo xtask simulate`: a PostgreSQL of its own, and the simulation against it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::paths::Paths;
use crate::postgres::{self, Durability};
use crate::secrets::Secrets;
use crate::{processes, stack};

/// Where its PostgreSQL keeps its state, relative to the clone.
pub(crate) const STATE: &str = ".dev/simulate";

/// What is played.
#[derive(clap::Args)]
pub(crate) struct SimulateArguments {
    /// How many seeds, fresh ones unless `--from` says where they begin.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first of them.
    #[arg(long)]
    from: Option<u64>,
    /// This seed alone, with every step as it is played.
    #[arg(long)]
    seed: Option<u64>,
    /// Steps of each.
    #[arg(long, default_value_t = 2_000)]
    steps: usize,
    /// Build it optimised first: worth it for hundreds of seeds.
    #[arg(long)]
    release: bool,
}

/// Plays the seeds and returns their verdict.
pub(crate) async fn run(arguments: &SimulateArguments) -> Result<ExitCode> {
    let paths = Paths::new(Path::new(STATE))?;
    stack::reset(&paths).await?;
    let _lock = stack::lock(&paths)?;
    let secrets = Secrets::load_or_create(&paths)?;
    let outcome = tokio::select! {
        outcome = play(&paths, &secrets, arguments) => outcome,
        name = crate::interrupted() => name.map(|_| ExitCode::FAILURE),
    };
    stack::sweep(&paths).await?;
    processes::forget(&paths, processes::SUPERVISOR)?;
    outcome
}

async fn play(paths: &Paths, secrets: &Secrets, arguments: &SimulateArguments) -> Result<ExitCode> {
    let postgres = postgres::start(paths, secrets, Durability::Throwaway).await?;
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "simulate"]);
    if arguments.release {
        command.arg("--release");
    }
    command.arg("--").args(["--seeds", &arguments.seeds.to_string(), "--steps", &arguments.steps.to_string()]);
    for (name, value) in [("--from", arguments.from), ("--seed", arguments.seed)] {
        if let Some(value) = value {
            command.args([name, &value.to_string()]);
        }
    }
    command
        .env("ROOST_TEST_ADMIN_DATABASE_URL", postgres.url("postgres", "postgres"))
        .current_dir(&paths.root)
        .kill_on_drop(true);
    let status = command.status().await.context("cargo cannot be started")?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
