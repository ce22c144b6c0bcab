//! What the books say of a host's money, with what is under way counted as if it were done. Read only.

use domain::error::Result;
use domain::id::{BookingId, UserId};
use domain::money::{Currency, Money};

use crate::row::RowExt;
use crate::tx::Queries;

/// Where a booking stands with its host, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Earned, and not given back or lost since.
    pub earned: i64,
    /// Paid or on its way, less what was taken back, is being, or was kept from other payouts.
    pub moved: i64,
    /// Taken by the guest's bank, and contested.
    pub disputed: i64,
}

impl Position {
    /// What the host owes: more was paid than earned.
    pub fn debt(self) -> i64 {
        (self.moved - self.earned).max(0)
    }
}

/// Where a booking stands with its host.
pub async fn position(queries: &impl Queries, booking_id: BookingId, currency: Currency) -> Result<Position> {
    let sql = "-- payouts.position
               SELECT earned, disputed,
                   paid + (SELECT coalesce(sum(p.amount_minor), 0) FROM payouts p
                           WHERE p.booking_id = $1 AND p.status = 'sending')::bigint
                        - (SELECT coalesce(sum(s.amount_minor), 0) FROM payout_set_offs s JOIN payouts p ON p.id = s.payout_id
                           WHERE s.booking_id = $1 AND p.status = 'sending')::bigint
                        - (SELECT coalesce(sum(r.amount_minor), 0) FROM payout_reversals r JOIN payouts p ON p.id = r.payout_id
                           WHERE p.booking_id = $1 AND r.status = 'pending')::bigint AS moved
               FROM (SELECT
                   -coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'host_payable'
                             AND m.kind NOT IN ('payout', 'payout_reversed')), 0)::bigint AS earned,
                   coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'host_payable'
                            AND m.kind IN ('payout', 'payout_reversed')), 0)::bigint AS paid,
                   coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'disputes'), 0)::bigint AS disputed
                   FROM ledger_entries e JOIN ledger_movements m ON m.id = e.movement_id
                   WHERE e.booking_id = $1 AND e.currency = $2) books";
    let row = queries.row(sql, &[&booking_id.uuid(), &currency.code()]).await?;
    row.map_or(Ok(Position::default()), |row| {
        Ok(Position { earned: row.read("earned")?, moved: row.read("moved")?, disputed: row.read("disputed")? })
    })
}

/// What a host owes from bookings other than `except`, oldest first, minor units above nothing. What is being taken
/// back or kept already is not owed again.
pub async fn debts_of_host(
    queries: &impl Queries,
    host_id: UserId,
    currency: Currency,
    except: BookingId,
) -> Result<Vec<(BookingId, i64)>> {
    let sql = "-- payouts.debts_of_host
               SELECT booking_id, owed FROM (
                   SELECT e.booking_id, sum(e.amount_minor)::bigint
                       - (SELECT coalesce(sum(s.amount_minor), 0) FROM payout_set_offs s JOIN payouts p ON p.id = s.payout_id
                          WHERE s.booking_id = e.booking_id AND p.status = 'sending')::bigint
                       - (SELECT coalesce(sum(r.amount_minor), 0) FROM payout_reversals r JOIN payouts p ON p.id = r.payout_id
                          WHERE p.booking_id = e.booking_id AND r.status = 'pending')::bigint AS owed
                   FROM ledger_movements m JOIN ledger_entries e ON e.movement_id = m.id
                   WHERE m.host_id = $1 AND e.account = 'host_payable' AND e.currency = $2 AND e.booking_id <> $3
                   GROUP BY e.booking_id) debts
               WHERE owed > 0 ORDER BY booking_id";
    let rows = queries.rows(sql, &[&host_id.uuid(), &currency.code(), &except.uuid()]).await?;
    rows.iter().map(|row| Ok((BookingId::from_uuid(row.read("booking_id")?), row.read("owed")?))).collect()
}

/// The intent of a booking that brought enough for `amount` beside what was sent of its money before. None that the
/// provider has converted, which shows in its fee: a transfer in the old currency can't be of it.
pub async fn source_intent(queries: &impl Queries, booking_id: BookingId, amount: Money) -> Result<Option<String>> {
    let sql = "-- payouts.source_intent
               SELECT intent_id FROM payments p
               WHERE booking_id = $1 AND status = 'succeeded' AND quarantined_at IS NULL AND currency = $2
                   AND coalesce(fee_currency, currency) = currency
                   AND captured_minor - refunded_minor >= $3::bigint + (
                       SELECT coalesce(sum(o.amount_minor - o.withheld_minor - o.reversed_minor), 0) FROM payouts o
                       WHERE o.booking_id = $1 AND o.source_intent_id = p.intent_id
                           AND o.status IN ('sending', 'sent', 'reversed'))
               ORDER BY captured_minor DESC, id LIMIT 1";
    let row = queries.row(sql, &[&booking_id.uuid(), &amount.currency.code(), &amount.amount]).await?;
    row.map(|row| row.read("intent_id")).transpose()
}
