//! Where things are: the clone, one stack's state folder, the tools, the build's output, and the ports a stack keeps.
//! It must not start or stop anything.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
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
        let file = self.state.join("ports.json");
        let mut ports: BTreeMap<String, u16> = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("reading {}", file.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        };
        if let Some(port) = ports.get(name)
            && port_is_free(*port)
        {
            return Ok(*port);
        }
        let port = free_port()?;
        ports.insert(name.to_owned(), port);
        write_atomically(&file, &serde_json::to_vec_pretty(&ports)?, 0o644)?;
        Ok(port)
    }
}

fn clone_root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("finding the current folder")?;
    let found = here.ancestors().find(|folder| folder.join("infra/xtask/Cargo.toml").is_file());
    found.map(Path::to_path_buf).context("this is not a clone of the project, nor a folder of one")
}

/// A loopback port nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("asking for a free loopback port")?;
    Ok(listener.local_addr()?.port())
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
