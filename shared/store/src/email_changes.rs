//! The table `email_changes`: addresses that accounts are to have instead of theirs.

use domain::error::Result;
use domain::id::{EmailChangeId, UserId};
use domain::user::Email;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Those that were completed, or whose link is long dead, are kept for so long, to look things up.
const KEEP_DAYS: f64 = 30.0;

/// A change of an account's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailChange {
    /// Identity.
    pub id: EmailChangeId,
    /// Whose account.
    pub user_id: UserId,
    /// The address when it was asked for.
    pub old_email: Email,
    /// Whether that one was known to be the person's.
    pub old_email_verified: bool,
    /// The address to be.
    pub new_email: Email,
    /// Since when it is so.
    pub completed_at: Option<Timestamp>,
}

/// Keeps a new change, in the place of one that is open.
pub async fn replace_open(tx: &Tx, change: &EmailChange) -> Result<()> {
    delete_open(tx, change.user_id).await?;
    let sql = "-- email_changes.insert
               INSERT INTO email_changes (id, user_id, old_email, old_email_verified, new_email)
               VALUES ($1, $2, $3, $4, $5)";
    let (old_email, new_email) = (change.old_email.as_str(), change.new_email.as_str());
    let (id, user_id) = (change.id.uuid(), change.user_id.uuid());
    tx.execute(sql, &[&id, &user_id, &old_email, &change.old_email_verified, &new_email]).await?;
    Ok(())
}

/// The change of this id, unless it was withdrawn.
pub async fn find(queries: &impl Queries, id: EmailChangeId) -> Result<Option<EmailChange>> {
    let sql = "-- email_changes.find
               SELECT id, user_id, old_email, old_email_verified, new_email, completed_at
               FROM email_changes WHERE id = $1";
    queries.row(sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// Marks an open change as done; false when it was not open.
pub async fn complete(tx: &Tx, id: EmailChangeId) -> Result<bool> {
    let sql = "-- email_changes.complete
               UPDATE email_changes SET completed_at = app_now() WHERE id = $1 AND completed_at IS NULL";
    Ok(tx.execute(sql, &[&id.uuid()]).await? == 1)
}

/// Withdraws the change of an account that is open, if there is one.
pub async fn delete_open(tx: &Tx, user_id: UserId) -> Result<()> {
    let sql = "-- email_changes.delete_open\nDELETE FROM email_changes WHERE user_id = $1 AND completed_at IS NULL";
    tx.execute(sql, &[&user_id.uuid()]).await?;
    Ok(())
}

/// Removes old ones; gives the number of rows.
pub async fn purge(queries: &impl Queries) -> Result<u64> {
    let sql = "-- email_changes.purge
               DELETE FROM email_changes WHERE requested_at < app_now() - make_interval(secs => $1::float8 * 86400)";
    queries.execute(sql, &[&KEEP_DAYS]).await
}

fn from_row(row: &Row) -> Result<EmailChange> {
    Ok(EmailChange {
        id: EmailChangeId::from_uuid(row.read("id")?),
        user_id: UserId::from_uuid(row.read("user_id")?),
        old_email: row.parse("old_email")?,
        old_email_verified: row.read("old_email_verified")?,
        new_email: row.parse("new_email")?,
        completed_at: row.read("completed_at")?,
    })
}
