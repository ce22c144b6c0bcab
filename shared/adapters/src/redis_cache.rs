//! Redis as a cache that may be gone: every failure is a miss, a slow answer counts as one, and a Redis that failed
//! is left alone for a moment, so that its absence costs next to nothing.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult, Value};
use services::ports::{Cache, Looked};
use tokio::sync::Mutex;

/// A cache that takes longer than this is slower than asking the database.
const OPERATION_LIMIT: Duration = Duration::from_millis(50);
const CONNECT_LIMIT: Duration = Duration::from_millis(200);

/// The value, else 1 for whoever has just got the lease, else 0.
const LOOK_OR_LEASE: &str = "local kept = redis.call('GET', KEYS[1])
if kept then return kept end
if redis.call('SET', KEYS[2], '', 'NX', 'EX', ARGV[1]) then return 1 end
return 0";

/// How long a Redis that failed is left alone.
const REST: Duration = Duration::from_secs(1);

/// A cache on Redis.
pub struct RedisCache {
    client: Client,
    link: Mutex<Link>,
}

#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    failed_at: Option<Instant>,
}

impl RedisCache {
    /// The Redis at this URL, `redis://` or `rediss://`; connects when first asked.
    ///
    /// # Errors
    /// When the URL is not one.
    pub fn new(url: &str) -> RedisResult<Self> {
        Ok(Self { client: Client::open(url)?, link: Mutex::default() })
    }

    /// Runs a command on the connection, making it first if need be.
    async fn run<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        self.on_connection(async |mut connection| command.query_async(&mut connection).await).await
    }

    async fn on_connection<T>(&self, work: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>) -> Option<T> {
        let connection = self.connection().await?;
        match tokio::time::timeout(OPERATION_LIMIT, work(connection)).await {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => self.rest_after(&error.to_string()).await,
            Err(_) => self.rest_after("no answer in time").await,
        }
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        let mut link = self.link.lock().await;
        if let Some(connection) = &link.connection {
            return Some(connection.clone());
        }
        if link.failed_at.is_some_and(|at| at.elapsed() < REST) {
            return None;
        }
        let made = tokio::time::timeout(CONNECT_LIMIT, self.client.get_multiplexed_async_connection()).await;
        let reason = match made {
            Ok(Ok(connection)) => {
                link.connection = Some(connection.clone());
                return Some(connection);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no connection in time".to_owned(),
        };
        link.failed_at = Some(Instant::now());
        tracing::warn!(reason, "going on without the cache");
        None
    }

    async fn rest_after<T>(&self, reason: &str) -> Option<T> {
        let mut link = self.link.lock().await;
        link.connection = None;
        link.failed_at = Some(Instant::now());
        tracing::warn!(reason, "going on without the cache");
        None
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.run::<Option<Vec<u8>>>(redis::cmd("GET").arg(key)).await.flatten()
    }

    async fn set(&self, key: &str, value: &[u8], ttl_seconds: u64) {
        self.run::<()>(redis::cmd("SET").arg(key).arg(value).arg("EX").arg(ttl_seconds)).await;
    }

    async fn get_many(&self, keys: &[String]) -> Option<Vec<Option<Vec<u8>>>> {
        self.run(redis::cmd("MGET").arg(keys)).await
    }

    async fn add(&self, key: &str, value: &[u8], ttl_seconds: u64) -> Option<bool> {
        // Nil when the key was there, which is a `None` inside.
        let added: Option<String> =
            self.run(redis::cmd("SET").arg(key).arg(value).arg("NX").arg("EX").arg(ttl_seconds)).await?;
        Some(added.is_some())
    }

    async fn look_or_lease(&self, key: &str, lease_seconds: u64) -> Option<Looked> {
        let mut command = redis::cmd("EVAL");
        command.arg(LOOK_OR_LEASE).arg(2).arg(key).arg(lease_key(key)).arg(lease_seconds);
        match self.run(&command).await? {
            Value::BulkString(kept) => Some(Looked::Kept(kept)),
            Value::Int(1) => Some(Looked::Leased),
            _ => Some(Looked::Awaited),
        }
    }

    async fn end_lease(&self, key: &str, value: Option<&[u8]>, ttl_seconds: u64) {
        let mut commands = redis::pipe();
        if let Some(value) = value {
            commands.cmd("SET").arg(key).arg(value).arg("EX").arg(ttl_seconds).ignore();
        }
        commands.cmd("UNLINK").arg(lease_key(key)).ignore();
        self.on_connection(async |mut connection| commands.query_async::<()>(&mut connection).await).await;
    }

    async fn delete(&self, keys: &[String]) -> bool {
        self.run::<i64>(redis::cmd("UNLINK").arg(keys)).await.is_some()
    }

    async fn ping(&self) -> Option<bool> {
        Some(self.run::<String>(&redis::cmd("PING")).await.is_some())
    }
}

fn lease_key(key: &str) -> String {
    format!("{key}:lease")
}

/// No cache by configuration: every look is a miss.
pub struct NoCache;

#[async_trait]
impl Cache for NoCache {
    async fn get(&self, _key: &str) -> Option<Vec<u8>> {
        None
    }

    async fn set(&self, _key: &str, _value: &[u8], _ttl_seconds: u64) {}

    async fn get_many(&self, _keys: &[String]) -> Option<Vec<Option<Vec<u8>>>> {
        None
    }

    async fn add(&self, _key: &str, _value: &[u8], _ttl_seconds: u64) -> Option<bool> {
        None
    }

    async fn look_or_lease(&self, _key: &str, _lease_seconds: u64) -> Option<Looked> {
        None
    }

    async fn end_lease(&self, _key: &str, _value: Option<&[u8]>, _ttl_seconds: u64) {}

    async fn delete(&self, _keys: &[String]) -> bool {
        true
    }

    async fn ping(&self) -> Option<bool> {
        None
    }
}
