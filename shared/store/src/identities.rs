//! The table `identities`: who people are at providers of OpenID Connect.

use domain::error::Result;
use domain::id::{IdentityId, UserId};
use domain::user::Email;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Who somebody is at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Identity of the row.
    pub id: IdentityId,
    /// Whose account it opens.
    pub user_id: UserId,
    /// The provider.
    pub issuer: String,
    /// The provider's name for the person.
    pub subject: String,
    /// The address at the provider when they were linked.
    pub email: Email,
    /// When they were linked.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, user_id, issuer, subject, email, created_at";

/// Links an identity to an account; false when it is linked already.
pub async fn insert(tx: &Tx, user_id: UserId, (issuer, subject): (&str, &str), email: &Email) -> Result<bool> {
    let sql = "-- identities.insert
               INSERT INTO identities (id, user_id, issuer, subject, email) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT ON CONSTRAINT identities_subject_unique DO NOTHING";
    let id = IdentityId::new().uuid();
    Ok(tx.execute(sql, &[&id, &user_id.uuid(), &issuer, &subject, &email.as_str()]).await? == 1)
}

/// The identity of this subject of this issuer.
pub async fn find(queries: &impl Queries, issuer: &str, subject: &str) -> Result<Option<Identity>> {
    let sql = format!("-- identities.find\nSELECT {COLUMNS} FROM identities WHERE issuer = $1 AND subject = $2");
    queries.row(&sql, &[&issuer, &subject]).await?.as_ref().map(from_row).transpose()
}

/// The identities of an account, the oldest first.
pub async fn of_user(queries: &impl Queries, user_id: UserId) -> Result<Vec<Identity>> {
    let sql = format!("-- identities.of_user\nSELECT {COLUMNS} FROM identities WHERE user_id = $1 ORDER BY id");
    queries.rows(&sql, &[&user_id.uuid()]).await?.iter().map(from_row).collect()
}

/// Takes an identity from its account.
pub async fn delete(tx: &Tx, id: IdentityId) -> Result<()> {
    tx.execute("-- identities.delete\nDELETE FROM identities WHERE id = $1", &[&id.uuid()]).await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Identity> {
    Ok(Identity {
        id: IdentityId::from_uuid(row.read("id")?),
        user_id: UserId::from_uuid(row.read("user_id")?),
        issuer: row.read("issuer")?,
        subject: row.read("subject")?,
        email: row.parse("email")?,
        created_at: row.read("created_at")?,
    })
}
