//! The table `payout_accounts`.

use domain::error::Result;
use domain::id::UserId;
use domain::payout::PayoutAccountStatus;
use domain::property::CountryCode;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// A host's account at the provider.
#[derive(Clone, Debug)]
pub struct PayoutAccount {
    /// Whose.
    pub user_id: UserId,
    /// Where the host lives, or does business.
    pub country: CountryCode,
    /// The provider's name of it, once it has answered.
    pub account_id: Option<String>,
    /// Whether the host can be paid.
    pub status: PayoutAccountStatus,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "user_id, country::text AS country, account_id, status, created_at, updated_at";

/// Makes the account of a user, unless there is one; says whether it did.
pub async fn insert(tx: &Tx, user_id: UserId, country: &CountryCode) -> Result<bool> {
    let sql = "-- payout_accounts.insert
               INSERT INTO payout_accounts (user_id, country) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING";
    Ok(tx.execute(sql, &[&user_id.uuid(), &country.as_str()]).await? == 1)
}

/// The account of a user.
pub async fn find(queries: &impl Queries, user_id: UserId) -> Result<Option<PayoutAccount>> {
    let sql = format!("-- payout_accounts.find\nSELECT {COLUMNS} FROM payout_accounts WHERE user_id = $1");
    queries.row(&sql, &[&user_id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The same, locked: whoever decides what a host is paid, or has to give back, comes one after the other.
pub async fn find_for_update(tx: &Tx, user_id: UserId) -> Result<Option<PayoutAccount>> {
    let sql = format!(
        "-- payout_accounts.find_for_update
         SELECT {COLUMNS} FROM payout_accounts WHERE user_id = $1 FOR NO KEY UPDATE"
    );
    tx.row(&sql, &[&user_id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// Forgets an account that the provider will not make.
pub async fn delete_unknown(tx: &Tx, user_id: UserId) -> Result<()> {
    let sql = "-- payout_accounts.delete_unknown
               DELETE FROM payout_accounts WHERE user_id = $1 AND account_id IS NULL";
    tx.execute(sql, &[&user_id.uuid()]).await?;
    Ok(())
}

/// Keeps the provider's name of a user's account; the one that is there already is never replaced.
pub async fn set_account(tx: &Tx, user_id: UserId, account_id: &str) -> Result<()> {
    let sql = "-- payout_accounts.set_account
               UPDATE payout_accounts SET account_id = $2, updated_at = app_now()
               WHERE user_id = $1 AND account_id IS NULL";
    tx.execute(sql, &[&user_id.uuid(), &account_id]).await?;
    Ok(())
}

/// Keeps what the provider says of an account; gives whose it is when that is news.
pub async fn set_status(tx: &Tx, account_id: &str, status: PayoutAccountStatus) -> Result<Option<UserId>> {
    let sql = "-- payout_accounts.set_status
               UPDATE payout_accounts SET status = $2, updated_at = app_now()
               WHERE account_id = $1 AND status <> $2 RETURNING user_id";
    let row = tx.row(sql, &[&account_id, &status.as_str()]).await?;
    row.map(|row| Ok(UserId::from_uuid(row.read("user_id")?))).transpose()
}

/// Accounts that can't be paid and were not asked about for a while. They count as asked about from now.
pub async fn claim_unsettled(tx: &Tx, not_asked_for_seconds: f64, limit: i64) -> Result<Vec<String>> {
    let sql = "-- payout_accounts.claim_unsettled
               UPDATE payout_accounts SET asked_at = clock_timestamp()
               WHERE user_id IN (SELECT user_id FROM payout_accounts
                                 WHERE status <> 'enabled' AND account_id IS NOT NULL
                                     AND asked_at <= clock_timestamp() - make_interval(secs => $1)
                                 ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
               RETURNING account_id";
    let rows = tx.rows(sql, &[&not_asked_for_seconds, &limit]).await?;
    rows.iter().map(|row| row.read("account_id")).collect()
}

fn from_row(row: &Row) -> Result<PayoutAccount> {
    Ok(PayoutAccount {
        user_id: UserId::from_uuid(row.read("user_id")?),
        country: row.parse("country")?,
        account_id: row.read("account_id")?,
        status: row.parse("status")?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
