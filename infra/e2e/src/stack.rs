//! Where the stack under test is, and the developer's handles on it (`cargo xtask …`).
//!
//! Owns reading `stack.json` and running the handles. Must not start or stop a stack: `cargo xtask test` does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;

/// The stack under test, as its `stack.json` describes it.
#[derive(Clone, Debug)]
pub struct Stack {
    description: Value,
    state_dir: PathBuf,
}

impl Stack {
    /// Reads the file that `ROOST_TEST_STACK` names.
    ///
    /// # Errors
    /// When the variable is not set (the message names the command that sets it) or the file is not readable JSON.
    pub fn load() -> Result<Self> {
        let path = std::env::var_os("ROOST_TEST_STACK").ok_or_else(|| {
            anyhow!("there is no stack to test: run `cargo xtask test`, which starts one and sets ROOST_TEST_STACK")
        })?;
        let path = Path::new(&path);
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("ROOST_TEST_STACK names {}, which cannot be read: run `cargo xtask test`", path.display())
        })?;
        Ok(Self {
            description: serde_json::from_str(&text).context("stack.json is not JSON")?,
            state_dir: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        })
    }

    /// Address of the API, without a slash at its end.
    ///
    /// # Errors
    /// When `stack.json` has no `api`.
    pub fn api(&self) -> Result<String> {
        self.address("api")
    }

    /// Address of the list of sent mails.
    ///
    /// # Errors
    /// When `stack.json` has no `mail`.
    pub fn mail(&self) -> Result<String> {
        self.address("mail")
    }

    /// Where a test may serve calendars that the stack imports: nothing listens there until it does.
    ///
    /// # Errors
    /// When `stack.json` has no `calendars`.
    pub fn calendars(&self) -> Result<String> {
        self.address("calendars")
    }

    /// Email and password of a demo user: `guest`, `host` or `admin`.
    ///
    /// # Errors
    /// When `stack.json` has no such demo user.
    pub fn demo(&self, role: &str) -> Result<(String, String)> {
        let field = |name: &str| -> Result<String> {
            let pointer = format!("/demo/{role}/{name}");
            let value = self.description.pointer(&pointer).and_then(Value::as_str);
            Ok(value.with_context(|| format!("stack.json has no {pointer}"))?.to_owned())
        };
        Ok((field("email")?, field("password")?))
    }

    /// Stops a part of the stack at once, as a crash would: `postgres`, `redis`, `ministack`, or all copies of
    /// the function `bookings` or `payments`, which come back by themselves.
    ///
    /// # Errors
    /// When the handle fails.
    pub async fn kill(&self, part: &str) -> Result<()> {
        self.xtask(&["stack", "kill", part]).await
    }

    /// Starts a part that was killed, and returns when it accepts connections.
    ///
    /// # Errors
    /// When the handle fails.
    pub async fn start(&self, part: &str) -> Result<()> {
        self.xtask(&["stack", "start", part]).await
    }

    /// Runs a test's part with the database's clock moved ahead by `by` (`16m`, `3d`), and sets the clock right after it,
    /// also when it failed. Time is everybody's: nothing else may run beside it.
    ///
    /// # Errors
    /// When a handle fails, or the part does.
    pub async fn with_clock_ahead<T>(&self, by: &str, part: impl Future<Output = Result<T>>) -> Result<T> {
        self.xtask(&["clock", "advance", by]).await?;
        let outcome = part.await;
        self.xtask(&["clock", "reset"]).await?;
        outcome
    }

    /// Makes an account one of an admin (`grant`), or takes the role away (`revoke`); its sessions have ended then.
    ///
    /// # Errors
    /// When the handle fails.
    pub async fn admin(&self, step: &str, email: &str) -> Result<()> {
        self.xtask(&["admin", step, email]).await
    }

    /// One step of a rotation of the keys that sign access tokens, without the wait that keeps people signed in.
    ///
    /// # Errors
    /// When the handle fails.
    pub async fn rotate_keys(&self, step: &str) -> Result<()> {
        self.xtask(&["keys", "rotate", step, "--now"]).await
    }

    /// Plays the whole journey as the developer's command does.
    ///
    /// # Errors
    /// At the first step that does not end as it should, with all that was told.
    pub async fn play_demo(&self) -> Result<()> {
        self.xtask(&["demo"]).await
    }

    /// The folder of the logs of all parts.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.state_dir.join("logs")
    }

    fn address(&self, name: &str) -> Result<String> {
        let value = self.description.get(name).and_then(Value::as_str);
        let value = value.with_context(|| format!("stack.json has no `{name}`"))?;
        Ok(value.trim_end_matches('/').to_owned())
    }

    async fn xtask(&self, arguments: &[&str]) -> Result<()> {
        let stack = self.clone();
        let owned: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        tokio::task::spawn_blocking(move || stack.xtask_blocking(&owned)).await?
    }

    fn xtask_blocking(&self, arguments: &[String]) -> Result<()> {
        // `cargo xtask test` says where it is itself, which spares a look at all that cargo might rebuild.
        let mut command = match std::env::var_os("ROOST_XTASK") {
            Some(program) => Command::new(program),
            None => {
                let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
                cargo.args(["run", "--quiet", "--package", "xtask", "--"]);
                cargo
            }
        };
        let output: Output = command
            .args(arguments)
            .arg("--state-dir")
            .arg(&self.state_dir)
            .output()
            .context("the developer's command did not start")?;
        ensure!(
            output.status.success(),
            "`cargo xtask {}` failed ({}):\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}
