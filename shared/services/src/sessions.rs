//! The devices on which a person is signed in.

use domain::error::{Error, Result};
use domain::event::EventKind;
use domain::id::{SessionId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::users::User;

use crate::Services;
use crate::actor::Actor;
pub use crate::ports::Session;

/// Who has just made an account knows that they sign in to it.
const NEW_ACCOUNT_HOURS: i64 = 24;

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

    /// Whether the account's owner should hear of a sign-in on this device: none of the sessions that are known began
    /// on one that calls itself the same, and the account is not so new that this must be its first.
    pub(crate) async fn is_new_device(&self, user: &User, device: Option<&str>) -> Result<bool> {
        let known = self.sessions.of_user(user.id).await?;
        let is_new_account = user.created_at > Timestamp::now() - SignedDuration::from_hours(NEW_ACCOUNT_HOURS);
        let is_first = known.is_empty() && is_new_account;
        Ok(!is_first && known.iter().all(|session| session.device.as_deref() != device))
    }

    /// Has the owner of an account told that somebody signed in to it. The person is in by then, so it is only logged
    /// when that can't be done.
    pub(crate) async fn tell_of_sign_in(&self, user_id: UserId, session_id: SessionId) {
        let data = &json!({ "user_id": user_id, "session_id": session_id });
        let told = self.write("auth.tell_of_sign_in", |tx| async move {
            store::outbox::insert(&tx, EventKind::UserNewSignIn, data).await
        });
        if let Err(error) = told.await {
            let cause = error.causes();
            tracing::error!(%user_id, %session_id, cause, "nobody is told of a sign-in on a new device");
        }
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
