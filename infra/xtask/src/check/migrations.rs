//! Migrations never change once they are in: `migrations/CHECKSUMS` has the SHA-256 of each, and a base branch, where
//! git knows one, must agree with what it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::digest::{SHA256, digest};
use tokio::process::Command;

use crate::paths::{Paths, write_atomically};
use crate::ui;

const SEAL: &str = "`cargo xtask migrations seal`";

/// File names with their checksums in hexadecimal.
type Checksums = BTreeMap<String, String>;

/// Fails if a sealed migration was edited or is gone, or one is not sealed yet.
pub(crate) async fn verify(paths: &Paths) -> Result<()> {
    let sealed = parse(&fs::read_to_string(list(paths)).with_context(|| format!("migrations/CHECKSUMS: {SEAL}"))?)?;
    let present = present(paths)?;
    let mut faults = compare(&sealed, &present);
    if let Some(base) = base(paths).await {
        faults.extend(compare(&parse(&base)?, &sealed).into_iter().filter(|fault| !fault.ends_with(NEW)));
    }
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("; ")) }
}

/// Adds the migrations that are not sealed yet. One that was edited is refused.
pub(crate) fn seal(paths: &Paths) -> Result<()> {
    let file = list(paths);
    let sealed = if file.exists() { parse(&fs::read_to_string(&file)?)? } else { Checksums::new() };
    let present = present(paths)?;
    let faults: Vec<String> = compare(&sealed, &present).into_iter().filter(|fault| !fault.ends_with(NEW)).collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    let mut text = String::new();
    for (name, checksum) in &present {
        writeln!(text, "{checksum}  {name}")?;
    }
    write_atomically(&file, text.as_bytes(), 0o644)?;
    ui::say(&format!("{} migrations are sealed", present.len()));
    Ok(())
}

const NEW: &str = "is new: seal it with `cargo xtask migrations seal`";

fn compare(sealed: &Checksums, present: &Checksums) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, checksum) in sealed {
        match present.get(name) {
            None => faults.push(format!("{name} was removed; it may be applied somewhere, so restore it")),
            Some(now) if now != checksum => {
                faults.push(format!(
                    "{name} was edited; it may be applied somewhere, so restore it and add a new migration"
                ));
            }
            Some(_) => {}
        }
    }
    faults.extend(present.keys().filter(|name| !sealed.contains_key(*name)).map(|name| format!("{name} {NEW}")));
    faults
}

fn list(paths: &Paths) -> PathBuf {
    paths.root.join("migrations/CHECKSUMS")
}

fn present(paths: &Paths) -> Result<Checksums> {
    let mut checksums = Checksums::new();
    for entry in fs::read_dir(paths.root.join("migrations"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql")
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            checksums.insert(name.to_owned(), hexadecimal(&fs::read(&path)?));
        }
    }
    Ok(checksums)
}

fn parse(text: &str) -> Result<Checksums> {
    let pair = |line: &str| line.split_once("  ").map(|(checksum, name)| (name.to_owned(), checksum.to_owned()));
    text.lines().map(|line| pair(line).with_context(|| format!("migrations/CHECKSUMS: {line:?}"))).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The list as the main branch has it. A shallow clone without that branch has only the list itself to go by.
async fn base(paths: &Paths) -> Option<String> {
    let output = Command::new("git")
        .args(["show", "origin/main:migrations/CHECKSUMS"])
        .current_dir(&paths.root)
        .output()
        .await
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksums(pairs: &[(&str, &str)]) -> Checksums {
        pairs.iter().map(|(name, checksum)| ((*name).to_owned(), (*checksum).to_owned())).collect()
    }

    #[test]
    fn an_edited_a_removed_and_an_unsealed_migration_are_each_a_fault() {
        let sealed = checksums(&[("V1", "a"), ("V2", "b"), ("V3", "c")]);
        let faults = compare(&sealed, &checksums(&[("V1", "a"), ("V2", "x"), ("V4", "d")]));
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("V2 was edited"));
        assert!(faults[1].starts_with("V3 was removed"));
        assert!(faults[2].starts_with("V4 is new"));
    }

    #[test]
    fn checksums_are_those_of_sha256sum() {
        assert_eq!(hexadecimal(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let parsed = parse("ba78  V0001__a.sql\n").expect("a line of sha256sum");
        assert_eq!(parsed, checksums(&[("V0001__a.sql", "ba78")]));
    }
}
