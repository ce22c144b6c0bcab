//! The functions as processes: built once, several copies of each polling the local Lambda runtime API, restarted when
//! one ends. It plays Lambda's part and knows nothing of what a function does.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::local::{Function, aws_environment};
use crate::paths::Paths;
use crate::processes;
use crate::tools;
use crate::ui;

/// A copy that lived this long did not fail to start.
const SETTLED: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const ROUTER_START_LIMIT: Duration = Duration::from_secs(30);
/// The longest that a function may take which is watched, and so built by its first event.
pub(crate) const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Builds binaries of the workspace, all of them or one, with the features that `cargo test` builds with too; optimised
/// if this program is.
pub(crate) async fn build(paths: &Paths, only: Option<&str>) -> Result<()> {
    let which = only.map_or_else(|| vec!["--bins"], |binary| vec!["--bin", binary]);
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let status = Command::new("cargo")
        .args(["build", "--workspace", "--profile", profile])
        .args(which)
        .current_dir(&paths.root)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("the build failed; mend what cargo says above, then run the command again");
    }
    Ok(())
}

/// Starts the router in front of the functions: the HTTP side, the runtime API and the invoke API on one port.
/// With `watch`, it also builds and runs the functions itself and does so again after an edit.
pub(crate) async fn start_router(paths: &Paths, port: u16, watch: Option<&[Function]>, aws_port: u16) -> Result<Child> {
    let bin = tools::python_tools(paths).await?;
    let mut command = Command::new(bin.join("cargo-lambda"));
    // Without --timeout: it would also end the functions' waiting for work, and that they do not survive.
    command.args(["lambda", "watch", "-A", "127.0.0.1", "-P", &port.to_string()]);
    // CORS is the functions' own, as it is on AWS.
    command.arg("--disable-cors").current_dir(&paths.root);
    match watch {
        None => {
            command.arg("--only-lambda-apis");
        }
        Some(functions) => {
            command.args(["--concurrency", "4"]).envs(aws_environment(aws_port));
            // One process tree serves all, so all see the sum of the environments; they do not contradict each other.
            command.envs(functions.iter().flat_map(|function| &function.environment));
        }
    }
    let child = processes::spawn(paths, "router", command)?;
    let since = Instant::now();
    // Asked by connecting: to try whether the port can be had would take it from the router.
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        let log = paths.shown(&paths.log("router"));
        if !processes::is_alive(paths, "router") {
            bail!("`cargo lambda watch` ended at once; {}", processes::last_words(paths, "router"));
        }
        if since.elapsed() > ROUTER_START_LIMIT {
            bail!("`cargo lambda watch` does not listen on port {port}; see {log}");
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Ok(child)
}

/// Running copies of functions.
pub(crate) struct Fleet {
    copies: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Fleet {
    /// Starts `copies` of each HTTP function, two of each queue worker, one of the others.
    pub(crate) fn start(paths: &Paths, functions: &[Function], router_port: u16, aws_port: u16, copies: usize) -> Self {
        let (stop, _) = watch::channel(false);
        let mut running = JoinSet::new();
        for function in functions {
            let count = match function.events.first().map(|event| event.kind.as_str()) {
                Some("HttpApi") => copies,
                Some("SQS") => 2,
                _ => 1,
            };
            for number in 1..=count {
                let (paths, function, stopped) = (paths.clone(), function.clone(), stop.subscribe());
                running.spawn(
                    async move { keep_running(&paths, &function, number, router_port, aws_port, stopped).await },
                );
            }
        }
        Self { copies: running, stop }
    }

    /// Stops restarting; the processes themselves are ended by `processes::stop_all`.
    pub(crate) async fn release(mut self) {
        self.stop.send_replace(true);
        while self.copies.join_next().await.is_some() {}
    }
}

async fn keep_running(
    paths: &Paths,
    function: &Function,
    number: usize,
    router_port: u16,
    aws_port: u16,
    mut stopped: watch::Receiver<bool>,
) {
    let name = format!("{}-{number}", function.name);
    let mut pause = FIRST_PAUSE;
    let mut said = false;
    loop {
        let since = Instant::now();
        let ended = match spawn(paths, function, &name, router_port, aws_port) {
            Ok(mut child) => tokio::select! {
                status = child.wait() => status.map_or_else(|error| error.to_string(), |status| status.to_string()),
                _ = stopped.wait_for(|stop| *stop) => return,
            },
            Err(error) => format!("{error:#}"),
        };
        if since.elapsed() > SETTLED {
            (pause, said) = (FIRST_PAUSE, false);
        }
        // Once for a row of failures: its log has each.
        if !std::mem::replace(&mut said, true) {
            ui::warn(&format!("{name} ended ({ended}), see {}; starting it again", paths.shown(&paths.log(&name))));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn spawn(paths: &Paths, function: &Function, name: &str, router_port: u16, aws_port: u16) -> Result<Child> {
    let mut command = Command::new(paths.binaries.join(&function.name));
    // As on Lambda, a function sees nothing of the environment of whoever started it.
    command
        .env_clear()
        .envs(lambda_environment(function, &format!("http://127.0.0.1:{router_port}/.rt/{}", function.name)));
    command.envs(aws_environment(aws_port)).envs(&function.environment).current_dir(&paths.state);
    processes::spawn(paths, name, command)
}

/// What the Lambda service sets for a function whose runtime API is at `runtime_api`.
pub(crate) fn lambda_environment(function: &Function, runtime_api: &str) -> Vec<(String, String)> {
    [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory_megabytes.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Invokes a function through the Lambda Invoke API and returns its answer within `limit`, or what it said when it failed.
/// A function that dies with the event in hand never answers.
pub(crate) async fn invoke(
    client: &reqwest::Client,
    router_port: u16,
    name: &str,
    event: &serde_json::Value,
    limit: Duration,
) -> Result<serde_json::Value> {
    let url = format!("http://127.0.0.1:{router_port}/2015-03-31/functions/{name}/invocations");
    let answer =
        client.post(url).json(event).timeout(limit).send().await.with_context(|| format!("invoking {name}"))?;
    let (status, failed) = (answer.status(), answer.headers().contains_key("x-amz-function-error"));
    let body = answer.text().await.with_context(|| format!("reading the answer of {name}"))?;
    if failed || !status.is_success() {
        bail!("{name} failed ({status}): {body}");
    }
    if body.trim().is_empty() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::from_str(&body).with_context(|| format!("{name} answered {body:?}"))
}
