//! The table `disputes`: payments that a guest's bank contests, as the provider said last.

use domain::error::Result;
use domain::id::{PaymentId, UserId};
use domain::money::Money;
use domain::payment::DisputeStatus;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// A payment that the guest's bank contests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The provider's name of it.
    pub id: String,
    /// Which payment.
    pub payment_id: PaymentId,
    /// How much of it.
    pub amount: Money,
    /// Where it stands.
    pub status: DisputeStatus,
    /// The provider's code of why.
    pub reason: String,
    /// What the bank has taken and not given again.
    pub withdrawn: Money,
    /// What the provider charged for it, in the same currency, minor units.
    pub fee_minor: i64,
    /// Until when evidence is taken.
    pub respond_by: Option<Timestamp>,
}

const COLUMNS: &str = "id, payment_id, amount_minor, currency::text, status, reason, withdrawn_minor, fee_minor, \
                       account_currency::text, respond_by";

/// The dispute the provider has this name for.
pub async fn find(queries: &impl Queries, id: &str) -> Result<Option<Dispute>> {
    let sql = format!("-- disputes.find\nSELECT {COLUMNS} FROM disputes WHERE id = $1");
    queries.row(&sql, &[&id]).await?.as_ref().map(from_row).transpose()
}

/// The disputes of payments, oldest first; of a host given only those of the host's own bookings.
pub async fn of_payments(
    queries: &impl Queries,
    payment_ids: &[PaymentId],
    host_id: Option<UserId>,
) -> Result<Vec<Dispute>> {
    let sql = format!(
        "-- disputes.of_payments
         SELECT {COLUMNS} FROM disputes d
         WHERE payment_id = ANY($1)
             AND ($2::uuid IS NULL OR EXISTS (SELECT 1 FROM payments p JOIN bookings b ON b.id = p.booking_id
                                              WHERE p.id = d.payment_id AND b.host_id = $2))
         ORDER BY d.created_at, d.id"
    );
    let ids: Vec<uuid::Uuid> = payment_ids.iter().map(|id| id.uuid()).collect();
    let host = host_id.map(UserId::uuid);
    queries.rows(&sql, &[&ids, &host]).await?.iter().map(from_row).collect()
}

/// Keeps what the provider said, and on the payment whether any dispute stands against it.
pub async fn save(tx: &Tx, dispute: &Dispute) -> Result<()> {
    let sql = "-- disputes.save
               INSERT INTO disputes (id, payment_id, amount_minor, currency, status, reason, withdrawn_minor, fee_minor,
                                     account_currency, respond_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (id) DO UPDATE SET amount_minor = excluded.amount_minor, status = excluded.status,
                   reason = excluded.reason, withdrawn_minor = excluded.withdrawn_minor,
                   fee_minor = excluded.fee_minor, account_currency = excluded.account_currency,
                   respond_by = excluded.respond_by, updated_at = app_now()";
    let (payment, status) = (dispute.payment_id.uuid(), dispute.status.as_str());
    let (amount, withdrawn) = (dispute.amount, dispute.withdrawn);
    let (currency, account_currency) = (amount.currency.code(), withdrawn.currency.code());
    tx.execute(
        sql,
        &[
            &dispute.id,
            &payment,
            &amount.amount,
            &currency,
            &status,
            &dispute.reason,
            &withdrawn.amount,
            &dispute.fee_minor,
            &account_currency,
            &dispute.respond_by,
        ],
    )
    .await?;
    let standing: Vec<&str> =
        DisputeStatus::ALL.iter().filter(|status| status.stands()).map(|status| status.as_str()).collect();
    let mark = "-- disputes.mark_payment
                UPDATE payments SET updated_at = app_now(),
                    disputed = EXISTS (SELECT 1 FROM disputes WHERE payment_id = $1 AND status = ANY($2))
                WHERE id = $1";
    tx.execute(mark, &[&payment, &standing]).await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Dispute> {
    Ok(Dispute {
        id: row.read("id")?,
        payment_id: PaymentId::from_uuid(row.read("payment_id")?),
        amount: Money::new(row.read("amount_minor")?, row.parse("currency")?),
        status: row.parse("status")?,
        reason: row.read("reason")?,
        withdrawn: Money::new(row.read("withdrawn_minor")?, row.parse("account_currency")?),
        fee_minor: row.read("fee_minor")?,
        respond_by: row.read("respond_by")?,
    })
}
