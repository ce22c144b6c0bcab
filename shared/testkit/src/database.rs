//! A database a test: copied from a template that is migrated once for each state of `migrations/`, and dropped at
//! the end. Its clock can be moved without moving anybody else's.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::digest;
use jiff::SignedDuration;
use store::DatabaseTarget;
use tokio::sync::OnceCell;
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::environment::require;

/// The role tests work as: a member of `roost_app`, whose own password belongs to the running stack.
pub const APP_ROLE: &str = "roost_test_app";
const OWNER_ROLE: &str = "roost_test_owner";
const PASSWORD: &str = "roost-test";

/// Any number, as long as all test processes take the same.
const ADVISORY_LOCK: i64 = 0x0074_6573_746b_6974;

/// The same as the local stack's: see `infra/xtask/src/clock.rs`.
const SHIFTABLE_CLOCK: &str = r#"
    CREATE TABLE local_clock ("offset" interval NOT NULL);
    INSERT INTO local_clock VALUES (interval '0');
    GRANT SELECT ON local_clock TO roost_app, roost_test_owner;
    CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz
        LANGUAGE sql STABLE PARALLEL SAFE
        AS 'SELECT now() + (SELECT "offset" FROM local_clock)';
"#;

/// One test's database.
pub struct TestDatabase {
    name: String,
    admin: Client,
}

/// Where the migrations are: in the clone that the test runs in. What was compiled in another may be run in this one.
pub fn migrations_folder() -> PathBuf {
    let here = std::env::current_dir().expect("a current folder");
    let found = here.ancestors().map(|folder| folder.join("migrations")).find(|folder| folder.is_dir());
    found.expect("tests run within the clone")
}

impl TestDatabase {
    /// A migrated database that nobody else uses.
    pub async fn create() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(ensure_template).await;
        Self::copy_of(template).await
    }

    /// One with nothing in it, as before the first migration.
    pub async fn create_empty() -> Self {
        ensure_roles(&connect(&admin_config()).await).await;
        Self::copy_of("template0").await
    }

    async fn copy_of(template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("roost_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server = connect(&admin_config()).await;
        run(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&server, &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER_ROLE}")).await;
        let admin = connect(admin_config().dbname(&name)).await;
        Self { name, admin }
    }

    /// As the functions connect.
    pub fn app_target(&self) -> DatabaseTarget {
        target(&self.name, APP_ROLE)
    }

    /// As the migrations connect.
    pub fn owner_target(&self) -> DatabaseTarget {
        target(&self.name, OWNER_ROLE)
    }

    /// The URL for the functions' role.
    pub fn app_url(&self) -> String {
        let target = self.app_target();
        let DatabaseTarget { host, port, dbname, user, password, .. } = target;
        format!("postgres://{user}:{password}@{host}:{port}/{dbname}?sslmode=disable")
    }

    /// A connection of its own as the functions' role.
    pub async fn connect_as_app(&self) -> Client {
        let target = self.app_target();
        connect(admin_config().dbname(&self.name).user(&target.user).password(&target.password)).await
    }

    /// A connection of its own in the role of the migrations.
    pub async fn connect_as_owner(&self) -> Client {
        let target = self.owner_target();
        connect(admin_config().dbname(&self.name).user(&target.user).password(&target.password)).await
    }

    /// A connection of its own as the administrator.
    pub async fn connect_as_admin(&self) -> Client {
        connect(admin_config().dbname(&self.name)).await
    }

    /// Runs a statement as the administrator and gives the number of rows it touched.
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> u64 {
        self.admin.execute(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// All rows, as the administrator sees them.
    pub async fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.admin.query(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// The only value of the only row.
    pub async fn value<T: FromSqlOwned>(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> T {
        self.admin.query_one(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    /// Runs several statements as the administrator.
    pub async fn batch(&self, sql: &str) {
        run(&self.admin, sql).await;
    }

    /// Moves this database's `app_now()` ahead; nobody else's.
    pub async fn advance(&self, by: SignedDuration) {
        let sql = r#"UPDATE local_clock SET "offset" = "offset" + make_interval(secs => $1)"#;
        self.execute(sql, &[&by.as_secs_f64()]).await;
    }

    /// Sets this database's `app_now()` to an instant, from where it goes on.
    pub async fn set_now(&self, now: jiff::Timestamp) {
        self.execute(r#"UPDATE local_clock SET "offset" = $1::timestamptz - clock_timestamp()"#, &[&now]).await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let (client, connection) = admin_config().connect(NoTls).await.map_err(std::io::Error::other)?;
                tokio::spawn(connection);
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                client.batch_execute(&sql).await.map_err(std::io::Error::other)
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            tracing::warn!(database = self.name, "a test's database could not be dropped");
        }
    }
}

fn target(dbname: &str, user: &str) -> DatabaseTarget {
    let config = admin_config();
    let host = match config.get_hosts() {
        [tokio_postgres::config::Host::Tcp(host), ..] => host.clone(),
        _ => panic!("ROOST_TEST_ADMIN_DATABASE_URL names no host: run `cargo xtask test`"),
    };
    DatabaseTarget {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        dbname: dbname.to_owned(),
        user: user.to_owned(),
        password: PASSWORD.to_owned(),
        tls: None,
    }
}

fn admin_config() -> Config {
    let url = require("ROOST_TEST_ADMIN_DATABASE_URL");
    url.parse().unwrap_or_else(|error| panic!("ROOST_TEST_ADMIN_DATABASE_URL: {error}: run `cargo xtask test`"))
}

async fn connect(config: &Config) -> Client {
    match config.connect(NoTls).await {
        Ok((client, connection)) => {
            // It ends with its client, or when the database is dropped under it; the client's calls tell of faults.
            tokio::spawn(connection);
            client
        }
        Err(error) => panic!("the tests' PostgreSQL does not answer ({error}): run `cargo xtask test`"),
    }
}

async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The template for the migrations as they are now; whoever comes first makes it, the others wait.
async fn ensure_template() -> String {
    let name = format!("roost_template_{}", migrations_hash());
    let server = connect(&admin_config()).await;
    run(&server, &format!("SELECT pg_advisory_lock({ADVISORY_LOCK})")).await;
    ensure_roles(&server).await;
    let exists = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
    let row = server.query_one(exists, &[&name]).await.unwrap_or_else(|error| panic!("{exists}: {error:?}"));
    if !row.get::<_, bool>(0) {
        // Under another name until it is whole.
        let building = format!("{name}_building");
        run(&server, &format!("DROP DATABASE IF EXISTS {building} WITH (FORCE)")).await;
        run(&server, &format!("CREATE DATABASE {building} TEMPLATE template0 OWNER {OWNER_ROLE}")).await;
        let migrated = store::migrations::migrate(&target(&building, OWNER_ROLE), &target(&building, APP_ROLE)).await;
        migrated.unwrap_or_else(|error| panic!("migrating a template: {}", error.causes()));
        run(&server, &format!("GRANT roost_app TO {APP_ROLE}")).await;
        run(&connect(admin_config().dbname(&building)).await, SHIFTABLE_CLOCK).await;
        run(&server, &format!("ALTER DATABASE {building} RENAME TO {name}")).await;
    }
    run(&server, &format!("SELECT pg_advisory_unlock({ADVISORY_LOCK})")).await;
    name
}

/// The owner, and the role that the migrations grant to; the running stack's `roost_app` is left as it is.
async fn ensure_roles(server: &Client) {
    let sql = format!(
        "DO $$ BEGIN
             PERFORM pg_advisory_xact_lock({ADVISORY_LOCK} + 1);
             IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'roost_app') THEN
                 CREATE ROLE roost_app;
             END IF;
             IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{OWNER_ROLE}') THEN
                 CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}';
             END IF;
         END $$"
    );
    run(server, &sql).await;
}

fn migrations_hash() -> String {
    let folder = migrations_folder();
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(SHIFTABLE_CLOCK.as_bytes());
    for file in files {
        context.update(&std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    }
    context.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
