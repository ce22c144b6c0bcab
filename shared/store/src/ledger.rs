//! The tables `ledger_movements` and `ledger_entries`: appended to, never changed. What is posted is worked out by
//! [`domain::ledger`].

use domain::error::Result;
use domain::id::BookingId;
use domain::ledger::{Account, Movement, MovementKind, Split, Standing};
use domain::money::{Currency, Money};

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// Posts a movement; false, and nothing is done, when its source was posted before or nothing moved. The transaction
/// can't commit when the entries of a movement do not sum to zero.
pub async fn post(tx: &Tx, movement: &Movement) -> Result<bool> {
    if movement.entries.is_empty() {
        return Ok(false);
    }
    let id = uuid::Uuid::now_v7();
    let sql = "-- ledger.post
               INSERT INTO ledger_movements (id, source, kind, host_id) VALUES ($1, $2, $3, $4)
               ON CONFLICT ON CONSTRAINT ledger_movements_source_unique DO NOTHING";
    let (kind, host) = (movement.kind.as_str(), movement.host_id.uuid());
    if tx.execute(sql, &[&id, &movement.source, &kind, &host]).await? == 0 {
        return Ok(false);
    }
    let accounts: Vec<&str> = movement.entries.iter().map(|entry| entry.account.as_str()).collect();
    let bookings: Vec<uuid::Uuid> = movement.entries.iter().map(|entry| entry.booking_id.uuid()).collect();
    let currencies: Vec<&str> = movement.entries.iter().map(|entry| entry.amount.currency.code()).collect();
    let amounts: Vec<i64> = movement.entries.iter().map(|entry| entry.amount.amount).collect();
    let sql = "-- ledger.post_entries
               INSERT INTO ledger_entries (movement_id, line, account, booking_id, currency, amount_minor)
               SELECT $1, line - 1, account, booking_id, currency, amount_minor
               FROM unnest($2::text[], $3::uuid[], $4::text[], $5::bigint[])
                   WITH ORDINALITY AS entry (account, booking_id, currency, amount_minor, line)";
    tx.execute(sql, &[&id, &accounts, &bookings, &currencies, &amounts]).await?;
    Ok(true)
}

/// What refunds of a booking may take; whoever decides one has the booking's row locked.
pub async fn standing(queries: &impl Queries, booking_id: BookingId, currency: Currency) -> Result<Standing> {
    let sql = "-- ledger.standing
               SELECT e.account, -sum(e.amount_minor)::bigint AS owed
               FROM ledger_entries e JOIN ledger_movements m ON m.id = e.movement_id
               WHERE e.booking_id = $1 AND e.currency = $2
                   AND NOT (e.account = 'host_payable' AND m.kind = ANY($3))
               GROUP BY e.account";
    let apart: Vec<&str> =
        MovementKind::ALL.iter().filter(|kind| !kind.is_standing()).map(|kind| kind.as_str()).collect();
    let mut standing = Standing::default();
    let Standing { guest_funds, earned: Split { host, host_fee, guest_fee, taxes, rounding } } = &mut standing;
    for row in queries.rows(sql, &[&booking_id.uuid(), &currency.code(), &apart]).await? {
        let owed = row.read("owed")?;
        match row.parse("account")? {
            Account::GuestFunds => *guest_funds = owed,
            Account::HostPayable => *host = owed,
            Account::HostFeeRevenue => *host_fee = owed,
            Account::GuestFeeRevenue => *guest_fee = owed,
            Account::TaxPayable => *taxes = owed,
            Account::Rounding => *rounding = owed,
            _ => {}
        }
    }
    Ok(standing)
}

/// The balances of a booking that are not nothing, debit positive.
pub async fn balances_of_booking(queries: &impl Queries, booking_id: BookingId) -> Result<Vec<(Account, Money)>> {
    let sql = "-- ledger.balances_of_booking
               SELECT account, currency::text AS currency, sum(amount_minor)::bigint AS balance
               FROM ledger_entries WHERE booking_id = $1
               GROUP BY account, currency HAVING sum(amount_minor) <> 0 ORDER BY account, currency";
    let rows = queries.rows(sql, &[&booking_id.uuid()]).await?;
    let balance = |row| -> Result<_> {
        let row: &tokio_postgres::Row = row;
        Ok((row.parse("account")?, Money::new(row.read("balance")?, row.parse("currency")?)))
    };
    rows.iter().map(balance).collect()
}
