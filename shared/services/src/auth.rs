//! Signing in and staying signed in: refresh tokens that are used once, in families that die together.

use domain::error::{Error, ErrorCode, Result};
use domain::id::SessionId;
use domain::throttle::Policy;
use domain::user::{Email, Password};
use jiff::{SignedDuration, Timestamp};
use store::users::User;
use uuid::Uuid;

use crate::Services;
use crate::access_tokens::ACCESS_TOKEN_SECONDS;
use crate::actor::session_ended;
use crate::one_time_tokens::{hash_token, random_bytes};
use crate::passwords;
use crate::ports::{Session, SpentToken};
use crate::sealing::Purpose;
use crate::throttles::{Client, Rule};

/// The end of a session, however often it is refreshed.
const SESSION_DAYS: i64 = 30;

/// A token spent so recently may come again: two tabs refreshed at the same moment.
const REUSE_GRACE_SECONDS: i64 = 10;

/// More tokens of one family than this are never live at a time.
const MAX_LIVE_TOKENS: usize = 10;

/// A compare-and-set on a session that lost this often gives up.
const MAX_ATTEMPTS: u32 = 5;

/// The pair of tokens a client works with.
#[derive(Clone)]
pub struct TokenPair {
    /// Bearer token of the API.
    pub access_token: String,
    /// Seconds until it ends.
    pub expires_in: i64,
    /// Gets the next pair, once.
    pub refresh_token: String,
    /// Whose they are.
    pub user: User,
}

/// What somebody signs in with, as they typed it.
pub struct Credentials<'a> {
    /// Address.
    pub email: &'a str,
    /// Password.
    pub password: Password,
    /// A code of the second factor, if there is one.
    pub totp: Option<&'a str>,
}

impl Services {
    /// Signs a person in on a new device.
    ///
    /// # Errors
    /// `invalid_credentials`, the same and in the same time for a wrong address and a wrong password, and for a wrong
    /// code; `totp_required` after the right password alone; `rate_limited` after too many of those, whoever has the
    /// address.
    pub async fn login(&self, client: &Client, credentials: Credentials<'_>) -> Result<TokenPair> {
        let account = &account_key(credentials.email);
        let rules = [
            Rule::calls(client),
            Rule::failures(Policy::Login, &[account]).from(client),
            Rule::failures(Policy::LoginAddress, &[]).from(client),
            Rule::failures(Policy::LoginAccount, &[account]).gauged(),
            Rule::failures(Policy::LoginAll, &[]).gauged(),
        ];
        let begun = Timestamp::now();
        self.throttled(client, &rules, async {
            let totp = credentials.totp;
            let user = self.user_of(credentials).await?;
            refuse_suspended(&user)?;
            Box::pin(self.check_second_factor(client, &user, totp)).await?;
            self.begin_session(client, user, begun).await
        })
        .await
    }

    /// Whose credentials these are.
    async fn user_of(&self, credentials: Credentials<'_>) -> Result<User> {
        // What is no address is nobody's.
        let found = match Email::parse(credentials.email) {
            Ok(email) => store::users::find_credentials(&self.db.connection().await?, &email.key()).await?,
            Err(_) => None,
        };
        // Nobody knows a password of who signs in at a provider: that takes as long, and says the same.
        let (user, phc) = found.map_or((None, None), |(user, phc)| (Some(user), phc));
        let matches = passwords::verify(credentials.password.clone(), phc.clone()).await?;
        let (Some(user), Some(phc)) = (user.filter(|_| matches), phc) else {
            return Err(Error::new(ErrorCode::InvalidCredentials, "The e-mail address or the password is wrong."));
        };
        self.rehash_if_outdated(user.id, credentials.password, &phc).await;
        Ok(user)
    }

    /// Signs a person in on this device who has proven to be that person, and began to before the account was read.
    ///
    /// # Errors
    /// `unauthenticated` when all sessions of the account were ended meanwhile.
    pub(crate) async fn begin_session(&self, client: &Client, user: User, begun: Timestamp) -> Result<TokenPair> {
        let id = SessionId::new();
        let refresh_token = self.new_refresh_token(id).await?;
        // Sessions that were ended before, by another clock, are not this one; those that end meanwhile are.
        let now = user.sessions_valid_from.map_or(begun, |from| from.max(begun));
        let is_news = self.is_new_device(&user, client.device.as_deref()).await?;
        self.sessions
            .create(&Session {
                id,
                user_id: user.id,
                live: vec![hash_token(&refresh_token)],
                recently_spent: Vec::new(),
                device: client.device.clone(),
                version: 1,
                created_at: now,
                used_at: now,
                expires_at: now + SignedDuration::from_hours(24 * SESSION_DAYS),
            })
            .await?;
        let seen = user.sessions_valid_from;
        let found = store::users::find(&self.db.connection().await?, user.id).await?;
        let Some(user) = found.filter(|user| user.sessions_valid_from == seen && is_open(user)) else {
            self.end_session(id).await?;
            return Err(session_ended());
        };
        if is_news {
            self.tell_of_sign_in(user.id, id).await;
        }
        self.token_pair(user, id, refresh_token).await
    }

    /// Spends a refresh token for the next pair.
    ///
    /// # Errors
    /// `unauthenticated` for a token that is not ours or whose session has ended; `token_reused` for one that was
    /// spent more than a few seconds ago, which ends the session; `rate_limited` after too many of those.
    pub async fn refresh(&self, client: &Client, refresh_token: &str) -> Result<TokenPair> {
        let rules = [Rule::calls(client), Rule::failures(Policy::Token, &[]).from(client)];
        self.throttled(client, &rules, self.next_pair(refresh_token)).await
    }

    async fn next_pair(&self, refresh_token: &str) -> Result<TokenPair> {
        let id = self.session_of(refresh_token).await?.ok_or_else(session_ended)?;
        let hash = hash_token(refresh_token);
        for _ in 0..MAX_ATTEMPTS {
            let now = Timestamp::now();
            let session =
                self.sessions.find(id).await?.filter(|found| found.expires_at > now).ok_or_else(session_ended)?;
            let Some(mut next) = spend(&session, &hash, now) else {
                self.end_session(id).await?;
                tracing::warn!(session_id = %id, "a spent refresh token came again: the session is revoked");
                return Err(Error::new(
                    ErrorCode::TokenReused,
                    "This refresh token has been used before. For safety the session has ended: log in again.",
                ));
            };
            let new_token = self.new_refresh_token(id).await?;
            next.live.push(hash_token(&new_token));
            if self.sessions.replace(&next, session.version).await? {
                let user = store::users::find(&self.db.connection().await?, session.user_id)
                    .await?
                    .ok_or_else(session_ended)?;
                let has_ended = user.sessions_valid_from.is_some_and(|from| session.created_at < from);
                if !is_open(&user) || has_ended {
                    return Err(session_ended());
                }
                return self.token_pair(user, id, new_token).await;
            }
        }
        Err(Error::unavailable("the session changed at each attempt to refresh it"))
    }

    /// Ends the session of a refresh token; a token that is not ours ends nothing.
    pub async fn logout(&self, refresh_token: &str) -> Result<()> {
        match self.session_of(refresh_token).await? {
            Some(id) => self.end_session(id).await,
            None => Ok(()),
        }
    }

    async fn token_pair(&self, user: User, id: SessionId, refresh_token: String) -> Result<TokenPair> {
        let access_token = self.sign_access_token(user.id, user.role, id).await?;
        Ok(TokenPair { access_token, expires_in: ACCESS_TOKEN_SECONDS, refresh_token, user })
    }

    /// A refresh token names its session and is sealed, so that one that is ours but unknown was spent long ago.
    async fn new_refresh_token(&self, id: SessionId) -> Result<String> {
        let payload = [id.uuid().as_bytes().as_slice(), &random_bytes()].concat();
        Ok(self.sealer().await?.seal(Purpose::RefreshToken, &payload))
    }

    async fn session_of(&self, refresh_token: &str) -> Result<Option<SessionId>> {
        let payload = self.sealer().await?.open(Purpose::RefreshToken, refresh_token);
        let id = payload.and_then(|payload| payload.first_chunk::<16>().copied());
        Ok(id.map(|bytes| SessionId::from_uuid(Uuid::from_bytes(bytes))))
    }
}

/// Whether an account may have sessions.
fn is_open(user: &User) -> bool {
    user.suspended_at.is_none() && user.erased_at.is_none()
}

/// Refuses whom an admin has shut out.
pub(crate) fn refuse_suspended(user: &User) -> Result<()> {
    match user.suspended_at {
        Some(_) => Err(Error::new(ErrorCode::Forbidden, "This account is suspended.")),
        None => Ok(()),
    }
}

/// Whose attempts to sign in these are, whether there is such an account or not.
pub(crate) fn account_key(email: &str) -> String {
    Email::parse(email).map_or_else(|_| email.trim().to_lowercase(), |email| email.key())
}

/// The session after the token of this hash is spent; none when it had been spent before and not just now.
fn spend(session: &Session, hash: &str, now: Timestamp) -> Option<Session> {
    let mut next = session.clone();
    let is_recent = |spent: &SpentToken| now.as_second() - spent.at.as_second() < REUSE_GRACE_SECONDS;
    if session.live.iter().any(|live| live == hash) {
        next.live.retain(|live| live != hash);
        next.recently_spent.push(SpentToken { hash: hash.to_owned(), at: now });
    } else if !session.recently_spent.iter().any(|spent| spent.hash == hash && is_recent(spent)) {
        return None;
    }
    next.recently_spent.retain(is_recent);
    let surplus = next.live.len().saturating_sub(MAX_LIVE_TOKENS - 1);
    next.live.drain(..surplus);
    next.used_at = now;
    next.version += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::UserId;

    fn session(now: Timestamp) -> Session {
        Session {
            id: SessionId::new(),
            user_id: UserId::new(),
            live: vec!["a".to_owned()],
            recently_spent: Vec::new(),
            device: None,
            version: 1,
            created_at: now,
            used_at: now,
            expires_at: now + SignedDuration::from_hours(1),
        }
    }

    #[test]
    fn a_token_is_spent_once_and_again_only_within_ten_seconds() {
        let now = Timestamp::now();
        let spent = spend(&session(now), "a", now).expect("a live token");
        assert!(spent.live.is_empty());
        assert!(spend(&spent, "a", now + SignedDuration::from_secs(9)).is_some());
        assert!(spend(&spent, "a", now + SignedDuration::from_secs(10)).is_none());
    }

    #[test]
    fn a_token_nobody_knows_any_more_was_spent_long_ago() {
        let now = Timestamp::now();
        assert!(spend(&session(now), "b", now).is_none());
    }

    #[test]
    fn live_tokens_of_a_family_are_bounded() {
        let now = Timestamp::now();
        let mut many = session(now);
        many.live = (0..40).map(|n| n.to_string()).collect();
        let next = spend(&many, "39", now).expect("a live token");
        assert_eq!(next.live.len(), MAX_LIVE_TOKENS - 1);
    }
}
