//! A session that was ended takes its access tokens with it, within a minute: each process asks about a session now
//! and then, the cache first, so that a logout is known everywhere at once while there is one. While cache and store
//! are down a token is good until it expires: signed in people can go on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::error::{Error, Result};
use domain::id::SessionId;

use crate::Services;

/// How long an answer serves in a process, and again in the cache: together below a minute.
const FRESH: Duration = Duration::from_secs(25);

/// How long the store is left alone after it did not answer.
const REST: Duration = Duration::from_secs(5);

/// A request does not wait longer for it.
const LIMIT: Duration = Duration::from_millis(300);

/// What the cache holds of a session.
const REVOKED: &[u8] = b"revoked";
const LIVE: &[u8] = b"live";

/// More sessions than a process meets in half a minute; beyond it, it begins anew.
const MAX_SESSIONS: usize = 10_000;

/// What is known of sessions, and until when it serves.
#[derive(Default)]
pub struct RevocationCache(Mutex<HashMap<SessionId, (bool, Instant)>>);

impl RevocationCache {
    fn get(&self, id: SessionId) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).filter(|(_, until)| *until > Instant::now()).map(|(revoked, _)| *revoked)
    }

    fn keep(&self, id: SessionId, revoked: bool, serves: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_SESSIONS {
            known.clear();
        }
        known.insert(id, (revoked, Instant::now() + serves));
    }
}

impl Services {
    /// Whether the session has been ended, as known here.
    pub(crate) async fn is_revoked(&self, id: SessionId) -> bool {
        if let Some(revoked) = self.revocations.get(id) {
            return revoked;
        }
        if let Some(known) = self.cache.get(&cache_key(id)).await {
            let revoked = known == REVOKED;
            self.revocations.keep(id, revoked, FRESH);
            return revoked;
        }
        let asked = tokio::time::timeout(LIMIT, self.sessions.is_revoked(id)).await;
        let (revoked, serves) = match asked.map_err(Error::unavailable).flatten() {
            Ok(revoked) => {
                self.cache.set(&cache_key(id), if revoked { REVOKED } else { LIVE }, FRESH.as_secs()).await;
                (revoked, FRESH)
            }
            Err(error) => {
                tracing::warn!(
                    cause = error.causes(),
                    "nobody can say whether a session has ended: its token is taken"
                );
                (false, REST)
            }
        };
        self.revocations.keep(id, revoked, serves);
        revoked
    }

    /// Ends a session, here and in the cache at once.
    ///
    /// # Errors
    /// `unavailable` when the store can't be reached; the session then goes on.
    pub(crate) async fn end_session(&self, id: SessionId) -> Result<()> {
        self.sessions.revoke(id).await?;
        self.revocations.keep(id, true, FRESH);
        self.cache.set(&cache_key(id), REVOKED, FRESH.as_secs()).await;
        Ok(())
    }
}

fn cache_key(id: SessionId) -> String {
    format!("session:{id}:state")
}
