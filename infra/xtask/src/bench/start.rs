//! How long a function takes from being spawned to its first poll of the runtime API, which is played here. The hello it
//! is compared with is the smallest program the same libraries make, built with the same profile in the same run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::{median_and_p95, milliseconds};
use crate::functions::lambda_environment;
use crate::http::{Request, Response, serve};
use crate::local::{Function, aws_environment};
use crate::paths::Paths;
use crate::postgres::{DATABASE, Durability};
use crate::stack::{self, Stores};
use crate::ui::{self, Step};

/// Where the measured stack keeps its state, relative to the clone.
pub(crate) const STATE: &str = ".dev/bench";
/// What a function may take, as a multiple of the hello.
const BAR: f64 = 6.0;
const LIMIT: Duration = Duration::from_secs(10);

/// A program under measurement.
struct Candidate {
    name: String,
    program: PathBuf,
    environment: Vec<(String, String)>,
    times: Vec<Duration>,
}

/// Builds, measures `runs` starts of each, prints a table; fails when a function is over the bar.
pub(crate) async fn start(runs: usize, profile: &str) -> Result<()> {
    let paths = Paths::new(Path::new(STATE))?;
    build(&paths, profile).await?;
    let _lock = stack::lock(&paths)?;
    stack::sweep(&paths).await?;
    let outcome = tokio::select! {
        outcome = measure(&paths, runs, profile) => outcome,
        name = crate::interrupted() => name.and_then(|name| bail!("{name}")),
    };
    stack::sweep(&paths).await?;
    outcome
}

async fn build(paths: &Paths, profile: &str) -> Result<()> {
    // In one go, so that the hello is made of the very same libraries.
    let status = Command::new("cargo")
        .args([
            "build",
            "--workspace",
            "--exclude",
            "xtask",
            "--exclude",
            "e2e",
            "--bins",
            "--example",
            "hello",
            "--profile",
            profile,
        ])
        .current_dir(&paths.root)
        .status()
        .await
        .context("cargo cannot be started")?;
    if status.success() { Ok(()) } else { bail!("the build failed") }
}

async fn measure(paths: &Paths, runs: usize, profile: &str) -> Result<()> {
    let stores = stack::start_stores(paths, paths.port("api")?, Durability::Throwaway).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let (polled, mut polls) = mpsc::unbounded_channel();
    let runtime_api = tokio::spawn(serve(listener, move |request| {
        let polled = polled.clone();
        async move { first_poll(request, polled).await }
    }));
    let mut candidates = candidates(paths, &stores, profile, &address)?;
    let step = Step::start(format!("{runs} starts of each"));
    for _ in 0..runs {
        for candidate in &mut candidates {
            candidate.times.push(one_start(candidate, &mut polls).await?);
        }
    }
    step.done("measured");
    runtime_api.abort();
    report(&candidates)
}

/// Notes the moment of a poll and never answers it: the program is ended before it would matter.
async fn first_poll(request: Request, polled: mpsc::UnboundedSender<Instant>) -> Response {
    if request.path.ends_with("/invocation/next") && polled.send(Instant::now()).is_ok() {
        std::future::pending::<()>().await;
    }
    Response { status: "202 Accepted", body: "{}".to_owned() }
}

async fn one_start(candidate: &Candidate, polls: &mut mpsc::UnboundedReceiver<Instant>) -> Result<Duration> {
    let mut command = Command::new(&candidate.program);
    command.env_clear().envs(candidate.environment.iter().cloned()).kill_on_drop(true);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let since = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {}", candidate.name))?;
    let polled = tokio::select! {
        polled = polls.recv() => polled.context("the runtime API ended")?,
        status = child.wait() => bail!("{} ended before its first poll ({})", candidate.name, status?),
        () = tokio::time::sleep(LIMIT) => bail!("{} does not poll within {LIMIT:?}", candidate.name),
    };
    child.kill().await?;
    Ok(polled - since)
}

fn candidates(paths: &Paths, stores: &Stores, profile: &str, address: &str) -> Result<Vec<Candidate>> {
    let target = paths.binaries.parent().context("the target folder")?;
    let folder = target.join(if profile == "dev" { "debug" } else { profile });
    let bare = Function { name: "hello".to_owned(), ..Function::default() };
    let mut candidates = vec![Candidate {
        name: "hello".to_owned(),
        program: folder.join("examples/hello"),
        environment: lambda_environment(&bare, address),
        times: Vec::new(),
    }];
    let with_mode = |role: &str| format!("{}?sslmode=disable", stores.postgres.url(role, DATABASE));
    for function in &stores.functions {
        let mut environment = lambda_environment(function, address);
        environment.extend(aws_environment(stores.ports.aws));
        // Secrets by environment: the local AWS's own time is not the function's.
        environment.extend(function.environment.clone());
        environment.extend([
            ("DATABASE_URL".to_owned(), with_mode("roost_app")),
            ("MIGRATION_DATABASE_URL".to_owned(), with_mode("roost_owner")),
            ("TOKEN_KEYS".to_owned(), stores.secrets.token_keys.to_string()),
            ("SIGNING_KEYS".to_owned(), stores.secrets.signing_keys.to_string()),
        ]);
        let (name, program) = (function.name.clone(), folder.join(&function.name));
        candidates.push(Candidate { name, program, environment, times: Vec::new() });
    }
    Ok(candidates)
}

fn report(candidates: &[Candidate]) -> Result<()> {
    ui::say("\n| program | spawn to first poll, median | p95 | × hello | size |\n| --- | --- | --- | --- | --- |");
    let mut hello = None;
    let mut slow = Vec::new();
    for candidate in candidates {
        let (median, p95) = median_and_p95(candidate.times.clone()).context("at least one run")?;
        let ratio = median.as_secs_f64() / hello.get_or_insert(median).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "megabytes of a program")]
        let megabytes = std::fs::metadata(&candidate.program)?.len() as f64 / 1_000_000.0;
        let (name, median, p95) = (&candidate.name, milliseconds(median), milliseconds(p95));
        ui::say(&format!("| {name} | {median} | {p95} | {ratio:.1} | {megabytes:.1} MB |"));
        if ratio > BAR {
            slow.push(name.as_str());
        }
    }
    if slow.is_empty() { Ok(()) } else { bail!("over {BAR} times the hello: {}", slow.join(", ")) }
}
