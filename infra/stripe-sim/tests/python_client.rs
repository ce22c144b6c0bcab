//! Stripe's own Python client, unmodified, finds nothing wrong with the simulator.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The crate's: cargo runs tests there.
const FOLDER: &str = ".";

fn run(command: &mut Command) -> Output {
    match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}; this test needs python3 with its venv module"),
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A venv with the pinned client, made once for each pin; gives its Python.
fn python() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stripe-client");
    let pin = Path::new(FOLDER).join("requirements.txt");
    let wanted = std::fs::read_to_string(&pin).expect("requirements.txt");
    let marker = venv.join("installed");
    let python = venv.join("bin/python");
    if std::fs::read_to_string(&marker).ok().as_ref() == Some(&wanted) {
        return python;
    }
    let made = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
    assert!(made.status.success(), "python3 -m venv failed (on Debian: apt-get install python3-venv): {}", text(&made));
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let installed = run(Command::new(&python).args(install).arg(&pin));
    assert!(installed.status.success(), "pip install failed: {}", text(&installed));
    std::fs::write(marker, wanted).expect("a marker");
    python
}

#[test]
fn stripe_s_own_client_finds_nothing_wrong() {
    let script = Path::new(FOLDER).join("tests/stripe_client.py");
    let driven =
        run(Command::new(python()).arg(script).arg(env!("CARGO_BIN_EXE_stripe-sim")).env("NO_PROXY", "127.0.0.1"));
    assert!(driven.status.success(), "{}", text(&driven));
}
