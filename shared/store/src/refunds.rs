//! The table `refunds`, and what of them their payments count.

use domain::error::{Error, Result};
use domain::id::{BookingId, PaymentId, RefundId};
use domain::money::{Currency, Money};
use domain::payment::RefundStatus;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Money on its way back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Identity, and the provider's idempotency key.
    pub id: RefundId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
    /// Why, in words.
    pub reason: String,
    /// Where it stands.
    pub status: RefundStatus,
    /// When it was decided.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, payment_id, amount_minor, currency::text, reason, status, created_at";

/// Decides a refund; the provider is told after the commit.
pub async fn insert(tx: &Tx, payment_id: PaymentId, amount: Money, reason: &str) -> Result<Refund> {
    let sql = format!(
        "-- refunds.insert
         INSERT INTO refunds (id, payment_id, amount_minor, currency, reason) VALUES ($1, $2, $3, $4, $5)
         RETURNING {COLUMNS}"
    );
    let (id, payment, currency) = (RefundId::new().uuid(), payment_id.uuid(), amount.currency.code());
    let row = tx.row(&sql, &[&id, &payment, &amount.amount, &currency, &reason]).await?;
    from_row(&row.ok_or_else(|| Error::internal("INSERT … RETURNING gave no row"))?)
}

/// What was decided to be given back of a payment, whether the provider has done it or not, minor units.
pub async fn decided_minor(tx: &Tx, payment_id: PaymentId) -> Result<i64> {
    let sql = "-- refunds.decided_minor
               SELECT coalesce(sum(amount_minor), 0)::bigint AS decided FROM refunds
               WHERE payment_id = $1 AND status <> 'failed'";
    tx.row(sql, &[&payment_id.uuid()]).await?.map_or(Ok(0), |row| row.read("decided"))
}

/// All refunds of payments, oldest first.
pub async fn list_of_payments(queries: &impl Queries, payment_ids: &[PaymentId]) -> Result<Vec<Refund>> {
    let sql =
        format!("-- refunds.list_of_payments\nSELECT {COLUMNS} FROM refunds WHERE payment_id = ANY($1) ORDER BY id");
    let ids: Vec<uuid::Uuid> = payment_ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids]).await?.iter().map(from_row).collect()
}

/// Refunds of a booking's payments that the provider has not confirmed.
pub async fn pending_of_booking(queries: &impl Queries, booking_id: BookingId) -> Result<Vec<Refund>> {
    let sql = format!(
        "-- refunds.pending_of_booking
         SELECT {COLUMNS} FROM refunds
         WHERE status = 'pending' AND payment_id IN (SELECT id FROM payments WHERE booking_id = $1) ORDER BY id"
    );
    queries.rows(&sql, &[&booking_id.uuid()]).await?.iter().map(from_row).collect()
}

/// Refunds the provider has not confirmed, and was not asked about for a while. They count as asked about from now.
pub async fn claim_pending(tx: &Tx, not_asked_for_seconds: f64, limit: i64) -> Result<Vec<Refund>> {
    let sql = format!(
        "-- refunds.claim_pending
         UPDATE refunds SET asked_at = clock_timestamp()
         WHERE id IN (SELECT id FROM refunds
                      WHERE status = 'pending' AND asked_at <= clock_timestamp() - make_interval(secs => $1)
                      ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    );
    tx.rows(&sql, &[&not_asked_for_seconds, &limit]).await?.iter().map(from_row).collect()
}

/// Marks a pending refund as done and counts it on its payment; false when it was not pending any more.
pub async fn complete(tx: &Tx, refund: &Refund, provider_refund_id: &str) -> Result<bool> {
    let mark = "-- refunds.complete
                UPDATE refunds SET status = 'succeeded', provider_refund_id = $2, updated_at = app_now()
                WHERE id = $1 AND status = 'pending'";
    if tx.execute(mark, &[&refund.id.uuid(), &provider_refund_id]).await? == 0 {
        return Ok(false);
    }
    let count = "-- refunds.count
                 UPDATE payments SET refunded_minor = refunded_minor + $2, updated_at = app_now() WHERE id = $1";
    tx.execute(count, &[&refund.payment_id.uuid(), &refund.amount.amount]).await?;
    Ok(true)
}

/// The refund the provider has this name for.
pub async fn find_of_provider(tx: &Tx, provider_refund_id: &str) -> Result<Option<Refund>> {
    let sql = format!(
        "-- refunds.find_of_provider
         SELECT {COLUMNS} FROM refunds WHERE provider_refund_id = $1"
    );
    tx.row(&sql, &[&provider_refund_id]).await?.as_ref().map(from_row).transpose()
}

/// Marks a refund that was done as failed after all, and takes it off its payment; false when it was not done.
pub async fn undo(tx: &Tx, refund: &Refund) -> Result<bool> {
    let mark = "-- refunds.undo
                UPDATE refunds SET status = 'failed', updated_at = app_now() WHERE id = $1 AND status = 'succeeded'";
    if tx.execute(mark, &[&refund.id.uuid()]).await? == 0 {
        return Ok(false);
    }
    let count = "-- refunds.uncount
                 UPDATE payments SET refunded_minor = refunded_minor - $2, updated_at = app_now() WHERE id = $1";
    tx.execute(count, &[&refund.payment_id.uuid(), &refund.amount.amount]).await?;
    Ok(true)
}

/// Marks a pending refund as refused for good; false when it was not pending any more.
pub async fn fail(tx: &Tx, id: RefundId) -> Result<bool> {
    let sql = "-- refunds.fail
               UPDATE refunds SET status = 'failed', updated_at = app_now() WHERE id = $1 AND status = 'pending'";
    Ok(tx.execute(sql, &[&id.uuid()]).await? == 1)
}

fn from_row(row: &Row) -> Result<Refund> {
    Ok(Refund {
        id: RefundId::from_uuid(row.read("id")?),
        payment_id: PaymentId::from_uuid(row.read("payment_id")?),
        amount: Money::new(row.read("amount_minor")?, row.parse::<Currency>("currency")?),
        reason: row.read("reason")?,
        status: row.parse("status")?,
        created_at: row.read("created_at")?,
    })
}
