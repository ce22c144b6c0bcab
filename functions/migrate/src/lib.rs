//! Brings the database to the schema of this release; the deploy invokes it before traffic moves.

use domain::error::Result;
use serde::Serialize;
use store::DatabaseTarget;

/// What a run did.
#[derive(Debug, Serialize)]
pub struct MigrateOut {
    /// The migrations applied now, in order; empty when there was nothing to do.
    pub applied: Vec<String>,
}

/// Applies what is missing, as the owner role, and keeps the role of the functions.
///
/// # Errors
/// Those of [`store::migrations::migrate`].
pub async fn handle(owner: &DatabaseTarget, app: &DatabaseTarget) -> Result<MigrateOut> {
    let migrated = store::migrations::migrate(owner, app).await?;
    Ok(MigrateOut { applied: migrated.applied })
}
