//! Making admins, and taking the role away: no endpoint does it, the operator does, by a command that logs in to the
//! database as the owner of its tables.

use domain::admin::{AdminReason, AuditAction, AuditSubject};
use domain::error::{Error, ErrorCode, Result};
use domain::user::{Email, Role};
use store::tx::Tx;
use store::users::User;

use crate::Services;

/// Accounts whose sessions a pass ends.
const AT_ONCE: i64 = 20;

/// What an account is to be.
#[derive(Clone, Debug)]
pub struct RoleChange {
    /// Whose.
    pub email: Email,
    /// What it may do from now on.
    pub role: Role,
    /// Why, and who asked for it.
    pub reason: AdminReason,
}

/// Gives an account another role, and notes it in the audit log; gives the account, and whether that changed anything.
/// Its sessions are over: refresh tokens at once, the rest by the scheduler.
///
/// # Errors
/// `not_found`; `email_unverified` and `invalid_state` for an admin to be whose address is not verified, or who is
/// suspended.
pub async fn change(tx: &Tx, change: &RoleChange) -> Result<(User, bool)> {
    let found = store::users::find_credentials(tx, &change.email.key()).await?;
    let (User { id, .. }, _) = found.ok_or_else(Error::not_found)?;
    let user = store::users::find_for_update(tx, id).await?;
    let user = user.filter(|user| user.erased_at.is_none()).ok_or_else(Error::not_found)?;
    if user.role == change.role {
        return Ok((user, false));
    }
    let action = match change.role {
        Role::Admin => {
            may_be_admin(&user)?;
            AuditAction::AdminGranted
        }
        Role::User => AuditAction::AdminRevoked,
    };
    store::roles::set(tx, id, change.role).await?;
    store::audit_log::insert(tx, None, action, AuditSubject::User(id), Some(change.reason.as_str())).await?;
    let changed = store::users::find(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok((changed, true))
}

fn may_be_admin(user: &User) -> Result<()> {
    if user.email_verified_at.is_none() {
        return Err(Error::new(ErrorCode::EmailUnverified, "An admin's e-mail address is verified first."));
    }
    if user.suspended_at.is_some() {
        let detail = "This account is suspended: restore it first.";
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", "suspended"));
    }
    Ok(())
}

impl Services {
    /// Ends the sessions of those whose tokens say what is no longer true. Safe to run twice at once.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn end_noted_sessions(&self) -> Result<u64> {
        let connection = self.db.connection().await?;
        let (mut ended, mut outcome) = (0, Ok(()));
        for (id, noted_at) in store::roles::sessions_to_end(&connection, AT_ONCE).await? {
            match self.end_sessions_of(id).await {
                Ok(()) => {
                    store::roles::sessions_ended(&connection, id, noted_at).await?;
                    ended += 1;
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome.map(|()| ended)
    }
}
