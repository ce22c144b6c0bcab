//! The table `payout_reversals`.

use domain::error::Result;
use domain::id::{BookingId, PayoutId, ReversalId, UserId};
use domain::money::Money;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Money being taken back of a payout that was sent.
#[derive(Clone, Debug)]
pub struct Reversal {
    /// Identity, and the provider's idempotency key.
    pub id: ReversalId,
    /// Of which payout.
    pub payout_id: PayoutId,
    /// Whose money.
    pub host_id: UserId,
    /// What had earned it.
    pub booking_id: BookingId,
    /// The provider's name of the transfer.
    pub transfer_id: String,
    /// How much.
    pub amount: Money,
    /// Whether the provider was told before.
    pub was_tried: bool,
}

/// Decides to take back up to `amount_minor` of what was sent for a booking, of the newest payouts first; gives how
/// much that is.
pub async fn decide(tx: &Tx, booking_id: BookingId, amount_minor: i64) -> Result<i64> {
    let sql = "-- payout_reversals.left
               SELECT id, amount_minor - withheld_minor - reversed_minor
                   - (SELECT coalesce(sum(r.amount_minor), 0) FROM payout_reversals r
                      WHERE r.payout_id = p.id AND r.status = 'pending')::bigint AS left_minor
               FROM payouts p WHERE booking_id = $1 AND status = 'sent' ORDER BY instalment DESC";
    let insert = "-- payout_reversals.insert
                  INSERT INTO payout_reversals (id, payout_id, amount_minor) VALUES ($1, $2, $3)";
    let mut decided = 0;
    for row in tx.rows(sql, &[&booking_id.uuid()]).await? {
        let part = row.read::<i64>("left_minor")?.min(amount_minor - decided);
        if part > 0 {
            let (id, payout): (_, uuid::Uuid) = (ReversalId::new().uuid(), row.read("id")?);
            tx.execute(insert, &[&id, &payout, &part]).await?;
            decided += part;
        }
    }
    Ok(decided)
}

/// Reversals whose outcome is not known and that nobody is at. They are the caller's for so long.
pub async fn claim_pending(tx: &Tx, claim_seconds: f64, limit: i64) -> Result<Vec<Reversal>> {
    // What was there before the update tells whether the provider was told.
    let sql = "-- payout_reversals.claim_pending
               WITH open AS (SELECT id, claimed_until FROM payout_reversals
                             WHERE status = 'pending' AND claimed_until <= clock_timestamp()
                             ORDER BY claimed_until, id LIMIT $2 FOR UPDATE SKIP LOCKED)
               UPDATE payout_reversals r SET claimed_until = clock_timestamp() + make_interval(secs => $1)
               FROM open, payouts p
               WHERE r.id = open.id AND p.id = r.payout_id
               RETURNING r.id, r.payout_id, p.host_id, p.booking_id, p.transfer_id, r.amount_minor,
                   p.currency::text AS currency, open.claimed_until > to_timestamp(0) AS was_tried";
    tx.rows(sql, &[&claim_seconds, &limit]).await?.iter().map(from_row).collect()
}

/// Marks a reversal as done and counts it on its payout; false when that is known already.
pub async fn complete(tx: &Tx, reversal: &Reversal, name: &str) -> Result<bool> {
    let mark = "-- payout_reversals.complete
                UPDATE payout_reversals SET status = 'done', name = $2, updated_at = app_now()
                WHERE id = $1 AND status = 'pending'";
    if tx.execute(mark, &[&reversal.id.uuid(), &name]).await? == 0 {
        return Ok(false);
    }
    let count = "-- payout_reversals.count
                 UPDATE payouts SET reversed_minor = reversed_minor + $2, updated_at = app_now(),
                     status = CASE WHEN reversed_minor + $2 = amount_minor - withheld_minor THEN 'reversed' ELSE status END
                 WHERE id = $1";
    tx.execute(count, &[&reversal.payout_id.uuid(), &reversal.amount.amount]).await?;
    Ok(true)
}

/// Marks a reversal as refused: what it was for stays owed.
pub async fn refuse(tx: &Tx, id: ReversalId, failure: &str) -> Result<()> {
    let sql = "-- payout_reversals.refuse
               UPDATE payout_reversals SET status = 'refused', failure = $2, updated_at = app_now()
               WHERE id = $1 AND status = 'pending'";
    tx.execute(sql, &[&id.uuid(), &failure]).await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Reversal> {
    Ok(Reversal {
        id: ReversalId::from_uuid(row.read("id")?),
        payout_id: PayoutId::from_uuid(row.read("payout_id")?),
        host_id: UserId::from_uuid(row.read("host_id")?),
        booking_id: BookingId::from_uuid(row.read("booking_id")?),
        transfer_id: row.read("transfer_id")?,
        amount: Money::new(row.read("amount_minor")?, row.parse("currency")?),
        was_tried: row.read("was_tried")?,
    })
}
