//! The other side of a ratio: PostgreSQL's own load generator, with the identical statements and values.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::capture::Sent;
use crate::postgres::Postgres;

/// As many clients as the use case has on its side.
pub(crate) const CLIENTS: usize = 8;

/// Writes one script an entry: its statements, one after another.
pub(crate) fn scripts(folder: &Path, name: &str, transactions: &[Vec<Sent>]) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let script = |(number, sent): (usize, &Vec<Sent>)| {
        let file = folder.join(format!("{name}-{number}.sql"));
        let text: String = sent.iter().map(|sent| format!("{};\n", sent.with_literals())).collect();
        std::fs::write(&file, text)?;
        Ok(file)
    };
    transactions.iter().enumerate().map(script).collect()
}

/// Transactions a second of the scripts, each as often as the others.
pub(crate) async fn throughput(
    postgres: &Postgres,
    database: &str,
    scripts: &[PathBuf],
    round: Duration,
) -> Result<f64> {
    let mut command = Command::new(program()?);
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    command.arg(format!("--client={CLIENTS}")).arg(format!("--time={}", round.as_secs().max(1)));
    for script in scripts {
        command.arg("--file").arg(script);
    }
    let output =
        command.arg(postgres.url("roost_app", database)).output().await.context("pgbench cannot be started")?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
    match number {
        Some(number) if output.status.success() => Ok(number),
        _ => bail!("pgbench failed: {complained}{said}"),
    }
}

/// Among the server's own programs, or those of the system.
fn program() -> Result<PathBuf> {
    let versions = (15..30).rev().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/pgbench")));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&on_path).map(|folder| folder.join("pgbench"));
    let found = versions.chain(named).find(|file| file.is_file());
    found.context("pgbench is missing: it is in the package postgresql-contrib or postgresql")
}
