//! What is done as the owner of the tables, invoked by hand or by the deploy, never by an event: bringing the database to
//! the schema of this release, before traffic moves; and making admins.

use std::sync::Arc;

use domain::admin::AdminReason;
use domain::error::{Error, ErrorCode, Result};
use domain::id::UserId;
use domain::user::{Email, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use services::roles::RoleChange;
use store::{DatabaseTarget, Db, Tx};

/// What is asked for; nothing at all is to migrate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    set_role: Option<SetRoleIn>,
}

/// What an account is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRoleIn {
    email: String,
    /// `admin` or `user`.
    role: String,
    /// Why, and who asked for it: for the audit log.
    reason: String,
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    /// The schema is that of this release.
    Migrated(MigrateOut),
    /// The account is what it was to be.
    RoleSet(RoleOut),
}

/// What a migration did.
#[derive(Debug, Serialize)]
pub struct MigrateOut {
    /// The migrations applied now, in order; empty when there was nothing to do.
    pub applied: Vec<String>,
    /// Whether the places of this release were loaded now.
    pub places_loaded: bool,
}

/// What an account is now.
#[derive(Debug, Serialize)]
pub struct RoleOut {
    /// The account.
    pub user_id: UserId,
    /// What it may do.
    pub role: &'static str,
    /// Whether that was different before.
    pub changed: bool,
}

/// Does what the event asks for: `{}` migrates, `{"set_role": {"email", "role", "reason"}}` makes an admin, or none.
///
/// # Errors
/// `validation_failed` for an event like no other; those of [`migrate`] and `set_role`.
pub async fn handle(event: Value, owner: &DatabaseTarget, app: &DatabaseTarget) -> Result<Done> {
    let invalid = |error| Error::new(ErrorCode::ValidationFailed, format!("The event is not understood: {error}."));
    let request: Request = serde_json::from_value(event).map_err(invalid)?;
    match request.set_role {
        None => migrate(owner, app).await.map(Done::Migrated),
        Some(asked) => set_role(asked, owner).await.map(Done::RoleSet),
    }
}

/// Applies what is missing, as the owner role, keeps the role of the functions, and loads the places of this release.
///
/// # Errors
/// Those of [`store::migrations::migrate`] and [`store::places::load_extract`].
pub async fn migrate(owner: &DatabaseTarget, app: &DatabaseTarget) -> Result<MigrateOut> {
    let migrated = store::migrations::migrate(owner, app).await?;
    let places_loaded = store::places::load_extract(owner).await?;
    Ok(MigrateOut { applied: migrated.applied, places_loaded })
}

/// Makes an account one of an admin, or of a user again.
///
/// # Errors
/// `validation_failed`; those of [`services::roles::change`].
async fn set_role(asked: SetRoleIn, owner: &DatabaseTarget) -> Result<RoleOut> {
    let invalid = |invalid: domain::error::Invalid| Error::new(ErrorCode::ValidationFailed, invalid.detail);
    let change = &RoleChange {
        email: Email::parse(&asked.email).map_err(invalid)?,
        role: asked.role.parse::<Role>().map_err(invalid)?,
        reason: AdminReason::parse(&asked.reason).map_err(invalid)?,
    };
    let work = |tx: Arc<Tx>| async move { services::roles::change(&tx, change).await };
    let (user, changed) = Db::at(owner.clone()).run_tx("roles.change", work).await?.value;
    tracing::info!(user_id = %user.id, role = user.role.as_str(), changed, "the role of an account was set");
    Ok(RoleOut { user_id: user.id, role: user.role.as_str(), changed })
}
