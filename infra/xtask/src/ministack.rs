//! The stack's own AWS: MiniStack on a loopback port, whose queues and tables outlive a stop but not a crash.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::process::Command;

use crate::paths::Paths;
use crate::processes;
use crate::tools;

/// The region of everything local.
pub(crate) const REGION: &str = "us-east-1";
/// MiniStack's account.
pub(crate) const ACCOUNT: &str = "000000000000";
const START_LIMIT: Duration = Duration::from_secs(30);

/// Where clients find the AWS on `port`.
pub(crate) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Starts it and returns its port.
pub(crate) async fn start(paths: &Paths) -> Result<u16> {
    let bin = tools::python_tools(paths).await?;
    let port = paths.port("ministack")?;
    let mut command = Command::new(bin.join("ministack"));
    command
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("AWS_ENDPOINT_URL", endpoint(port))
        // Otherwise it listens on every interface for devices.
        .env("IOT_MTLS_ENABLED", "0")
        // Written at a clean stop only; `resources::keep` makes anew what a crash has lost.
        .env("PERSIST_STATE", "1")
        .env("STATE_DIR", paths.state.join("ministack"))
        // Objects are files, written at once.
        .env("S3_PERSIST", "1")
        .env("S3_DATA_DIR", paths.state.join("ministack-s3"))
        .current_dir(&paths.state);
    drop(processes::spawn(paths, "ministack", command)?);
    let since = Instant::now();
    while !answers(port).await {
        let log = paths.shown(&paths.log("ministack"));
        if !processes::is_alive(paths, "ministack") {
            bail!("MiniStack ended at once; {}", processes::last_words(paths, "ministack"));
        }
        if since.elapsed() > START_LIMIT {
            bail!("MiniStack does not answer; see {log}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(port)
}

/// Whether it is up.
pub(crate) async fn answers(port: u16) -> bool {
    let url = format!("{}/_ministack/health", endpoint(port));
    let answer = reqwest::Client::new().get(url).timeout(Duration::from_secs(2)).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}
