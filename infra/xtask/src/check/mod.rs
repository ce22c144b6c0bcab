//! `cargo xtask check`: everything a change must pass besides the tests. Runs all of it, then says what failed.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::paths::Paths;
use crate::tools;
use crate::ui;

pub(crate) mod migrations;

/// How long the advisory database may take to arrive.
const FETCH_LIMIT: Duration = Duration::from_secs(90);

/// Runs every check and returns failure if one of them failed.
pub(crate) async fn run(paths: &Paths) -> Result<ExitCode> {
    let mut failures = Vec::new();
    let mut note = |name: &str, outcome: Result<()>| match outcome {
        Ok(()) => ui::say(&format!("✓ {name}")),
        Err(error) => {
            ui::say(&format!("✗ {name}: {error:#}"));
            failures.push(name.to_owned());
        }
    };
    note("formatting", cargo(paths, &["fmt", "--all", "--check"], "cargo fmt --all").await);
    note("migrations", migrations::verify(paths).await);
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    note("lints", cargo(paths, &clippy, "cargo clippy --workspace --all-targets").await);
    note("documentation", documentation(paths).await);
    note("OpenAPI", crate::contracts::verify(paths));
    note("template", template(paths).await);
    note("dependencies", dependencies(paths).await);
    if failures.is_empty() {
        ui::say("All checks passed.");
        return Ok(ExitCode::SUCCESS);
    }
    ui::say(&format!("Failed: {}", failures.join(", ")));
    Ok(ExitCode::FAILURE)
}

async fn cargo(paths: &Paths, arguments: &[&str], mend: &str) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(arguments);
    show(paths, command).await.with_context(|| format!("see above; `{mend}` shows it alone"))
}

async fn documentation(paths: &Paths) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings");
    show(paths, command).await.context("see above; `cargo doc --workspace --no-deps` shows it alone")
}

async fn template(paths: &Paths) -> Result<()> {
    let bin = tools::sam_tools(paths).await?;
    let mut command = Command::new(bin.join("sam"));
    command.args(["validate", "--lint"]).current_dir(&paths.root);
    // It must reach for nobody: neither its makers nor an account.
    command
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_DEFAULT_REGION", "eu-central-1");
    tools::run_quietly(command, "sam validate --lint").await?;
    // It looks into the root template only.
    let mut nested = Command::new(bin.join("cfn-lint"));
    nested.current_dir(&paths.root);
    for entry in std::fs::read_dir(paths.root.join("infra"))? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "yaml") {
            nested.arg(file);
        }
    }
    tools::run_quietly(nested, "cfn-lint infra/*.yaml").await?;
    Ok(())
}

/// Licences, sources and bans always; advisories when their database can be had.
async fn dependencies(paths: &Paths) -> Result<()> {
    let program = tools::cargo_deny(paths).await?;
    let mut fetch = Command::new(&program);
    fetch.args(["fetch", "db"]).current_dir(&paths.root).kill_on_drop(true);
    let fetched = tokio::time::timeout(FETCH_LIMIT, tools::run_quietly(fetch, "cargo deny fetch db")).await;
    let mut command = Command::new(&program);
    command.args(["--log-level", "warn", "check"]);
    match fetched {
        Ok(Ok(_)) => {
            command.args(["--disable-fetch", "advisories", "bans", "licenses", "sources"]);
        }
        Ok(Err(_)) | Err(_) => {
            ui::warn("ADVISORIES WERE NOT CHECKED: the RustSec database cannot be fetched here");
            command.args(["bans", "licenses", "sources"]);
        }
    }
    show(paths, command).await.context("see above and deny.toml")
}

async fn show(paths: &Paths, mut command: Command) -> Result<()> {
    let status = command.current_dir(&paths.root).status().await.context("the program cannot be started")?;
    if !status.success() {
        bail!("it ended with {status}");
    }
    Ok(())
}
