//! Processes of ours: started in a group of their own, written down with the moment they started, so that exactly
//! they, and nobody who got the same pid later, can be stopped, even after this program has crashed.

use std::fs;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use crate::paths::{Paths, write_atomically};

/// How long a process may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A process as it was when we started it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its pid, also its group.
    pub(crate) pid: i32,
    /// When it began, in the system's own notation; only compared.
    started: String,
    /// Its command, for the reader.
    command: String,
    /// The polite signal: PostgreSQL's fast shutdown is SIGINT, everyone else's is SIGTERM.
    interrupt: bool,
}

/// Starts `command` in its own process group with output to the log of `name`, and writes it down.
pub(crate) fn spawn(paths: &Paths, name: &str, mut command: Command) -> Result<Child> {
    let log = paths.log(name);
    let out = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| format!("opening {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
    let shown = format!("{:?}", command.as_std().get_program());
    let child = command.spawn().with_context(|| format!("starting {name} ({shown})"))?;
    let pid = child.id().context("the process ended at once")?;
    record(paths, name, i32::try_from(pid)?, &shown)?;
    Ok(child)
}

/// Writes down a running process.
pub(crate) fn record(paths: &Paths, name: &str, pid: i32, command: &str) -> Result<()> {
    let record = Record {
        pid,
        started: started(pid).unwrap_or_default(),
        command: command.to_owned(),
        interrupt: name == "postgres",
    };
    write_atomically(&file(paths, name), &serde_json::to_vec(&record)?, 0o644)
}

/// What was written down of `name`, if anything.
pub(crate) fn find(paths: &Paths, name: &str) -> Option<Record> {
    serde_json::from_slice(&fs::read(file(paths, name)).ok()?).ok()
}

/// Whether the process of `name` still runs.
pub(crate) fn is_alive(paths: &Paths, name: &str) -> bool {
    find(paths, name).is_some_and(|record| record.is_alive())
}

impl Record {
    /// Whether this very process still runs (a zombie does not).
    pub(crate) fn is_alive(&self) -> bool {
        started(self.pid).is_some_and(|now| now == self.started)
    }

    /// Asks this one process, and not its group, to end.
    pub(crate) fn ask_to_stop(&self) -> Result<()> {
        kill(Pid::from_raw(self.pid), Signal::SIGTERM).with_context(|| format!("asking pid {} to stop", self.pid))
    }
}

/// Asks the process of `name` and its group to end, kills them if they don't, and forgets it.
pub(crate) async fn stop(paths: &Paths, name: &str) -> Result<()> {
    let Some(record) = find(paths, name) else { return Ok(()) };
    if record.is_alive() {
        let signal = if record.interrupt { Signal::SIGINT } else { Signal::SIGTERM };
        send(&record, signal)?;
        if !wait_until_gone(&record, GRACE).await {
            send(&record, Signal::SIGKILL)?;
            if !wait_until_gone(&record, GRACE).await {
                bail!("{name} (pid {}) cannot be stopped", record.pid);
            }
        }
    }
    forget(paths, name)
}

/// Ends the process of `name` as a crash would, and forgets it.
pub(crate) async fn kill_now(paths: &Paths, name: &str) -> Result<()> {
    let Some(record) = find(paths, name).filter(Record::is_alive) else { bail!("{name} is not running") };
    send(&record, Signal::SIGKILL)?;
    if !wait_until_gone(&record, GRACE).await {
        bail!("{name} (pid {}) cannot be killed", record.pid);
    }
    forget(paths, name)
}

/// Ends all copies of a function at once, as a crash would. Whoever keeps them running starts them again.
pub(crate) async fn kill_copies(paths: &Paths, function: &str) -> Result<()> {
    let is_copy = |name: &String| name.strip_prefix(function).is_some_and(|rest| rest.starts_with('-'));
    let copies: Vec<Record> = names(paths)?
        .iter()
        .filter(|name| is_copy(name))
        .filter_map(|name| find(paths, name))
        .filter(Record::is_alive)
        .collect();
    if copies.is_empty() {
        bail!("no copy of {function} is running");
    }
    for copy in &copies {
        send(copy, Signal::SIGKILL)?;
    }
    for copy in &copies {
        if !wait_until_gone(copy, GRACE).await {
            bail!("a copy of {function} (pid {}) cannot be killed", copy.pid);
        }
    }
    Ok(())
}

/// Stops all that was written down: what takes requests first, what keeps data last.
pub(crate) async fn stop_all(paths: &Paths) -> Result<usize> {
    let mut names = names(paths)?;
    names.sort_by_key(|name| match name.as_str() {
        "postgres" => 3,
        "redis" | "ministack" => 2,
        "router" => 1,
        _ => 0,
    });
    let mut stopped = 0;
    let (early, late): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| !matches!(name.as_str(), "postgres" | "redis" | "ministack"));
    stopped += early.len();
    for result in join_all(paths, &early).await {
        result?;
    }
    stopped += late.len();
    for result in join_all(paths, &late).await {
        result?;
    }
    Ok(stopped)
}

async fn join_all(paths: &Paths, names: &[String]) -> Vec<Result<()>> {
    futures::future::join_all(names.iter().map(|name| stop(paths, name))).await
}

/// The processes written down, this stack's supervisor left out.
pub(crate) fn names(paths: &Paths) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(paths.run())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pid")
            && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
            && name != SUPERVISOR
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// The name under which `cargo xtask dev` itself is written down.
pub(crate) const SUPERVISOR: &str = "xtask";

/// The end of the log of `name`, to say why it ended.
pub(crate) fn last_words(paths: &Paths, name: &str) -> String {
    const LINES: usize = 6;
    let log = paths.log(name);
    let text = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
    format!("{} ends with:\n  {last}", paths.shown(&log))
}

/// Forgets the record of `name`.
pub(crate) fn forget(paths: &Paths, name: &str) -> Result<()> {
    match fs::remove_file(file(paths, name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Waits for the process to end; false if it did not within `limit`.
pub(crate) async fn wait_until_gone(record: &Record, limit: Duration) -> bool {
    let since = Instant::now();
    while record.is_alive() {
        if since.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

/// Sends to the whole group, or for PostgreSQL's own protocol of shutting down to the first process only.
fn send(record: &Record, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(record.pid);
    let sent = if record.interrupt && signal == Signal::SIGINT { kill(pid, signal) } else { killpg(pid, signal) };
    match sent {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("sending {signal} to pid {}", record.pid)),
    }
}

fn file(paths: &Paths, name: &str) -> std::path::PathBuf {
    paths.run().join(format!("{name}.pid"))
}

/// When the process began, or nothing if there is none or only its zombie.
#[cfg(target_os = "linux")]
fn started(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The name in brackets may hold blanks: fields are counted after it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let (state, ticks) = (fields.first()?, fields.get(19)?);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    (!matches!(*state, "Z" | "X")).then(|| format!("{} {ticks}", boot.trim()))
}

/// When the process began, or nothing if there is none or only its zombie.
#[cfg(not(target_os = "linux"))]
fn started(pid: i32) -> Option<String> {
    let output =
        std::process::Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (state, began) = text.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| began.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_the_moment_it_started_not_by_its_pid_alone() {
        let own = i32::try_from(std::process::id()).expect("pids fit");
        let mut record =
            Record { pid: own, started: started(own).expect("we run"), command: String::new(), interrupt: false };
        assert!(record.is_alive());
        record.started = "another boot 1".to_owned();
        assert!(!record.is_alive());
    }
}
