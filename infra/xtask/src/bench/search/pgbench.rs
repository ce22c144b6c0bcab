//! The other side of a ratio: PostgreSQL's own load generator, with the identical statements and values.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::capture::Sent;
use crate::postgres::Postgres;

/// As many clients as the use case has on its side.
pub(crate) const CLIENTS: usize = 8;

/// A script of pgbench and what its variables stand for.
pub(crate) struct Script {
    file: PathBuf,
    variables: Vec<(String, String)>,
}

/// Writes one script an entry: its statements, one after another, with the same parameters as they were sent with.
/// Literals instead would be planned for, and the two sides would not do the same.
pub(crate) fn scripts(folder: &Path, name: &str, transactions: &[Vec<Sent>]) -> Result<Vec<Script>> {
    std::fs::create_dir_all(folder)?;
    let script = |(number, sent): (usize, &Vec<Sent>)| {
        let file = folder.join(format!("{name}-{number}.sql"));
        let (mut text, mut variables) = (String::new(), Vec::new());
        for (statement, sent) in sent.iter().enumerate() {
            let prefix = format!("p{number}_{statement}_");
            text.push_str(&sent.with_variables(&prefix));
            text.push_str(";\n");
            let given = sent.params.iter().enumerate();
            variables.extend(given.filter_map(|(at, value)| Some((format!("{prefix}{}", at + 1), value.clone()?))));
        }
        std::fs::write(&file, text)?;
        Ok(Script { file, variables })
    };
    transactions.iter().enumerate().map(script).collect()
}

/// Transactions a second of the scripts, each as often as the others, in sessions like those of the functions.
pub(crate) async fn throughput(
    postgres: &Postgres,
    database: &str,
    scripts: &[Script],
    round: Duration,
) -> Result<f64> {
    let files: Vec<&Path> = scripts.iter().map(|script| script.file.as_path()).collect();
    let variables = scripts.iter().flat_map(|script| script.variables.iter().cloned()).collect::<Vec<_>>();
    rate(postgres, database, &files, &variables, (CLIENTS, round)).await
}

/// The same of files that are there, with these variables and so many clients.
pub(crate) async fn rate(
    postgres: &Postgres,
    database: &str,
    files: &[&Path],
    variables: &[(String, String)],
    (clients, round): (usize, Duration),
) -> Result<f64> {
    let mut command = Command::new(program()?);
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]).env("PGOPTIONS", store::connect::SESSION_OPTIONS);
    command.arg(format!("--client={clients}")).arg(format!("--time={}", round.as_secs().max(1)));
    for file in files {
        command.arg("--file").arg(file);
    }
    command.args(variables.iter().map(|(name, value)| format!("--define={name}={value}")));
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
