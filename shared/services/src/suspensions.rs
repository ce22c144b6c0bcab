//! Accounts and properties that an admin shuts, and opens again as they were. Bookings stand: who has paid is not to
//! suffer, and an admin can cancel each.

use domain::admin::{AdminReason, AuditAction, AuditSubject};
use domain::error::{Error, ErrorCode, Result};
use domain::id::{PropertyId, UserId};
use domain::user::Role;
use store::properties::Property;
use store::tx::Tx;
use store::users::User;

use crate::Services;
use crate::actor::Actor;
use crate::admin::require_admin_now;

/// Shuts an account: nobody signs in to it, and its listings vanish. Its sessions end after the commit
/// ([`Services::end_sessions_of_suspended`]).
///
/// # Errors
/// `forbidden` for who is no admin, and against admins, oneself included; `invalid_state` when it is shut already,
/// `not_found`.
pub async fn suspend_user(tx: &Tx, actor: &Actor, id: UserId, reason: &AdminReason) -> Result<User> {
    require_admin_now(tx, actor).await?;
    let user = store::users::find_for_update(tx, id).await?.ok_or_else(Error::not_found)?;
    if user.role == Role::Admin {
        let detail = "An admin is not suspended: take the role away first.";
        return Err(Error::new(ErrorCode::Forbidden, detail));
    }
    if !store::suspensions::suspend_user(tx, id).await? {
        return Err(impossible("This account is suspended already.", "suspended"));
    }
    store::suspensions::lock_properties_of(tx, id).await?;
    for property in store::suspensions::suspend_properties_of(tx, id).await? {
        store::listing_search::delete(tx, property).await?;
    }
    note(tx, actor, AuditAction::UserSuspended, AuditSubject::User(id), reason).await?;
    store::users::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// Opens an account again; its listings are back as they were, but for those suspended by themselves.
///
/// # Errors
/// `forbidden` for who is no admin, `invalid_state` when it is not shut, `not_found`.
pub async fn restore_user(tx: &Tx, actor: &Actor, id: UserId, reason: &AdminReason) -> Result<User> {
    require_admin_now(tx, actor).await?;
    store::users::find_for_update(tx, id).await?.ok_or_else(Error::not_found)?;
    if !store::suspensions::restore_user(tx, id).await? {
        return Err(impossible("This account is not suspended.", "active"));
    }
    store::suspensions::lock_properties_of(tx, id).await?;
    for property in store::suspensions::restore_properties_of(tx, id).await? {
        store::listing_search::upsert(tx, property).await?;
    }
    note(tx, actor, AuditAction::UserRestored, AuditSubject::User(id), reason).await?;
    store::users::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// Takes a property out of sight, whatever its host does.
///
/// # Errors
/// `forbidden` for who is no admin, `invalid_state` for one that is suspended by itself or archived, `not_found`.
pub async fn suspend_property(tx: &Tx, actor: &Actor, id: PropertyId, reason: &AdminReason) -> Result<Property> {
    require_admin_now(tx, actor).await?;
    let (_, property) = locked(tx, id).await?;
    if !store::suspensions::suspend_property(tx, id).await? {
        let state = property.status.as_str();
        return Err(impossible("This property is suspended already, or archived.", state));
    }
    store::listing_search::delete(tx, id).await?;
    note(tx, actor, AuditAction::PropertySuspended, AuditSubject::Property(id), reason).await?;
    store::properties::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// Puts a property back to where it was; while its host is suspended it stays so too.
///
/// # Errors
/// `forbidden` for who is no admin, `invalid_state` for one that is not suspended by itself, `not_found`.
pub async fn restore_property(tx: &Tx, actor: &Actor, id: PropertyId, reason: &AdminReason) -> Result<Property> {
    require_admin_now(tx, actor).await?;
    let (host, property) = locked(tx, id).await?;
    if !store::suspensions::restore_property(tx, id, host.suspended_at.is_some()).await? {
        let state = property.status.as_str();
        return Err(impossible("This property is not suspended by itself.", state));
    }
    store::listing_search::upsert(tx, id).await?;
    note(tx, actor, AuditAction::PropertyRestored, AuditSubject::Property(id), reason).await?;
    store::properties::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// A property and its host, both locked, the host first as by everybody who needs both.
async fn locked(tx: &Tx, id: PropertyId) -> Result<(User, Property)> {
    let host_id = store::properties::find(tx, id).await?.ok_or_else(Error::not_found)?.host_id;
    let host = store::users::find_for_update(tx, host_id).await?.ok_or_else(Error::not_found)?;
    let property = store::properties::find_for_update(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok((host, property))
}

async fn note(tx: &Tx, actor: &Actor, action: AuditAction, subject: AuditSubject, reason: &AdminReason) -> Result<()> {
    store::audit_log::insert(tx, actor.user_id, action, subject, Some(reason.as_str())).await
}

fn impossible(detail: &str, state: &str) -> Error {
    Error::new(ErrorCode::InvalidState, detail).with("state", state)
}

impl Services {
    /// Ends the sessions of an account that was just shut. Its refresh tokens are worth nothing already; if the sessions
    /// can't be reached, its access tokens run until they expire, and the log says so.
    pub async fn end_sessions_of_suspended(&self, id: UserId) {
        if let Err(error) = self.end_sessions_of(id).await {
            tracing::error!(user_id = %id, cause = error.causes(), "access tokens of a suspended account run until they expire");
        }
    }
}
