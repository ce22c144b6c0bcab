//! Stripe's part on this machine: the simulator of `infra/stripe-sim`, whose webhooks come in through the API's own door.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::paths::Paths;
use crate::processes;

/// The simulated account's key. It opens nothing but the simulator, so it need not be a secret.
pub(crate) const KEY: &str = "sk_test_roost";
/// What webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_roost";
const START_LIMIT: Duration = Duration::from_secs(10);

/// Where the simulator on `port` is found.
pub(crate) fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The functions' secret, in the shape of `STRIPE_SECRET`.
pub(crate) fn secret() -> Value {
    json!({"api_key": KEY, "webhook_secret": WEBHOOK_SECRET})
}

/// What the simulated account has: it must live as long as the database, which names its payments.
pub(crate) fn data_file(paths: &Paths) -> PathBuf {
    paths.state.join("stripe.json")
}

/// Starts the simulator, which sends its webhooks to the API on `api_port`.
pub(crate) async fn start(paths: &Paths, port: u16, api_port: u16) -> Result<()> {
    let mut command = Command::new(paths.binaries.join("stripe-sim"));
    command.args(["--key", KEY, "--webhook-secret", WEBHOOK_SECRET, "--listen"]).arg(format!("127.0.0.1:{port}"));
    command.arg("--webhook-url").arg(format!("http://127.0.0.1:{api_port}/v1/webhooks/stripe"));
    command.arg("--data-file").arg(data_file(paths));
    drop(processes::spawn(paths, "stripe-sim", command)?);
    let since = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if !processes::is_alive(paths, "stripe-sim") {
            bail!("the Stripe simulator ended at once; {}", processes::last_words(paths, "stripe-sim"));
        }
        if since.elapsed() > START_LIMIT {
            bail!("the Stripe simulator does not answer; see {}", paths.shown(&paths.log("stripe-sim")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
