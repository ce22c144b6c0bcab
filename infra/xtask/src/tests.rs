//! `cargo xtask test`: a stack of its own beside the developer's, every test of the workspace against it, and away again.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::process::Command;

use crate::local::aws_environment;
use crate::paths::Paths;
use crate::postgres::Durability;
use crate::stack::{self, Options, Running};
use crate::ui;

/// Where the tests' stack keeps its state, relative to the clone.
pub(crate) const STATE: &str = ".dev/test";

/// What hangs must not hang for ever: an ordinary run takes a quarter of an hour, from nothing half an hour.
const LIMIT: Duration = Duration::from_secs(75 * 60);

/// Runs the tests of `packages`, all without any, whose names contain one of `filters`, all without any, and returns
/// cargo's verdict.
pub(crate) async fn run(packages: &[String], filters: &[String]) -> Result<ExitCode> {
    let paths = Paths::new(Path::new(STATE))?;
    // Each run sees the same empty stack.
    stack::reset(&paths).await?;
    let options = Options { api_port: None, watch: false, durability: Durability::Throwaway, copies: 4 };
    let running = tokio::select! {
        started = stack::start(&paths, options) => started?,
        name = crate::interrupted() => {
            let name = name?;
            ui::say(&format!("{name}: stopping what had been started"));
            stack::down(&paths).await?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let outcome = tokio::select! {
        outcome = cargo_test(&paths, &running, packages, filters) => outcome,
        name = crate::interrupted() => name.map(|_| ExitCode::FAILURE),
        () = tokio::time::sleep(LIMIT) => Err(anyhow!("the tests did not end within {} minutes", LIMIT.as_secs() / 60)),
    };
    running.stop().await?;
    outcome
}

async fn cargo_test(paths: &Paths, running: &Running, packages: &[String], filters: &[String]) -> Result<ExitCode> {
    let description = &running.description;
    let mut command = Command::new("cargo");
    command.args(["test", "--no-fail-fast"]);
    if packages.is_empty() {
        command.arg("--workspace");
    }
    command
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .arg("--")
        .args(filters)
        .current_dir(&paths.root)
        .kill_on_drop(true);
    command
        .envs(aws_environment(description.ports().aws))
        .env("ROOST_TEST_STACK", paths.stack_file())
        .env("ROOST_TEST_ADMIN_DATABASE_URL", description.postgres_admin())
        .env("ROOST_TEST_REDIS_URL", description.redis())
        // By its path: this very file may have been built anew by now.
        .env("ROOST_XTASK", paths.binaries.join("xtask"));
    let status = command.status().await.context("cargo cannot be started")?;
    let code = u8::try_from(status.code().unwrap_or(1)).unwrap_or(1);
    Ok(ExitCode::from(code))
}
