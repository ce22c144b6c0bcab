//! Brings the database to the schema of this release; the deploy invokes it before traffic moves.

use domain::error::Result;
use serde::Serialize;
use store::DatabaseTarget;

/// What a run did.
#[derive(Debug, Serialize)]
pub struct MigrateOut {
    /// The migrations applied now, in order; empty when there was nothing to do.
    pub applied: Vec<String>,
    /// Whether the places of this release were loaded now.
    pub places_loaded: bool,
}

/// Applies what is missing, as the owner role, keeps the role of the functions, and loads the places of this release.
///
/// # Errors
/// Those of [`store::migrations::migrate`] and [`store::places::load_extract`].
pub async fn handle(owner: &DatabaseTarget, app: &DatabaseTarget) -> Result<MigrateOut> {
    let migrated = store::migrations::migrate(owner, app).await?;
    let places_loaded = store::places::load_extract(owner).await?;
    Ok(MigrateOut { applied: migrated.applied, places_loaded })
}
