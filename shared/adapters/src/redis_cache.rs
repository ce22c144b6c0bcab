//! Redis as a cache that may be gone: every failure is a miss, a slow answer counts as one, and a Redis that failed
//! is left alone for a moment, so that its absence costs next to nothing.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult, Value};
use services::ports::{Cache, Look, Looked};
use tokio::sync::Mutex;

/// A cache that takes longer than this is slower than asking the database.
const OPERATION_LIMIT: Duration = Duration::from_millis(50);
const CONNECT_LIMIT: Duration = Duration::from_millis(200);

/// Of generations, name, fresh word, its seconds, the lease's and (0 for none) those within which it must be asked for
/// again: what is kept, else the key for whoever has just got the lease, 0 for who must wait, 1 for what need not be
/// kept.
const LOOK: &str = "local words = redis.call('MGET', unpack(KEYS))
for at, key in ipairs(KEYS) do
    if not words[at] then
        words[at] = ARGV[2]
        redis.call('SET', key, words[at], 'EX', ARGV[3])
    end
end
local key = ARGV[1] .. ':' .. redis.sha1hex(table.concat(words))
local kept = redis.call('GET', key)
if kept then return {kept} end
if ARGV[5] ~= '0' and redis.call('SET', ARGV[1] .. ':asked', '', 'NX', 'EX', ARGV[5]) then return 1 end
if redis.call('SET', key .. ':lease', '', 'NX', 'EX', ARGV[4]) then return key end
return 0";

/// How long a Redis that failed is left alone.
const REST: Duration = Duration::from_secs(1);

/// A cache on Redis.
pub struct RedisCache {
    client: Client,
    link: Mutex<Link>,
    patience: u32,
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
        Ok(Self { client: Client::open(url)?, link: Mutex::default(), patience: 1 })
    }

    /// All limits so many times as long: for tests, whose Redis may get no processor for a moment.
    #[must_use]
    pub fn with_patience(self, times: u32) -> Self {
        Self { patience: times, ..self }
    }

    /// Runs a command on the connection, making it first if need be.
    async fn run<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        self.run_within(OPERATION_LIMIT, command).await
    }

    /// The same for what may take longer than a cache.
    pub(crate) async fn run_within<T: redis::FromRedisValue>(
        &self,
        limit: Duration,
        command: &redis::Cmd,
    ) -> Option<T> {
        self.on_connection(limit, |mut connection| async move { command.query_async(&mut connection).await }).await
    }

    async fn on_connection<T, F: Future<Output = RedisResult<T>>>(
        &self,
        limit: Duration,
        work: impl Fn(MultiplexedConnection) -> F,
    ) -> Option<T> {
        let limit = self.patience * limit;
        let mut outcome = tokio::time::timeout(limit, work(self.connection().await?)).await;
        if let Ok(Err(error)) = &outcome
            && error.is_connection_dropped()
        {
            // Redis went away since the connection was last used; it may be back.
            self.link.lock().await.connection = None;
            outcome = tokio::time::timeout(limit, work(self.connection().await?)).await;
        }
        match outcome {
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
        let made =
            tokio::time::timeout(self.patience * CONNECT_LIMIT, self.client.get_multiplexed_async_connection()).await;
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

    async fn look(&self, look: &Look) -> Option<Looked> {
        let mut command = redis::cmd("EVAL");
        command.arg(LOOK).arg(look.generations.len()).arg(&look.generations).arg(&look.name);
        command.arg(&look.fresh_generation).arg(look.generation_seconds).arg(look.lease_seconds);
        command.arg(look.only_when_asked_again_within.unwrap_or(0));
        match self.run(&command).await? {
            Value::Array(mut kept) => match kept.pop() {
                Some(Value::BulkString(kept)) => Some(Looked::Kept(kept)),
                _ => None,
            },
            Value::BulkString(key) => String::from_utf8(key).ok().map(Looked::Leased),
            Value::Int(1) => Some(Looked::NotWorthKeeping),
            _ => Some(Looked::Awaited),
        }
    }

    async fn end_lease(&self, key: &str, value: Option<&[u8]>, ttl_seconds: u64) {
        let mut commands = redis::pipe();
        if let Some(value) = value {
            commands.cmd("SET").arg(key).arg(value).arg("EX").arg(ttl_seconds).ignore();
        }
        commands.cmd("UNLINK").arg(lease_key(key)).ignore();
        let commands = &commands;
        let run = |mut connection| async move { commands.query_async::<()>(&mut connection).await };
        self.on_connection(OPERATION_LIMIT, run).await;
    }

    async fn delete(&self, keys: &[String]) -> bool {
        self.run::<i64>(redis::cmd("UNLINK").arg(keys)).await.is_some()
    }

    async fn ping(&self) -> Option<bool> {
        Some(self.run::<String>(&redis::cmd("PING")).await.is_some())
    }
}

/// As `LOOK` makes it.
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

    async fn look(&self, _look: &Look) -> Option<Looked> {
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
