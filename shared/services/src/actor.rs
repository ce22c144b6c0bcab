//! Who is asking, as proven by an access token.

use domain::error::{Error, ErrorCode, Result};
use domain::id::{SessionId, UserId};
use domain::user::Role;
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::bookings::Booking;
use store::users::User;

/// A signed-in user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user_id: UserId,
    /// What the account may do.
    pub role: Role,
    /// The session (device) the token belongs to.
    pub session_id: SessionId,
    /// When the token was made, to the second below.
    pub issued_at: Timestamp,
}

impl Actor {
    /// Whether a booking, and what belongs to it, is the caller's to see: its guest's, its host's and admins'.
    pub fn may_see(&self, booking: &Booking) -> bool {
        [booking.guest_id, booking.host_id].contains(&self.user_id) || self.role == Role::Admin
    }
}

/// The caller's account, locked, to change what it is opened with or shows. A token from before all its sessions were ended
/// is refused: elsewhere it may be taken for a moment yet, and that would be enough to shut the owner out.
///
/// # Errors
/// `not_found` when the account is gone; `unauthenticated`.
pub(crate) async fn own_account(tx: &Tx, actor: &Actor) -> Result<User> {
    let found = store::users::find_for_update(tx, actor.user_id).await?;
    let user = found.filter(|user| user.erased_at.is_none()).ok_or_else(Error::not_found)?;
    let whole_second = SignedDuration::from_secs(1);
    if user.sessions_valid_from.is_some_and(|from| actor.issued_at + whole_second <= from) {
        return Err(session_ended());
    }
    Ok(user)
}

/// The refusal of what was good until the session ended.
pub(crate) fn session_ended() -> Error {
    Error::new(ErrorCode::Unauthenticated, "The session has ended. Log in again.")
}

/// Refuses accounts that may look and draft, but not yet deal with others.
///
/// # Errors
/// `email_unverified`, `forbidden` for a suspended account, `not_found` for one whose person has gone.
pub fn require_active(user: &User) -> Result<()> {
    if user.erased_at.is_some() {
        return Err(Error::not_found());
    }
    if user.suspended_at.is_some() {
        return Err(Error::new(ErrorCode::Forbidden, "This account is suspended."));
    }
    if user.email_verified_at.is_none() {
        return Err(Error::new(
            ErrorCode::EmailUnverified,
            "Open the link in the mail we sent you when you registered, or ask for a new one.",
        ));
    }
    Ok(())
}
