//! Where things are: the clone, one stack's state folder, the tools, the build's output, and the ports a stack keeps.
//! It must not start or stop anything.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The folders of one stack.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// The clone: the folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Data, logs, ports and pids of this stack: `.dev`, or `.dev/test` for the stack of the tests.
    pub(crate) state: PathBuf,
    /// Tools that are the same for every stack: `.dev/tools`, or `$ROOST_TOOLS_DIR`.
    pub(crate) tools: PathBuf,
    /// Where cargo puts binaries of this profile: beside this very program.
    pub(crate) binaries: PathBuf,
}

impl Paths {
    /// The paths of the stack in `state`, which is relative to the clone unless absolute.
    pub(crate) fn new(state: &Path) -> Result<Self> {
        let root = clone_root()?;
        let program = std::env::current_exe().context("finding this program's own path")?;
        let binaries = program.parent().context("this program has no folder")?.to_path_buf();
        let tools = match std::env::var_os("ROOST_TOOLS_DIR") {
            Some(dir) => std::path::absolute(dir)?,
            None => root.join(".dev/tools"),
        };
        let paths = Self { state: root.join(state), tools, binaries, root };
        for folder in [&paths.state, &paths.run(), &paths.logs(), &paths.tools] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(folder)
                .with_context(|| format!("creating {}", folder.display()))?;
        }
        Ok(paths)
    }

    /// Records of running processes.
    pub(crate) fn run(&self) -> PathBuf {
        self.state.join("run")
    }

    /// Output of every process.
    pub(crate) fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// The log of one process.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// What clients read to find the stack (docs: api.md's "local stack's own handles").
    pub(crate) fn stack_file(&self) -> PathBuf {
        self.state.join("stack.json")
    }

    /// A file shown to people: relative to the clone where it is in it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The port kept for `name`, while nobody else has taken it; else a new free one, which is then kept.
    pub(crate) fn port(&self, name: &str) -> Result<u16> {
        let ports = self.kept_ports()?;
        let port = kept_or_new(&ports, name)?;
        if ports.get(name) != Some(&port) {
            self.keep_port(name, port)?;
        }
        Ok(port)
    }

    /// Keeps `port` for `name`; whoever had it gets another one when it next asks.
    pub(crate) fn keep_port(&self, name: &str, port: u16) -> Result<()> {
        let mut ports = self.kept_ports()?;
        keep(&mut ports, name, port);
        self.keep_ports(&ports)
    }

    fn kept_ports(&self) -> Result<BTreeMap<String, u16>> {
        let file = self.ports_file();
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("reading {}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }

    fn keep_ports(&self, ports: &BTreeMap<String, u16>) -> Result<()> {
        write_atomically(&self.ports_file(), &serde_json::to_vec_pretty(ports)?, 0o644)
    }

    fn ports_file(&self) -> PathBuf {
        self.state.join("ports.json")
    }
}

fn clone_root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("finding the current folder")?;
    let found = here.ancestors().find(|folder| folder.join("infra/xtask/Cargo.toml").is_file());
    found.map(Path::to_path_buf).context("this is not a clone of the project, nor a folder of one")
}

/// Ports below those that the kernel gives to outgoing connections (Linux: from 32768, macOS: from 49152): any program's
/// connection could otherwise take a kept port before its server listens there, or while that one is started again.
const PORTS: RangeInclusive<u16> = 20_000..=32_000;

fn kept_or_new(kept: &BTreeMap<String, u16>, name: &str) -> Result<u16> {
    let is_others = |port: &u16| kept.iter().any(|(other, others)| other != name && others == port);
    let may_be_had = |port: &u16| !is_others(port) && port_is_free(*port);
    if let Some(port) = kept.get(name).copied().filter(may_be_had) {
        return Ok(port);
    }
    let mut some = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(1_000);
    some.find(may_be_had).with_context(|| format!("no free loopback port was found in {PORTS:?}"))
}

fn keep(kept: &mut BTreeMap<String, u16>, name: &str, port: u16) {
    kept.retain(|_, others| *others != port);
    kept.insert(name.to_owned(), port);
}

/// Whether one could listen there now.
pub(crate) fn port_is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Writes beside the file and renames, so that a reader sees the old content or the new, never half.
pub(crate) fn write_atomically(file: &Path, content: &[u8], mode: u32) -> Result<()> {
    let temporary = file.with_extension("new");
    let write = || -> std::io::Result<()> {
        if temporary.exists() {
            fs::remove_file(&temporary)?;
        }
        let mut handle = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        handle.write_all(content)?;
        fs::rename(&temporary, file)
    };
    write().with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_keeps_a_port_of_its_own_that_no_outgoing_connection_gets() {
        let mut kept = BTreeMap::new();
        for name in ["api", "router", "postgres", "redis", "ministack", "stripe", "calendars", "mail"] {
            let port = kept_or_new(&kept, name).unwrap();
            assert!(PORTS.contains(&port) && !kept.values().any(|others| *others == port), "{port} of {kept:?}");
            keep(&mut kept, name, port);
            assert_eq!(kept_or_new(&kept, name).unwrap(), port);
        }
        assert_eq!(kept.len(), 8);
    }

    #[test]
    fn a_port_that_another_program_uses_is_given_up() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert_ne!(kept_or_new(&BTreeMap::from([("redis".to_owned(), taken)]), "redis").unwrap(), taken);
    }

    #[test]
    fn a_port_is_kept_for_one_name_alone() {
        let port = kept_or_new(&BTreeMap::new(), "redis").unwrap();
        let mut kept = BTreeMap::from([("api".to_owned(), port), ("redis".to_owned(), port)]);
        assert_ne!(kept_or_new(&kept, "redis").unwrap(), port);
        keep(&mut kept, "api", port);
        assert_eq!(kept, BTreeMap::from([("api".to_owned(), port)]));
    }

    #[test]
    fn no_port_is_free_when_all_are_kept_for_others() {
        let all = PORTS.map(|port| (port.to_string(), port)).collect();
        assert!(kept_or_new(&all, "api").unwrap_err().to_string().contains("in 20000..=32000"));
    }
}
