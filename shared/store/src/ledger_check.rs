//! The books held against themselves and against the tables, in a few statements over whole sets.

use domain::error::Result;
use domain::id::BookingId;
use domain::money::{Currency, Money};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::Queries;

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imbalance {
    /// Which rule: `movement` for one that does not sum to zero, else the account or the pair of accounts.
    pub rule: String,
    /// Of which booking.
    pub booking_id: BookingId,
    /// What the tables say (for a movement nothing).
    pub expected: Money,
    /// What the books say.
    pub posted: Money,
}

/// Everything that does not agree, of bookings whose money moved since, or ever; at most `limit`.
///
/// # Errors
/// `unavailable`.
pub async fn imbalances(queries: &impl Queries, since: Option<Timestamp>, limit: i64) -> Result<Vec<Imbalance>> {
    let mut found = Vec::new();
    for sql in [UNBALANCED, DISAGREEING] {
        let rows = queries.rows(sql, &[&since, &limit]).await?;
        found.extend(rows.iter().map(from_row).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

fn from_row(row: &Row) -> Result<Imbalance> {
    let currency: Currency = row.parse("currency")?;
    Ok(Imbalance {
        rule: row.read("rule")?,
        booking_id: BookingId::from_uuid(row.read("booking_id")?),
        expected: Money::new(row.read("expected")?, currency),
        posted: Money::new(row.read("posted")?, currency),
    })
}

/// What the trigger refuses, looked for all the same: a restored or repaired database may have gone round it.
const UNBALANCED: &str = "-- ledger_check.unbalanced
    SELECT 'movement ' || m.source AS rule, e.booking_id, e.currency::text AS currency,
        0::bigint AS expected, sum(e.amount_minor)::bigint AS posted
    FROM ledger_movements m JOIN ledger_entries e ON e.movement_id = m.id
    WHERE m.posted_at >= coalesce($1, '-infinity'::timestamptz)
    GROUP BY m.id, e.booking_id, e.currency
    HAVING sum(e.amount_minor) <> 0
    LIMIT $2";

/// By booking and currency: what the tables say moved, what the books have, and each rule where they differ.
///
/// Of a booking that was ever confirmed, fees, taxes and rounding are those of its price; or nothing, when all of its
/// money was given back; after a cancellation something between. What is the guest's is at most what refunds failed to
/// bring, and what can't be brought while a bank contests it. With the zero sums and the provider's balance that leaves one amount for the host.
const DISAGREEING: &str = "-- ledger_check.disagreeing
    WITH scope AS MATERIALIZED (
        SELECT e.booking_id FROM ledger_movements m JOIN ledger_entries e ON e.movement_id = m.id
        WHERE m.posted_at >= coalesce($1, '-infinity'::timestamptz)
        UNION
        SELECT booking_id FROM payments
        WHERE status = 'succeeded' AND updated_at >= coalesce($1, '-infinity'::timestamptz)
    ), moved AS (
        SELECT booking_id, currency, sum(captured) AS captured, sum(refunded) AS refunded, sum(pending) AS pending,
            sum(failed) AS failed, sum(apart) AS apart, sum(fees) AS fees, sum(withdrawn) AS withdrawn,
            sum(contested) AS contested, sum(paid_out) AS paid_out
        FROM (
            SELECT p.booking_id, coalesce(p.captured_currency, p.currency) AS currency, p.captured_minor AS captured,
                0::bigint AS refunded, 0::bigint AS pending, 0::bigint AS failed,
                CASE WHEN p.quarantined_at IS NOT NULL THEN p.captured_minor ELSE 0 END AS apart,
                0::bigint AS fees, 0::bigint AS withdrawn, 0::bigint AS contested, 0::bigint AS paid_out
            FROM scope JOIN payments p USING (booking_id) WHERE p.status = 'succeeded'
            UNION ALL
            SELECT p.booking_id, p.fee_currency, 0, 0, 0, 0, 0, p.fee_minor, 0, 0, 0
            FROM scope JOIN payments p USING (booking_id) WHERE p.fee_minor IS NOT NULL
            UNION ALL
            SELECT p.booking_id, r.currency, 0,
                CASE WHEN r.status = 'succeeded' THEN r.amount_minor ELSE 0 END,
                CASE WHEN r.status = 'pending' THEN r.amount_minor ELSE 0 END,
                CASE WHEN r.status = 'failed' THEN r.amount_minor ELSE 0 END,
                CASE WHEN r.status <> 'failed' AND p.quarantined_at IS NOT NULL THEN -r.amount_minor ELSE 0 END,
                0, 0, 0, 0
            FROM scope JOIN payments p USING (booking_id) JOIN refunds r ON r.payment_id = p.id
            UNION ALL
            SELECT p.booking_id, d.account_currency, 0, 0, 0, 0, 0, d.fee_minor, d.withdrawn_minor,
                CASE WHEN d.status = 'lost' THEN 0 ELSE d.withdrawn_minor END, 0
            FROM scope JOIN payments p USING (booking_id) JOIN disputes d ON d.payment_id = p.id
            UNION ALL
            SELECT o.booking_id, o.currency, 0, 0, 0, 0, 0, 0, 0, 0, o.amount_minor - o.reversed_minor
            FROM scope JOIN payouts o USING (booking_id) WHERE o.status IN ('sent', 'withheld', 'reversed')
            UNION ALL
            SELECT s.booking_id, o.currency, 0, 0, 0, 0, 0, 0, 0, 0, -s.amount_minor
            FROM scope JOIN payout_set_offs s USING (booking_id) JOIN payouts o ON o.id = s.payout_id
            WHERE o.status IN ('sent', 'withheld', 'reversed')
        ) AS each_movement
        GROUP BY booking_id, currency
    ), books AS (
        SELECT booking_id, e.currency,
            -- Payouts apart: those are between the provider and the host.
            sum(amount_minor) FILTER (WHERE account = 'provider_balance' AND m.kind NOT IN ('payout', 'payout_reversed'))
                AS provider_balance,
            sum(amount_minor) FILTER (WHERE account = 'host_payable' AND m.kind IN ('payout', 'payout_reversed')) AS payouts,
            sum(amount_minor) FILTER (WHERE account = 'guest_funds') AS guest_funds,
            sum(amount_minor) FILTER (WHERE account = 'guest_fee_revenue') AS guest_fee_revenue,
            sum(amount_minor) FILTER (WHERE account = 'host_fee_revenue') AS host_fee_revenue,
            sum(amount_minor) FILTER (WHERE account = 'tax_payable') AS tax_payable,
            sum(amount_minor) FILTER (WHERE account = 'rounding') AS rounding,
            sum(amount_minor) FILTER (WHERE account = 'refund_payable') AS refund_payable,
            sum(amount_minor) FILTER (WHERE account = 'provider_fees') AS provider_fees,
            sum(amount_minor) FILTER (WHERE account = 'disputes') AS disputes,
            sum(amount_minor) FILTER (WHERE account = 'suspense') AS suspense
        FROM scope JOIN ledger_entries e USING (booking_id) JOIN ledger_movements m ON m.id = e.movement_id
        GROUP BY booking_id, e.currency
    ), compared AS (
        SELECT both_sides.booking_id, both_sides.currency, b.status, b.confirmed_at IS NOT NULL AS was_confirmed,
            coalesce(captured, 0) - coalesce(refunded, 0) - coalesce(withdrawn, 0) - coalesce(fees, 0) AS at_provider,
            coalesce(pending, 0) AS pending, coalesce(apart, 0) AS apart, coalesce(failed, 0) AS failed,
            coalesce(fees, 0) AS fees, coalesce(contested, 0) AS contested,
            coalesce(withdrawn, 0) - coalesce(contested, 0) AS lost,
            coalesce(paid_out, 0) AS paid_out, coalesce(payouts, 0) AS payouts,
            coalesce(captured, 0) - coalesce(refunded, 0) - coalesce(pending, 0) - coalesce(apart, 0) AS kept,
            coalesce(provider_balance, 0) AS provider_balance, coalesce(refund_payable, 0) AS refund_payable,
            coalesce(provider_fees, 0) AS provider_fees, coalesce(suspense, 0) AS suspense,
            coalesce(disputes, 0) AS disputes, -coalesce(guest_funds, 0) AS guest_funds,
            -coalesce(guest_fee_revenue, 0) AS guest_fee, -coalesce(host_fee_revenue, 0) AS host_fee,
            -coalesce(tax_payable, 0) AS taxes, -coalesce(rounding, 0) AS rounding,
            CASE WHEN b.currency = both_sides.currency THEN (b.price->'guest_fee'->>'amount')::bigint ELSE 0 END AS price_guest_fee,
            CASE WHEN b.currency = both_sides.currency THEN (b.price->'host_fee'->>'amount')::bigint ELSE 0 END AS price_host_fee,
            CASE WHEN b.currency = both_sides.currency THEN (b.price->'taxes'->>'amount')::bigint ELSE 0 END AS price_taxes,
            CASE WHEN b.currency = both_sides.currency THEN b.total_minor - (b.price->'subtotal'->>'amount')::bigint
                     - (b.price->'guest_fee'->>'amount')::bigint - (b.price->'taxes'->>'amount')::bigint ELSE 0
            END AS price_rounding
        FROM (SELECT * FROM moved FULL JOIN books USING (booking_id, currency)) AS both_sides
            JOIN bookings b ON b.id = both_sides.booking_id
    ), judged AS (
        SELECT *,
            -- Nothing earned: never confirmed, or all that is kept is the guest's.
            NOT was_confirmed OR (guest_funds + lost >= kept AND guest_fee = 0 AND host_fee = 0 AND taxes = 0) AS nothing_earned,
            status = 'cancelled' AS is_part
        FROM compared
    )
    SELECT rule, booking_id, currency::text AS currency, expected::bigint AS expected, posted::bigint AS posted
    FROM judged, LATERAL (VALUES
        ('provider_balance', at_provider, provider_balance),
        ('payouts', paid_out, payouts),
        ('refund_payable', -pending, refund_payable),
        ('provider_fees', fees, provider_fees),
        ('suspense', -apart, suspense),
        ('disputes', contested, disputes),
        ('guest_funds', -greatest(0, least(guest_funds, failed + contested)), -guest_funds),
        ('guest_fee_revenue',
            -CASE WHEN nothing_earned THEN 0 WHEN is_part THEN greatest(0, least(guest_fee, price_guest_fee))
                  ELSE price_guest_fee END, -guest_fee),
        ('host_fee_revenue',
            -CASE WHEN nothing_earned THEN 0 WHEN is_part THEN greatest(0, least(host_fee, price_host_fee))
                  ELSE price_host_fee END, -host_fee),
        ('tax_payable',
            -CASE WHEN nothing_earned THEN 0 WHEN is_part THEN greatest(0, least(taxes, price_taxes))
                  ELSE price_taxes END, -taxes),
        ('rounding', -CASE WHEN nothing_earned THEN 0 WHEN is_part THEN rounding ELSE price_rounding END, -rounding)
    ) AS rules (rule, expected, posted)
    WHERE expected <> posted
    LIMIT $2";
