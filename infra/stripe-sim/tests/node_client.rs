//! Stripe's own Node client, unmodified, finds nothing wrong with the simulator.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The crate's: cargo runs tests there.
const FOLDER: &str = ".";

fn run(command: &mut Command) -> Output {
    match command.output() {
        Ok(output) => output,
        Err(error) => {
            panic!("{command:?}: {error}; this test needs node and npm (on Debian: apt-get install nodejs npm)")
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder with the pinned client, made once for each pin.
fn modules() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stripe-node-client");
    let pin = Path::new(FOLDER).join("package-lock.json");
    let wanted = std::fs::read_to_string(&pin).expect("package-lock.json");
    let marker = folder.join("installed");
    let modules = folder.join("node_modules");
    if std::fs::read_to_string(&marker).ok().as_ref() == Some(&wanted) {
        return modules;
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(Path::new(FOLDER).join(file), folder.join(file)).expect("a copy of the pin");
    }
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let installed = run(Command::new("npm").args(install).current_dir(&folder));
    assert!(installed.status.success(), "npm ci failed: {}", text(&installed));
    std::fs::write(marker, wanted).expect("a marker");
    modules
}

#[test]
fn stripe_s_own_client_for_node_finds_nothing_wrong() {
    let script = Path::new(FOLDER).join("tests/stripe_client.cjs");
    let driven = run(Command::new("node")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_stripe-sim"))
        .env("NODE_PATH", modules())
        .env("NO_PROXY", "127.0.0.1"));
    assert!(driven.status.success(), "{}", text(&driven));
}
