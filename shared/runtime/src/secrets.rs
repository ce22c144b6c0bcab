//! Secrets: what the environment gives wins, else Secrets Manager, asked again after some minutes or when a secret
//! was refused. While Secrets Manager is down, the last value known serves on.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use adapters::SecretsManager;
use async_trait::async_trait;
use domain::error::{Error, Result};
use services::ports::{SecretName, SecretSource};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::SecretAt;

/// How long a value serves on before Secrets Manager is asked again, after it could not be reached.
const PATIENCE: Duration = Duration::from_secs(10);

/// The secrets of this process.
pub struct Secrets {
    manager: SecretsManager,
    secrets: HashMap<SecretName, (SecretAt, Cached)>,
    /// How long a value is taken for current: the bound on how late a rotation is noticed by itself.
    fresh: Duration,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Nothing is fetched before it is asked for; what was fetched is taken for current for this long.
    pub fn new(
        manager: SecretsManager,
        places: impl IntoIterator<Item = (SecretName, SecretAt)>,
        fresh: Duration,
    ) -> Self {
        let secrets = places.into_iter().map(|(name, at)| (name, (at, Cached::default()))).collect();
        Self { manager, secrets, fresh }
    }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, name: SecretName) -> Result<Arc<str>> {
        match self.secrets.get(&name) {
            Some((SecretAt::Value(text), _)) => Ok(Arc::from(text.as_str())),
            Some((SecretAt::Id(id), cached)) => cached.get(self.fresh, self.manager.fetch(id)).await,
            None => Err(Error::internal(format!("this function has no secret {name:?}"))),
        }
    }

    async fn refused(&self, name: SecretName) {
        if let Some((_, cached)) = self.secrets.get(&name) {
            cached.expire().await;
        }
    }
}

/// The value of one secret, for a time.
#[derive(Default)]
struct Cached {
    /// Locked while it is fetched, so that it is fetched once.
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    text: Arc<str>,
    fresh_until: Instant,
}

impl Cached {
    async fn get(&self, fresh: Duration, fetch: impl Future<Output = Result<Arc<str>>>) -> Result<Arc<str>> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.fresh_until) {
            return Ok(kept.text.clone());
        }
        match (fetch.await, kept.as_mut()) {
            (Ok(text), _) => {
                *kept = Some(Kept { text: text.clone(), fresh_until: Instant::now() + fresh });
                Ok(text)
            }
            (Err(error), Some(kept)) => {
                tracing::warn!(
                    cause = error.causes(),
                    "a secret could not be fetched anew; the last known value serves on"
                );
                kept.fresh_until = Instant::now() + PATIENCE;
                Ok(kept.text.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn expire(&self) {
        if let Some(kept) = self.kept.lock().await.as_mut() {
            kept.fresh_until = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::error::ErrorCode;

    const FRESH: Duration = Duration::from_secs(300);

    async fn up(text: &str) -> Result<Arc<str>> {
        Ok(Arc::from(text))
    }

    async fn down() -> Result<Arc<str>> {
        Err(Error::unavailable("no route"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_kept_for_five_minutes() {
        let cached = Cached::default();
        assert_eq!(&*cached.get(FRESH, up("first")).await.expect("up"), "first");
        tokio::time::advance(FRESH - Duration::from_secs(1)).await;
        assert_eq!(&*cached.get(FRESH, up("second")).await.expect("kept"), "first");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(&*cached.get(FRESH, up("second")).await.expect("up"), "second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_value_serves_while_secrets_manager_is_down() {
        let cached = Cached::default();
        assert_eq!(cached.get(FRESH, down()).await.expect_err("never had it").code(), ErrorCode::Unavailable);
        assert_eq!(&*cached.get(FRESH, up("first")).await.expect("up"), "first");
        tokio::time::advance(FRESH).await;
        assert_eq!(&*cached.get(FRESH, down()).await.expect("stale"), "first");
        assert_eq!(&*cached.get(FRESH, up("second")).await.expect("not asked yet"), "first");
        tokio::time::advance(PATIENCE).await;
        assert_eq!(&*cached.get(FRESH, up("second")).await.expect("up"), "second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_value_is_fetched_anew() {
        let cached = Cached::default();
        assert_eq!(&*cached.get(FRESH, up("old")).await.expect("up"), "old");
        cached.expire().await;
        assert_eq!(&*cached.get(FRESH, up("new")).await.expect("up"), "new");
    }

    #[tokio::test]
    async fn secrets_are_not_printed() {
        let at = SecretAt::Value("hunter2".to_owned());
        let secrets = Secrets::new(SecretsManager::new(adapters::Aws::default()), [(SecretName::TokenKeys, at)], FRESH);
        assert!(!format!("{secrets:?}").contains("hunter2"));
        assert_eq!(&*secrets.secret(SecretName::TokenKeys).await.expect("given"), "hunter2");
    }
}
