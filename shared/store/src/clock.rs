//! The one source of time, `app_now()`: plain `now()` in production, shifted on local and test stacks.

use domain::error::{Error, Result};
use jiff::Timestamp;

use crate::row::RowExt;
use crate::tx::Queries;

/// Now, by the database's clock; within a transaction always the same.
pub async fn now(queries: &impl Queries) -> Result<Timestamp> {
    let row = queries.row("-- clock.now\nSELECT app_now() AS now", &[]).await?;
    row.ok_or_else(|| Error::internal("app_now() gave no row"))?.read("now")
}
