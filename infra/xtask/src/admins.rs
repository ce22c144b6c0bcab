//! `cargo xtask admin grant|revoke`: who is an admin on the running stack. On AWS the function `migrate` does the same.

use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Subcommand;
use domain::admin::AdminReason;
use domain::user::{Email, Role};
use services::roles::RoleChange;
use store::{Db, Tx};

use crate::clock;
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::ui;

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Make an account that is registered and verified one of an admin; its sessions end.
    Grant {
        /// Its address.
        email: String,
        /// For the audit log.
        #[arg(long, default_value = "By cargo xtask admin.")]
        reason: String,
    },
    /// Take the role away; the account's sessions end.
    Revoke {
        /// Its address.
        email: String,
        /// For the audit log.
        #[arg(long, default_value = "By cargo xtask admin.")]
        reason: String,
    },
}

/// Sets the role as the owner of the tables, then has the scheduler end the sessions.
pub(crate) async fn run(paths: &Paths, command: AdminCommand) -> Result<()> {
    let (email, role, reason) = match command {
        AdminCommand::Grant { email, reason } => (email, Role::Admin, reason),
        AdminCommand::Revoke { email, reason } => (email, Role::User, reason),
    };
    let invalid = |invalid: domain::error::Invalid| anyhow::anyhow!(invalid.detail);
    let change = &RoleChange {
        email: Email::parse(&email).map_err(invalid)?,
        role,
        reason: AdminReason::parse(&reason).map_err(invalid)?,
    };
    let description = Description::read(paths)?;
    let owner = Db::at(description.postgres(paths)?.target("roost_owner", DATABASE));
    let work = |tx: Arc<Tx>| async move { services::roles::change(&tx, change).await };
    let (user, changed) = match owner.run_tx("roles.change", work).await {
        Ok(committed) => committed.value,
        Err(error) => bail!("{email}: {error}"),
    };
    if changed {
        clock::run_scheduled(paths, &description).await?;
    }
    let what = if changed { "is now" } else { "was already" };
    ui::say(&format!("{} {what} {}", user.email.as_str(), user.role.as_str()));
    Ok(())
}
