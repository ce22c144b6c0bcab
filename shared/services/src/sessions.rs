//! The devices on which a person is signed in.

use domain::error::{Error, Result};
use domain::id::{SessionId, UserId};
use jiff::Timestamp;

use crate::Services;
use crate::actor::Actor;
pub use crate::ports::Session;

impl Services {
    /// The caller's sessions that go on, the one used last first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sessions_of(&self, actor: &Actor) -> Result<Vec<Session>> {
        let valid_from = self.user(actor.user_id).await?.sessions_valid_from;
        let now = Timestamp::now();
        let mut sessions = self.sessions.of_user(actor.user_id).await?;
        sessions.retain(|session| session.expires_at > now && valid_from.is_none_or(|from| session.created_at >= from));
        sessions.sort_by_key(|session| std::cmp::Reverse((session.used_at, session.id)));
        Ok(sessions)
    }

    /// Ends one of the caller's sessions; its access tokens die within a minute.
    ///
    /// # Errors
    /// `not_found` for a session that is not the caller's or has ended.
    pub async fn end_own_session(&self, actor: &Actor, id: SessionId) -> Result<()> {
        let found = self.sessions.find(id).await?;
        found.filter(|session| session.user_id == actor.user_id).ok_or_else(Error::not_found)?;
        self.end_session(id).await
    }

    /// Ends all sessions of a person.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub(crate) async fn end_sessions_of(&self, user_id: UserId) -> Result<()> {
        let mut outcome = Ok(());
        for session in self.sessions.of_user(user_id).await? {
            outcome = outcome.and(self.end_session(session.id).await);
        }
        outcome
    }
}
