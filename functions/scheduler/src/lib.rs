//! What is due each minute: holds that ran out, stays that ended, events that were not published.

use domain::error::{Error, Result};
use services::Services;
use services::maintenance::PassReport;

/// One pass. It ends in an error when a step failed, so that the function's alarm tells of it.
///
/// # Errors
/// `internal` naming the steps that failed.
pub async fn handle(services: &Services) -> Result<PassReport> {
    let report = services.run_maintenance().await;
    if report.failed_steps.is_empty() {
        Ok(report)
    } else {
        Err(Error::internal(format!("steps that failed: {}", report.failed_steps.join(", "))))
    }
}
