//! How a connection comes about: credentials that may rotate, TLS, time limits, and a pool of one or two.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use domain::error::{Error, Result};
use tokio::sync::RwLock;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{from_pool, is_refused};
use crate::tx::Connection;

/// An answer is due within 3 s whatever happens: getting a connection may take half of that.
const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);

/// Asking a connection that was kept whether it still lives; a frozen environment loses them silently.
const RECYCLE_LIMIT: Duration = Duration::from_millis(500);

/// The server's own limits, so that nothing is left running or locked after the client has given up; and how like a
/// name must be for `%` to find it (`places.rs`). Statements are prepared and made to be good for all values: planned
/// once a connection, not five times before that is found out. Disks have no heads to move: a page here costs what one
/// there does.
pub const SESSION_OPTIONS: &str = "-c statement_timeout=2500 -c lock_timeout=2000 \
    -c idle_in_transaction_session_timeout=5000 -c timezone=UTC -c plan_cache_mode=force_generic_plan \
    -c random_page_cost=1.1 -c pg_trgm.similarity_threshold=0.2";

/// Where the database is and who we are there.
#[derive(Clone)]
pub struct DatabaseTarget {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database name.
    pub dbname: String,
    /// Role to log in as.
    pub user: String,
    /// Its password.
    pub password: String,
    /// TLS with these trusted roots; without it the connection is in the clear (local stacks only).
    pub tls: Option<Arc<rustls::ClientConfig>>,
}

impl std::fmt::Debug for DatabaseTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}:{}/{}", self.user, self.host, self.port, self.dbname)
    }
}

impl DatabaseTarget {
    /// The driver's configuration, with this application's limits.
    pub(crate) fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.dbname)
            .user(&self.user)
            .password(&self.password)
            .connect_timeout(CONNECT_LIMIT)
            .keepalives_idle(Duration::from_secs(30))
            .application_name(std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "roost".to_owned()))
            .ssl_mode(if self.tls.is_some() {
                tokio_postgres::config::SslMode::Require
            } else {
                tokio_postgres::config::SslMode::Disable
            });
        config
    }
}

/// Gives the current credentials; told when they were refused, it must fetch them anew.
#[async_trait]
pub trait DatabaseCredentials: Send + Sync {
    /// What to connect with now.
    async fn current(&self) -> Result<DatabaseTarget>;
    /// The server refused what `current` gave: forget it.
    async fn refused(&self);
}

/// The database: hands out connections, heals by itself when the server or the password changes.
#[derive(Clone)]
pub struct Db {
    credentials: Arc<dyn DatabaseCredentials>,
    pool_size: usize,
    connect_limit: Duration,
    pool: Arc<RwLock<Option<Pool>>>,
}

/// What one who has logged in by hand knows; nothing else will be known of it.
struct Known(DatabaseTarget);

#[async_trait]
impl DatabaseCredentials for Known {
    async fn current(&self) -> Result<DatabaseTarget> {
        Ok(self.0.clone())
    }

    async fn refused(&self) {}
}

impl Db {
    /// One connection to this place, for a command that ends with it.
    pub fn at(target: DatabaseTarget) -> Self {
        Self::new(Arc::new(Known(target)), 1)
    }

    /// A pool of at most `pool_size` connections, made when first needed.
    pub fn new(credentials: Arc<dyn DatabaseCredentials>, pool_size: usize) -> Self {
        Self { credentials, pool_size, connect_limit: CONNECT_LIMIT, pool: Arc::default() }
    }

    /// The same with another limit on the wait for a connection: for those whom nobody waits for, as tests on a machine
    /// that has much else to do.
    #[must_use]
    pub fn with_connect_limit(self, connect_limit: Duration) -> Self {
        Self { connect_limit, pool: Arc::default(), ..self }
    }

    /// A connection to read with; use cases that write go through [`Db::run_tx`].
    ///
    /// # Errors
    /// `unavailable` when the database can't be reached in time.
    pub async fn connection(&self) -> Result<Connection> {
        let pool = self.pool().await?;
        match pool.get().await {
            Ok(client) => Ok(Connection::new(client)),
            Err(PoolError::Backend(error)) if is_refused(&error) => {
                tracing::warn!("the database refused our credentials; fetching them anew");
                self.credentials.refused().await;
                *self.pool.write().await = None;
                self.pool().await?.get().await.map(Connection::new).map_err(from_pool)
            }
            Err(error) => Err(from_pool(error)),
        }
    }

    async fn pool(&self) -> Result<Pool> {
        if let Some(pool) = self.pool.read().await.as_ref() {
            return Ok(pool.clone());
        }
        let mut slot = self.pool.write().await;
        if let Some(pool) = slot.as_ref() {
            return Ok(pool.clone());
        }
        let pool = self.build_pool(&self.credentials.current().await?)?;
        *slot = Some(pool.clone());
        Ok(pool)
    }

    fn build_pool(&self, target: &DatabaseTarget) -> Result<Pool> {
        let recycle = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let mut config = target.config();
        config.options(SESSION_OPTIONS).connect_timeout(self.connect_limit);
        let manager = match &target.tls {
            Some(tls) => Manager::from_config(config, MakeRustlsConnect::new((**tls).clone()), recycle),
            None => Manager::from_config(config, NoTls, recycle),
        };
        Pool::builder(manager)
            .max_size(self.pool_size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(self.connect_limit),
                create: Some(self.connect_limit),
                recycle: Some(RECYCLE_LIMIT),
            })
            .build()
            .map_err(Error::internal)
    }
}
