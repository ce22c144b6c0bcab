//! Whether what the service depends on answers.

use std::time::{Duration, Instant};

use domain::error::{Error, Result};
use serde::Serialize;

use crate::Services;
use crate::ports::SecretName;

/// A dependency that takes longer is as good as down.
const LIMIT: Duration = Duration::from_secs(2);

/// How one dependency answered.
#[derive(Clone, Debug, Serialize)]
pub struct DependencyHealth {
    /// Its name.
    pub name: &'static str,
    /// Whether it answered.
    pub ok: bool,
    /// Whether requests can be served without it.
    pub required: bool,
    /// How long the answer took.
    pub milliseconds: u64,
}

impl Services {
    /// Asks every dependency, all at once.
    pub async fn check_health(&self) -> Vec<DependencyHealth> {
        let database = probe("database", true, async {
            store::clock::now(&self.db.connection().await?).await?;
            Ok(())
        });
        let secrets = probe("secrets", true, async {
            self.secrets.secret(SecretName::Database).await?;
            Ok(())
        });
        let cache = async {
            let started = Instant::now();
            let ok = self.cache.ping().await?;
            Some(DependencyHealth { name: "cache", ok, required: false, milliseconds: elapsed(started) })
        };
        let (database, secrets, cache) = tokio::join!(database, secrets, cache);
        [Some(database), Some(secrets), cache].into_iter().flatten().collect()
    }
}

async fn probe(name: &'static str, required: bool, check: impl Future<Output = Result<()>>) -> DependencyHealth {
    let started = Instant::now();
    let outcome = tokio::time::timeout(LIMIT, check).await.map_err(Error::unavailable).flatten();
    if let Err(error) = &outcome {
        tracing::warn!(dependency = name, cause = error.causes(), "a dependency is not healthy");
    }
    DependencyHealth { name, ok: outcome.is_ok(), required, milliseconds: elapsed(started) }
}

fn elapsed(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
