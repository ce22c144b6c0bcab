//! The tables `payouts`, `payout_set_offs` and `payouts_to_plan`. What is paid is decided by [`domain::payout`] and the
//! books; what is taken back is in [`crate::payout_reversals`].

use domain::error::Result;
use domain::id::{BookingId, PayoutId, UserId};
use domain::money::{Currency, Money};
use domain::payout::{Instalment, PayoutStatus};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

mod earnings;

pub use earnings::{Position, debts_of_host, position, source_intent};

/// A part of what a stay earned, on its way to the host.
#[derive(Clone, Debug)]
pub struct Payout {
    /// Identity; with `attempt` the provider's idempotency key.
    pub id: PayoutId,
    /// Whose money.
    pub host_id: UserId,
    /// What earned it.
    pub booking_id: BookingId,
    /// Which part of that, from 1.
    pub instalment: i16,
    /// Where it stands.
    pub status: PayoutStatus,
    /// What the part is.
    pub amount: Money,
    /// What of it is kept against debts.
    pub withheld: Money,
    /// What of the rest was taken back after it was sent.
    pub reversed: Money,
    /// From when on it can be sent.
    pub due_at: Timestamp,
    /// The provider's name of the host's account it was sent to.
    pub account_id: Option<String>,
    /// The intent whose money was sent.
    pub source_intent_id: Option<String>,
    /// Which attempt this is; 0 before the first.
    pub attempt: i32,
    /// The provider's name of the transfer.
    pub transfer_id: Option<String>,
    /// Why the provider refused it last.
    pub failure: Option<String>,
    /// When it was sent, or kept.
    pub sent_at: Option<Timestamp>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payout {
    /// What is sent, or was.
    #[must_use]
    pub fn to_send(&self) -> Money {
        Money::new(self.amount.amount - self.withheld.amount, self.amount.currency)
    }
}

/// Which payouts of a host.
#[derive(Clone, Debug)]
pub struct ListFilter {
    /// Whose.
    pub host_id: UserId,
    /// Only those of this booking.
    pub booking_id: Option<BookingId>,
    /// Only this state.
    pub status: Option<PayoutStatus>,
    /// Only those planned before this one.
    pub before: Option<PayoutId>,
    /// At most so many.
    pub limit: i64,
}

/// What a transfer is to be made with.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// The host's account.
    pub account_id: &'a str,
    /// The intent whose money it is.
    pub source_intent_id: Option<&'a str>,
    /// The debts it is reduced by, minor units above nothing; never more than the payout together.
    pub set_offs: &'a [(BookingId, i64)],
}

const COLUMNS: &str = "id, host_id, booking_id, instalment, status, currency::text AS currency, amount_minor, \
                       withheld_minor, reversed_minor, due_at, account_id, source_intent_id, attempt, transfer_id, \
                       failure, sent_at, created_at, updated_at";

/// Bookings whose payouts are to be planned anew, those first that wait longest.
pub async fn bookings_to_plan(queries: &impl Queries, limit: i64) -> Result<Vec<BookingId>> {
    let sql = "-- payouts.bookings_to_plan
               SELECT booking_id FROM payouts_to_plan ORDER BY since LIMIT $1";
    let rows = queries.rows(sql, &[&limit]).await?;
    rows.iter().map(|row| Ok(BookingId::from_uuid(row.read("booking_id")?))).collect()
}

/// Notes that a booking's payouts are being planned: what is changed from now on asks for another plan.
pub async fn take_to_plan(tx: &Tx, booking_id: BookingId) -> Result<()> {
    let sql = "-- payouts.take_to_plan\nDELETE FROM payouts_to_plan WHERE booking_id = $1";
    tx.execute(sql, &[&booking_id.uuid()]).await?;
    Ok(())
}

/// The parts of a booking that are paid, kept or on their way.
pub async fn settled_instalments(tx: &Tx, booking_id: BookingId) -> Result<Vec<i16>> {
    let sql = "-- payouts.settled_instalments
               SELECT instalment FROM payouts
               WHERE booking_id = $1 AND status IN ('sending', 'sent', 'withheld', 'reversed')";
    tx.rows(sql, &[&booking_id.uuid()]).await?.iter().map(|row| row.read("instalment")).collect()
}

/// Keeps a booking's plan: parts that are open are made, changed or given up by it.
pub async fn keep_plan(
    tx: &Tx,
    host_id: UserId,
    booking_id: BookingId,
    currency: Currency,
    plan: &[Instalment],
) -> Result<()> {
    let give_up = "-- payouts.give_up
                   UPDATE payouts SET status = 'canceled', updated_at = app_now()
                   WHERE booking_id = $1 AND status IN ('pending', 'failed') AND instalment <> ALL($2)";
    let numbers: Vec<i16> = plan.iter().map(|part| part.number).collect();
    tx.execute(give_up, &[&booking_id.uuid(), &numbers]).await?;
    let sql = "-- payouts.plan
               INSERT INTO payouts (id, host_id, booking_id, instalment, currency, amount_minor, due_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT ON CONSTRAINT payouts_instalment_unique DO UPDATE
               SET amount_minor = EXCLUDED.amount_minor, due_at = EXCLUDED.due_at, updated_at = app_now(),
                   status = CASE payouts.status WHEN 'canceled' THEN 'pending' ELSE payouts.status END
               WHERE payouts.status IN ('pending', 'failed', 'canceled')
                   AND (payouts.amount_minor, payouts.due_at, payouts.status)
                       IS DISTINCT FROM (EXCLUDED.amount_minor, EXCLUDED.due_at, 'pending')";
    for part in plan {
        let (id, host, booking) = (PayoutId::new().uuid(), host_id.uuid(), booking_id.uuid());
        let code = currency.code();
        tx.execute(sql, &[&id, &host, &booking, &part.number, &code, &part.amount_minor, &part.due_at]).await?;
    }
    Ok(())
}

/// Payouts that can be sent: due, and of hosts who can be paid.
pub async fn due(queries: &impl Queries, limit: i64) -> Result<Vec<Payout>> {
    let sql = format!(
        "-- payouts.due
         SELECT {COLUMNS} FROM payouts p
         WHERE status IN ('pending', 'failed') AND due_at <= app_now() AND retry_at <= app_now()
             AND EXISTS (SELECT 1 FROM payout_accounts a WHERE a.user_id = p.host_id AND a.status = 'enabled')
         ORDER BY due_at, id LIMIT $1"
    );
    queries.rows(&sql, &[&limit]).await?.iter().map(from_row).collect()
}

/// A payout that is due still, locked.
pub async fn find_due_for_update(tx: &Tx, id: PayoutId) -> Result<Option<Payout>> {
    let sql = format!(
        "-- payouts.find_due_for_update
         SELECT {COLUMNS} FROM payouts
         WHERE id = $1 AND status IN ('pending', 'failed') AND due_at <= app_now() AND retry_at <= app_now()
         FOR NO KEY UPDATE"
    );
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// Begins an attempt to send a payout that this transaction has locked: it is the caller's for so long.
pub async fn start(tx: &Tx, id: PayoutId, start: &Start<'_>, claim_seconds: f64) -> Result<Option<Payout>> {
    keep_set_offs(tx, id, start.set_offs).await?;
    let sql = format!(
        "-- payouts.start
         UPDATE payouts SET status = 'sending', attempt = attempt + 1, account_id = $2, source_intent_id = $3,
             withheld_minor = $4, claimed_until = clock_timestamp() + make_interval(secs => $5), updated_at = app_now()
         WHERE id = $1 AND status IN ('pending', 'failed')
         RETURNING {COLUMNS}"
    );
    let withheld: i64 = start.set_offs.iter().map(|(_, amount)| amount).sum();
    let params: crate::tx::Params<'_> =
        &[&id.uuid(), &start.account_id, &start.source_intent_id, &withheld, &claim_seconds];
    tx.row(&sql, params).await?.as_ref().map(from_row).transpose()
}

/// Keeps a payout whole against debts; nothing is sent.
pub async fn withhold(tx: &Tx, id: PayoutId, set_offs: &[(BookingId, i64)]) -> Result<()> {
    keep_set_offs(tx, id, set_offs).await?;
    let sql = "-- payouts.withhold
               UPDATE payouts SET status = 'withheld', withheld_minor = amount_minor, sent_at = app_now(),
                   updated_at = app_now()
               WHERE id = $1 AND status IN ('pending', 'failed')";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}

async fn keep_set_offs(tx: &Tx, id: PayoutId, set_offs: &[(BookingId, i64)]) -> Result<()> {
    let sql = "-- payouts.keep_set_offs
               INSERT INTO payout_set_offs (payout_id, booking_id, amount_minor)
               SELECT $1, booking_id, amount_minor FROM unnest($2::uuid[], $3::bigint[]) AS s (booking_id, amount_minor)";
    let bookings: Vec<uuid::Uuid> = set_offs.iter().map(|(booking, _)| booking.uuid()).collect();
    let amounts: Vec<i64> = set_offs.iter().map(|(_, amount)| *amount).collect();
    tx.execute(sql, &[&id.uuid(), &bookings, &amounts]).await?;
    Ok(())
}

/// The debts that a payout was reduced by.
pub async fn set_offs(queries: &impl Queries, id: PayoutId) -> Result<Vec<(BookingId, i64)>> {
    let sql = "-- payouts.set_offs
               SELECT booking_id, amount_minor FROM payout_set_offs WHERE payout_id = $1 ORDER BY booking_id";
    let rows = queries.rows(sql, &[&id.uuid()]).await?;
    rows.iter().map(|row| Ok((BookingId::from_uuid(row.read("booking_id")?), row.read("amount_minor")?))).collect()
}

/// Waits with a payout that this transaction has locked.
pub async fn postpone(tx: &Tx, id: PayoutId, hours: i32) -> Result<()> {
    let sql = "-- payouts.postpone
               UPDATE payouts SET retry_at = app_now() + make_interval(hours => $2) WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &hours]).await?;
    Ok(())
}

/// Payouts under way whose outcome nobody has learned in time. They are the caller's for so long.
pub async fn claim_unknown(tx: &Tx, claim_seconds: f64, limit: i64) -> Result<Vec<Payout>> {
    let sql = format!(
        "-- payouts.claim_unknown
         UPDATE payouts SET claimed_until = clock_timestamp() + make_interval(secs => $1)
         WHERE id IN (SELECT id FROM payouts WHERE status = 'sending' AND claimed_until <= clock_timestamp()
                      ORDER BY claimed_until LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    );
    tx.rows(&sql, &[&claim_seconds, &limit]).await?.iter().map(from_row).collect()
}

/// Marks an attempt as sent; none when that is known already.
pub async fn complete(tx: &Tx, id: PayoutId, attempt: i32, transfer_id: &str) -> Result<Option<Payout>> {
    let sql = format!(
        "-- payouts.complete
         UPDATE payouts SET status = 'sent', transfer_id = $3, failure = NULL, sent_at = app_now(), updated_at = app_now()
         WHERE id = $1 AND attempt = $2 AND status = 'sending'
         RETURNING {COLUMNS}"
    );
    tx.row(&sql, &[&id.uuid(), &attempt, &transfer_id]).await?.as_ref().map(from_row).transpose()
}

/// Marks an attempt as refused, to be tried again after 1, 2, 4 hours and so on, at most 16; says whether that is news.
pub async fn fail(tx: &Tx, id: PayoutId, attempt: i32, failure: &str) -> Result<bool> {
    let sql = "-- payouts.fail
               UPDATE payouts SET status = 'failed', failure = $3, withheld_minor = 0, updated_at = app_now(),
                   retry_at = app_now() + make_interval(hours => (2 ^ least(attempt - 1, 4))::integer)
               WHERE id = $1 AND attempt = $2 AND status = 'sending'";
    if tx.execute(sql, &[&id.uuid(), &attempt, &failure]).await? == 0 {
        return Ok(false);
    }
    tx.execute("-- payouts.drop_set_offs\nDELETE FROM payout_set_offs WHERE payout_id = $1", &[&id.uuid()]).await?;
    Ok(true)
}

/// Lets a host's refused payouts be tried again at once: the account has changed.
pub async fn retry_of_host(tx: &Tx, host_id: UserId) -> Result<()> {
    let sql = "-- payouts.retry_of_host
               UPDATE payouts SET retry_at = app_now() WHERE host_id = $1 AND status = 'failed'";
    tx.execute(sql, &[&host_id.uuid()]).await?;
    Ok(())
}

/// The payout of this id.
pub async fn find(queries: &impl Queries, id: PayoutId) -> Result<Option<Payout>> {
    let sql = format!("-- payouts.find\nSELECT {COLUMNS} FROM payouts WHERE id = $1");
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// A page of a host's payouts, newest first.
pub async fn list(queries: &impl Queries, filter: &ListFilter) -> Result<Vec<Payout>> {
    let sql = format!(
        "-- payouts.list
         SELECT {COLUMNS} FROM payouts
         WHERE host_id = $1 AND ($2::uuid IS NULL OR booking_id = $2) AND ($3::text IS NULL OR status = $3)
             AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5"
    );
    let (booking, before) = (filter.booking_id.map(|id| id.uuid()), filter.before.map(|id| id.uuid()));
    let status = filter.status.map(PayoutStatus::as_str);
    let rows = queries.rows(&sql, &[&filter.host_id.uuid(), &booking, &status, &before, &filter.limit]).await?;
    rows.iter().map(from_row).collect()
}

/// How many payouts a host still waits for: while there is one the account can't be erased.
pub async fn count_open(queries: &impl Queries, host_id: UserId) -> Result<i64> {
    let sql = "-- payouts.count_open
               SELECT count(*) AS open FROM payouts
               WHERE host_id = $1 AND status IN ('pending', 'sending', 'failed')";
    queries.row(sql, &[&host_id.uuid()]).await?.map_or(Ok(0), |row| row.read("open"))
}

fn from_row(row: &Row) -> Result<Payout> {
    let currency: Currency = row.parse("currency")?;
    let money = |column: &str| row.read(column).map(|amount| Money::new(amount, currency));
    Ok(Payout {
        id: PayoutId::from_uuid(row.read("id")?),
        host_id: UserId::from_uuid(row.read("host_id")?),
        booking_id: BookingId::from_uuid(row.read("booking_id")?),
        instalment: row.read("instalment")?,
        status: row.parse("status")?,
        amount: money("amount_minor")?,
        withheld: money("withheld_minor")?,
        reversed: money("reversed_minor")?,
        due_at: row.read("due_at")?,
        account_id: row.read("account_id")?,
        source_intent_id: row.read("source_intent_id")?,
        attempt: row.read("attempt")?,
        transfer_id: row.read("transfer_id")?,
        failure: row.read("failure")?,
        sent_at: row.read("sent_at")?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
