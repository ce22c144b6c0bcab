//! The command `stripe-sim`: starts one simulator, says where it is, runs until it is told to end.

use std::io::Write as _;

use serde_json::json;
use stripe_sim::{API_VERSION, Config, Simulator, write_whole};
use tokio::signal::unix::{SignalKind, signal};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let config = Config::read(std::env::args().skip(1), |name| std::env::var(name).ok())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let simulator = Simulator::start(config).await?;
    let config = simulator.config();
    let facts = json!({
        "url": simulator.url(),
        "key": config.secret_key,
        "webhook_secret": config.webhook_secrets.first(),
        "webhook_url": config.webhook_url,
        "api_version": API_VERSION,
        "pid": std::process::id(),
    });
    if let Some(path) = &config.state_file {
        write_whole(path, facts.to_string().as_bytes())?;
    }
    writeln!(std::io::stdout(), "{facts}")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    simulator.shutdown().await?;
    Ok(())
}
