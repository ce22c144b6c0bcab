//! The stack's own Redis: finds a server, starts it on a loopback port, waits until it answers.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::paths::Paths;
use crate::processes;
use crate::tools;

const START_LIMIT: Duration = Duration::from_secs(10);

/// Where clients find the server on `port`.
pub(crate) fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}/0")
}

/// Starts the server and returns its port.
pub(crate) async fn start(paths: &Paths) -> Result<u16> {
    let server = find(paths).await?;
    let port = paths.port("redis")?;
    let folder = paths.state.join("redis");
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new(server);
    // Everything in it may vanish, so nothing of it is worth writing to a disk.
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no", "--dir"]);
    command.arg(&folder).args(["--daemonize", "no"]);
    drop(processes::spawn(paths, "redis", command)?);
    let since = Instant::now();
    while !answers(port).await {
        let log = paths.shown(&paths.log("redis"));
        if !processes::is_alive(paths, "redis") {
            bail!("Redis ended at once; {}", processes::last_words(paths, "redis"));
        }
        if since.elapsed() > START_LIMIT {
            bail!("Redis does not answer; see {log}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(port)
}

async fn find(paths: &Paths) -> Result<PathBuf> {
    match tools::on_path("redis-server").or_else(|| tools::on_path("valkey-server")) {
        Some(server) => Ok(server),
        None => tools::packaged_redis(paths).await,
    }
}

/// Whether the server on `port` answers a PING.
pub(crate) async fn answers(port: u16) -> bool {
    async fn ping(port: u16) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        Ok(&answer == b"+PONG")
    }
    tokio::time::timeout(Duration::from_secs(1), ping(port)).await.is_ok_and(|answer| answer.unwrap_or(false))
}

/// Empties the stack's cache: for whoever changed the database past the use cases.
pub(crate) async fn forget_everything(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.context("connecting to Redis")?;
    stream.write_all(b"FLUSHALL\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    anyhow::ensure!(&answer == b"+OK\r\n", "Redis does not forget: {}", String::from_utf8_lossy(&answer));
    Ok(())
}
