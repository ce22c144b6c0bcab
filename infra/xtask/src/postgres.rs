//! The stack's own PostgreSQL: finds a server of version 15 or later, keeps its data, starts it, makes roles and database.
//! Nothing here touches a PostgreSQL that is not this stack's.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::unistd::{Gid, Uid, User};
use store::DatabaseTarget;
use tokio::process::Command;
use tokio_postgres::{Client, Config, NoTls};

use crate::paths::{Paths, write_atomically};
use crate::processes;
use crate::secrets::Secrets;
use crate::tools;
use crate::ui::Step;

/// The database of the stack.
pub(crate) const DATABASE: &str = "roost";
const OLDEST_VERSION: u32 = 15;
const EXTENSIONS: [&str; 2] = ["btree_gist", "pg_trgm"];
/// Letters outside ASCII must have their cases; the name of a locale that knows them differs.
const LOCALE: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };
const START_LIMIT: Duration = Duration::from_secs(30);

/// A PostgreSQL of this stack: where it listens and how to log in.
#[derive(Clone)]
pub(crate) struct Postgres {
    /// Loopback port.
    pub(crate) port: u16,
    secrets: Secrets,
}

/// Whether data must survive a power cut: the tests' need not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production.
    Kept,
    /// As fast as it goes.
    Throwaway,
}

impl Postgres {
    /// The handle of the server on `port`, running or not.
    pub(crate) fn new(port: u16, secrets: &Secrets) -> Self {
        Self { port, secrets: secrets.clone() }
    }

    /// Connection URL as `roost_owner`, `roost_app` or `postgres`, with the database to open.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}:{}@127.0.0.1:{}/{database}", self.password(role), self.port)
    }

    /// The driver's configuration for the same.
    pub(crate) fn config(&self, role: &str, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user(role)
            .password(self.password(role))
            .dbname(database)
            .connect_timeout(Duration::from_secs(2));
        config
    }

    /// The same for the migrations' code.
    pub(crate) fn target(&self, role: &str, database: &str) -> DatabaseTarget {
        DatabaseTarget {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            dbname: database.to_owned(),
            user: role.to_owned(),
            password: self.password(role).to_owned(),
            tls: None,
        }
    }

    fn password(&self, role: &str) -> &str {
        match role {
            "postgres" => &self.secrets.superuser_password,
            "roost_app" => &self.secrets.app_password,
            _ => &self.secrets.owner_password,
        }
    }

    /// An open connection.
    pub(crate) async fn connect(&self, role: &str, database: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.config(role, database).connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // The client's own calls report it too; this is for whoever reads along.
                crate::ui::warn(&format!("a connection to PostgreSQL ended: {error}"));
            }
        });
        Ok(client)
    }

    /// The role `roost_owner` and its database, whatever of it is missing.
    pub(crate) async fn create_database(&self) -> Result<()> {
        let admin = self.connect("postgres", "postgres").await.context("logging in to PostgreSQL")?;
        let role = "roost_owner";
        let exists = admin.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role]).await?.is_some();
        let verb = if exists { "ALTER" } else { "CREATE" };
        let password = self.password(role);
        // Passwords are of the URL-safe alphabet: nothing to quote. The owner makes `roost_app` itself, as on AWS.
        admin.batch_execute(&format!("{verb} ROLE {role} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")).await?;
        let exists = admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&DATABASE]).await?.is_some();
        if !exists {
            admin.batch_execute(&format!("CREATE DATABASE {DATABASE} OWNER roost_owner")).await?;
        }
        Ok(())
    }
}

/// Starts the stack's server, making its data folder first if there is none, and waits until it answers.
pub(crate) async fn start(paths: &Paths, secrets: &Secrets, durability: Durability) -> Result<Postgres> {
    let server = Server::find(paths).await?;
    let port = paths.port("postgres")?;
    let postgres = Postgres::new(port, secrets);
    let data = server.data_folder(paths)?;
    if !data.join("PG_VERSION").is_file() {
        server.create_data(&data, secrets).await?;
    }
    let kept = fs::read_to_string(data.join("PG_VERSION")).context("reading the version of PostgreSQL's data")?;
    if kept.trim() != server.version.to_string() {
        bail!(
            "the stack's data was made by PostgreSQL {}, here is PostgreSQL {}; remove {} to begin afresh",
            kept.trim(),
            server.version,
            paths.shown(&data)
        );
    }
    write_settings(&data, port, durability)?;
    let mut command = server.command("postgres");
    command.arg("-D").arg(&data);
    let child = processes::spawn(paths, "postgres", command)?;
    // Ended by `processes::stop`, by pid, from this or a later run.
    drop(child);
    wait_until_ready(paths, &postgres).await?;
    Ok(postgres)
}

/// In the data folder and not on the command line, so that whoever restarts the server gets the same one.
fn write_settings(data: &Path, port: u16, durability: Durability) -> Result<()> {
    // Nobody replicates from here: what fills a new table by COPY need not be logged.
    let mut settings = format!(
        "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nport = {port}\n\
         max_connections = 300\ntimezone = 'UTC'\n\
         wal_level = minimal\nmax_wal_senders = 0\nmax_wal_size = '4GB'\nshared_buffers = '512MB'\n"
    );
    if durability == Durability::Throwaway {
        // Commits still reach the system before they are answered: tests kill the server and expect them to be there.
        settings.push_str("fsync = off\nfull_page_writes = off\n");
    }
    // Read after postgresql.conf; replaced as a whole, since nobody uses ALTER SYSTEM here.
    let file = data.join("postgresql.auto.conf");
    fs::write(&file, settings).with_context(|| format!("writing {}", file.display()))
}

/// Where this stack's data is, or will be if it can be in the state folder.
pub(crate) fn data_location(paths: &Paths) -> PathBuf {
    let location = paths.state.join("postgres.location");
    fs::read_to_string(location).map_or_else(|_| paths.state.join("postgres"), PathBuf::from)
}

/// A server that somebody restarted by other means is still this stack's: it runs on our data.
pub(crate) async fn stop_stray(paths: &Paths) -> Result<()> {
    let data = data_location(paths);
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return Ok(()) };
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()) else { return Ok(()) };
    let output = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().await?;
    let command = String::from_utf8_lossy(&output.stdout);
    if command.contains("postgres") && command.contains(&data.display().to_string()) {
        processes::record(paths, "postgres", pid, "postgres")?;
        processes::stop(paths, "postgres").await?;
    }
    Ok(())
}

async fn wait_until_ready(paths: &Paths, postgres: &Postgres) -> Result<()> {
    let since = Instant::now();
    loop {
        let error = match postgres.connect("postgres", "postgres").await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let log = paths.shown(&paths.log("postgres"));
        if !processes::is_alive(paths, "postgres") {
            bail!("PostgreSQL ended at once; {}", processes::last_words(paths, "postgres"));
        }
        if since.elapsed() > START_LIMIT {
            return Err(error).with_context(|| format!("PostgreSQL does not answer; see {log}"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The programs of a PostgreSQL server and the user they run as.
struct Server {
    bin: PathBuf,
    version: u32,
    /// PostgreSQL refuses to run as root: then another user, with the id of the user and group.
    run_as: Option<(Uid, Gid)>,
}

impl Server {
    async fn find(paths: &Paths) -> Result<Self> {
        let run_as = if Uid::effective().is_root() { Some(unprivileged_user()?) } else { None };
        let mut seen = Vec::new();
        for bin in system_folders() {
            match inspect(&bin).await {
                Ok(version) => return Ok(Self { bin, version, run_as }),
                Err(reason) => seen.push(format!("{}: {reason:#}", bin.display())),
            }
        }
        let seen = if seen.is_empty() { "none is installed".to_owned() } else { seen.join("; ") };
        if tools::on_path("npm").is_none() {
            bail!(
                "no usable PostgreSQL ({seen}) and no Node to fetch one with. \
                 Install either: `apt-get install postgresql` (version {OLDEST_VERSION} or later) or Node 18 with npm"
            );
        }
        let mut native = tools::packaged_postgres(paths).await?;
        if let Some(user) = run_as
            && !reaches(user, &native).await
        {
            native = copy_for(user, paths, &native).await?;
        }
        let bin = native.join("bin");
        let version = inspect(&bin).await.context("the PostgreSQL from npm cannot be used")?;
        Ok(Self { bin, version, run_as })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir("/").env("LC_ALL", LOCALE);
        if let Some((uid, gid)) = self.run_as {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// The data folder: in the state folder, or where the other user can reach it, which is then remembered.
    fn data_folder(&self, paths: &Paths) -> Result<PathBuf> {
        let location = paths.state.join("postgres.location");
        if let Ok(kept) = fs::read_to_string(&location) {
            let kept = PathBuf::from(kept);
            if kept.join("PG_VERSION").is_file() {
                return Ok(kept);
            }
        }
        let inside = paths.state.join("postgres");
        let Some((uid, gid)) = self.run_as else {
            make_private(&inside)?;
            return Ok(inside);
        };
        let data = if everybody_may_pass(&paths.state) { inside } else { temporary_folder(paths, "postgres") };
        // Nobody remembers it, so its passwords are lost: it is of a state folder that was removed.
        if data.is_dir() && !data.starts_with(&paths.state) {
            fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
        }
        make_private(&data)?;
        chown(&data, Some(uid.as_raw()), Some(gid.as_raw()))
            .with_context(|| format!("giving {} away", data.display()))?;
        write_atomically(&location, data.display().to_string().as_bytes(), 0o644)?;
        Ok(data)
    }

    async fn create_data(&self, data: &Path, secrets: &Secrets) -> Result<()> {
        let step = Step::start("Making PostgreSQL's data folder");
        let password_file = data.with_extension("password");
        write_atomically(&password_file, secrets.superuser_password.as_bytes(), 0o600)?;
        if let Some((uid, gid)) = self.run_as {
            chown(&password_file, Some(uid.as_raw()), Some(gid.as_raw()))?;
        }
        let mut command = self.command("initdb");
        command.arg("-D").arg(data).args(["-U", "postgres", "-E", "UTF8", "-A", "scram-sha-256"]);
        // A crash of the machine in this second would leave a folder to remove, nothing else.
        command
            .arg("--locale")
            .arg(LOCALE)
            .args(["--no-sync", "--no-instructions"])
            .arg(format!("--pwfile={}", password_file.display()));
        let made = tools::run_quietly(command, "initdb").await;
        fs::remove_file(&password_file)?;
        made?;
        step.done(&format!("PostgreSQL {}", self.version));
        Ok(())
    }
}

/// Folders that may hold a server, the newest version first.
fn system_folders() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for base in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let Ok(entries) = fs::read_dir(base) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Ok(version) = name.trim_start_matches("postgresql@").parse() {
                versions.push((version, path.join("bin")));
            }
        }
    }
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let mut folders: Vec<PathBuf> = versions.into_iter().map(|(_, folder)| folder).collect();
    if let Some(postgres) = tools::on_path("postgres")
        && let Ok(real) = postgres.canonicalize()
        && let Some(folder) = real.parent()
    {
        folders.push(folder.to_path_buf());
    }
    folders.dedup();
    folders
}

/// The major version of the server in `bin`, if it is new enough and has the extensions.
async fn inspect(bin: &Path) -> Result<u32> {
    let mut command = Command::new(bin.join("postgres"));
    command.arg("--version");
    let text = tools::run_quietly(command, "postgres --version").await?;
    let version = parse_version(&text).with_context(|| format!("`postgres --version` says {text:?}"))?;
    if version < OLDEST_VERSION {
        bail!("version {version} is too old, {OLDEST_VERSION} is needed");
    }
    if !bin.join("initdb").is_file() {
        bail!("it has no initdb");
    }
    let folders = [
        bin.join("../share/postgresql/extension"),
        PathBuf::from(format!("/usr/share/postgresql/{version}/extension")),
    ];
    for extension in EXTENSIONS {
        let control = format!("{extension}.control");
        if !folders.iter().any(|folder| folder.join(&control).is_file()) {
            bail!("the extension {extension} is missing: `apt-get install postgresql-contrib`");
        }
    }
    Ok(version)
}

fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|part: char| !part.is_ascii_digit()).next()?.parse().ok()
}

/// Whom the server runs as when we are root.
fn unprivileged_user() -> Result<(Uid, Gid)> {
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok((user.uid, user.gid));
        }
    }
    bail!("PostgreSQL does not run as root and there is no user for it: `useradd --system postgres`")
}

async fn reaches((uid, gid): (Uid, Gid), folder: &Path) -> bool {
    let mut command = Command::new("/bin/ls");
    command.arg(folder).uid(uid.as_raw()).gid(gid.as_raw()).current_dir("/");
    tools::run_quietly(command, "ls").await.is_ok()
}

/// Whether any user may walk down to `folder`.
fn everybody_may_pass(folder: &Path) -> bool {
    folder.ancestors().all(|part| fs::metadata(part).is_ok_and(|data| data.mode() & 0o001 != 0))
}

/// A folder of this stack outside the clone, for a user who cannot reach into the clone.
fn temporary_folder(paths: &Paths, purpose: &str) -> PathBuf {
    let name: String =
        paths.state.display().to_string().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    std::env::temp_dir().join(format!("roost{name}-{purpose}"))
}

async fn copy_for((uid, gid): (Uid, Gid), paths: &Paths, native: &Path) -> Result<PathBuf> {
    let copy = temporary_folder(paths, "programs");
    // Anybody could have put programs there: only a copy made now is run.
    if copy.is_symlink() {
        bail!("{} is a link; remove it", copy.display());
    }
    if copy.is_dir() {
        fs::remove_dir_all(&copy).with_context(|| format!("removing {}", copy.display()))?;
    }
    let mut command = Command::new("cp");
    command.arg("-R").arg(native).arg(&copy);
    tools::run_quietly(command, "cp").await?;
    let mut command = Command::new("chown");
    command.arg("-R").arg(format!("{uid}:{gid}")).arg(&copy);
    tools::run_quietly(command, "chown").await?;
    Ok(copy)
}

fn make_private(folder: &Path) -> Result<()> {
    if folder.is_symlink() {
        bail!("{} is a link; remove it", folder.display());
    }
    if !folder.is_dir() {
        fs::DirBuilder::new().mode(0o700).create(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_every_distribution_s_wording() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_version("nothing"), None);
    }
}
