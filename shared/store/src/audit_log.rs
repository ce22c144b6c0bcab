//! The table `audit_log`: what admins have done. Appended to and read, never changed.

use domain::admin::{AuditAction, AuditSubject};
use domain::error::{Error, Result};
use domain::id::{AuditId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::admin::{Conditions, CreatedRange};
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Something an admin did.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Identity.
    pub id: AuditId,
    /// The admin; none: the operator, by a command.
    pub actor_id: Option<UserId>,
    /// What was done.
    pub action: AuditAction,
    /// To what.
    pub subject: AuditSubject,
    /// In the admin's words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only this admin's.
    pub actor_id: Option<UserId>,
    /// Only what was done to this.
    pub subject: Option<AuditSubject>,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only of this time.
    pub created: CreatedRange,
    /// Only those before this one.
    pub before: Option<AuditId>,
    /// At most so many.
    pub limit: i64,
}

/// Writes down what an admin does in this transaction, or the operator (no actor).
pub async fn insert(
    tx: &Tx,
    actor_id: impl Into<Option<UserId>>,
    action: AuditAction,
    subject: AuditSubject,
    reason: Option<&str>,
) -> Result<()> {
    let sql = "-- audit_log.insert
               INSERT INTO audit_log (id, actor_id, action, subject_kind, subject_id, reason)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (id, kind, subject_id) = (AuditId::new().uuid(), subject.kind(), subject.uuid());
    let actor_id = actor_id.into().map(UserId::uuid);
    tx.execute(sql, &[&id, &actor_id, &action.as_str(), &kind, &subject_id, &reason]).await?;
    Ok(())
}

/// A page of entries, newest first.
pub async fn list(queries: &impl Queries, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
    let mut conditions = Conditions::default();
    conditions.when("actor_id = ?", filter.actor_id.map(|id| id.uuid()));
    conditions.when("subject_id = ?", filter.subject.map(AuditSubject::uuid));
    conditions.when("action = ?", filter.action.map(AuditAction::as_str));
    conditions.created("at", &filter.created);
    conditions.when("id < ?", filter.before.map(|id| id.uuid()));
    let sql = conditions.page(
        "-- audit_log.list\nSELECT id, actor_id, action, subject_kind, subject_id, reason, at FROM audit_log",
        "id",
        filter.limit,
    );
    queries.rows(&sql, &conditions.params()).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<AuditEntry> {
    let subject = AuditSubject::of(row.read("subject_kind")?, row.read("subject_id")?);
    Ok(AuditEntry {
        id: AuditId::from_uuid(row.read("id")?),
        actor_id: row.read::<Option<uuid::Uuid>>("actor_id")?.map(UserId::from_uuid),
        action: row.parse("action")?,
        subject: subject.ok_or_else(|| Error::internal("an audit entry of no subject we know"))?,
        reason: row.read("reason")?,
        at: row.read("at")?,
    })
}
