//! A session that was ended takes its access tokens with it, within a minute: each process asks about a session now
//! and then. While the store of sessions is down a token is good until it expires: signed in people can go on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::error::Error;
use domain::id::SessionId;

use crate::Services;

/// How long an answer serves: with the time a request may take, well below a minute.
const FRESH: Duration = Duration::from_secs(30);

/// How long the store is left alone after it did not answer.
const REST: Duration = Duration::from_secs(5);

/// A request does not wait longer for it.
const LIMIT: Duration = Duration::from_millis(300);

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
        let asked = tokio::time::timeout(LIMIT, self.sessions.is_revoked(id)).await;
        let (revoked, serves) = match asked.map_err(Error::unavailable).flatten() {
            Ok(revoked) => (revoked, FRESH),
            Err(error) => {
                tracing::warn!(%error, "nobody can say whether a session has ended: its token is taken");
                (false, REST)
            }
        };
        self.revocations.keep(id, revoked, serves);
        revoked
    }
}
