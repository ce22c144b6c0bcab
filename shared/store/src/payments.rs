//! The table `payments`; what goes back of them is in `refunds.rs`.

use domain::error::Result;
use domain::id::{BookingId, ChangeId, PaymentId, UserId};
use domain::money::{Currency, Money};
use domain::payment::IntentStatus;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What the provider must still be told about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Take what the card was authorised for.
    Capture,
    /// Give the attempt up.
    Cancel,
}

impl Instruction {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Cancel => "cancel",
        }
    }
}

/// An attempt to pay for a booking.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Identity, and the provider's idempotency key.
    pub id: PaymentId,
    /// What is paid for.
    pub booking_id: BookingId,
    /// The change of the booking whose difference it is; none for the stay itself.
    pub change_id: Option<ChangeId>,
    /// Who pays.
    pub payer_id: UserId,
    /// The provider's PaymentIntent, once it has answered.
    pub intent_id: Option<String>,
    /// Where the attempt stands at the provider, as far as we know.
    pub status: IntentStatus,
    /// Whether the host's answer captures.
    pub manual_capture: bool,
    /// What is asked for.
    pub amount: Money,
    /// What was captured, minor units.
    pub captured_minor: i64,
    /// What the provider has given back, minor units.
    pub refunded_minor: i64,
    /// The currency of what was captured: another than asked for only in quarantine.
    pub captured_currency: Currency,
    /// Whether the money was not what was asked for, so that only people decide about it.
    pub quarantined: bool,
    /// Whether the guest's bank contests it, or took it for good.
    pub disputed: bool,
    /// What the provider must still be told.
    pub instruction: Option<Instruction>,
    /// When the reconciler last took it on; long ago where something is to be told at once.
    pub asked_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

pub(crate) const COLUMNS: &str = "id, booking_id, change_id, payer_id, intent_id, status, manual_capture, amount_minor, currency::text, \
                       captured_minor, refunded_minor, coalesce(captured_currency, currency)::text AS captured_currency, \
                       quarantined_at IS NOT NULL AS quarantined, disputed, instruction, asked_at, created_at, updated_at";

/// What a new attempt needs.
#[derive(Clone, Copy, Debug)]
pub struct NewPayment {
    /// What is paid for.
    pub booking_id: BookingId,
    /// The change whose difference it is; none for the stay itself.
    pub change_id: Option<ChangeId>,
    /// Who pays.
    pub payer_id: UserId,
    /// How much.
    pub amount: Money,
    /// Whether the host's answer captures.
    pub manual_capture: bool,
}

/// Makes an attempt; none when one is open for the booking.
pub async fn insert(tx: &Tx, new: &NewPayment) -> Result<Option<Payment>> {
    let sql = format!(
        "-- payments.insert
         INSERT INTO payments (id, booking_id, payer_id, amount_minor, currency, manual_capture, change_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (booking_id) WHERE status NOT IN ('succeeded', 'canceled') DO NOTHING
         RETURNING {COLUMNS}"
    );
    let id = PaymentId::new().uuid();
    let (amount_minor, currency) = (new.amount.amount, new.amount.currency.code());
    let (booking, payer, change) = (new.booking_id.uuid(), new.payer_id.uuid(), new.change_id.map(|id| id.uuid()));
    let row = tx.row(&sql, &[&id, &booking, &payer, &amount_minor, &currency, &new.manual_capture, &change]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The payment of this id.
pub async fn find(queries: &impl Queries, id: PaymentId) -> Result<Option<Payment>> {
    let sql = format!("-- payments.find\nSELECT {COLUMNS} FROM payments WHERE id = $1");
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The payment the provider has this intent for.
pub async fn find_of_intent(queries: &impl Queries, intent_id: &str) -> Result<Option<Payment>> {
    let sql = format!("-- payments.find_of_intent\nSELECT {COLUMNS} FROM payments WHERE intent_id = $1");
    queries.row(&sql, &[&intent_id]).await?.as_ref().map(from_row).transpose()
}

/// Whether anything was ever captured.
pub async fn any_captured(queries: &impl Queries) -> Result<bool> {
    let sql = "-- payments.any_captured\nSELECT EXISTS (SELECT 1 FROM payments WHERE status = 'succeeded') AS any";
    queries.row(sql, &[]).await?.map_or(Ok(false), |row| row.read("any"))
}

/// The same, and nobody changes it until this transaction ends.
pub async fn find_for_update(tx: &Tx, id: PaymentId) -> Result<Option<Payment>> {
    let sql = format!("-- payments.find_for_update\nSELECT {COLUMNS} FROM payments WHERE id = $1 FOR NO KEY UPDATE");
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The attempt that is open for a booking.
pub async fn find_open(queries: &impl Queries, booking_id: BookingId) -> Result<Option<Payment>> {
    let sql = format!(
        "-- payments.find_open
         SELECT {COLUMNS} FROM payments WHERE booking_id = $1 AND status NOT IN ('succeeded', 'canceled')"
    );
    queries.row(&sql, &[&booking_id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The attempts that brought money of a booking, newest first, locked.
pub async fn captured_for_update(tx: &Tx, booking_id: BookingId) -> Result<Vec<Payment>> {
    let sql = format!(
        "-- payments.captured_for_update
         SELECT {COLUMNS} FROM payments WHERE booking_id = $1 AND status = 'succeeded' AND quarantined_at IS NULL
         ORDER BY id DESC FOR NO KEY UPDATE"
    );
    tx.rows(&sql, &[&booking_id.uuid()]).await?.iter().map(from_row).collect()
}

/// All attempts for a booking, newest first.
pub async fn list_of_booking(queries: &impl Queries, booking_id: BookingId) -> Result<Vec<Payment>> {
    let sql =
        format!("-- payments.list_of_booking\nSELECT {COLUMNS} FROM payments WHERE booking_id = $1 ORDER BY id DESC");
    queries.rows(&sql, &[&booking_id.uuid()]).await?.iter().map(from_row).collect()
}

/// All attempts for these bookings, newest first.
pub async fn list_of_bookings(queries: &impl Queries, booking_ids: &[BookingId]) -> Result<Vec<Payment>> {
    let sql = format!(
        "-- payments.list_of_bookings\nSELECT {COLUMNS} FROM payments WHERE booking_id = ANY($1) ORDER BY id DESC"
    );
    let ids: Vec<uuid::Uuid> = booking_ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids]).await?.iter().map(from_row).collect()
}

/// Attempts the reconciler should ask the provider about: those with an instruction, and those that are open and were
/// not asked about for a while. They count as asked about from now.
pub async fn claim_unsettled(tx: &Tx, not_asked_for_seconds: f64, limit: i64) -> Result<Vec<Payment>> {
    let sql = format!(
        "-- payments.claim_unsettled
         UPDATE payments SET asked_at = clock_timestamp()
         WHERE id IN (SELECT id FROM payments
                      WHERE (instruction IS NOT NULL OR status NOT IN ('succeeded', 'canceled'))
                          AND quarantined_at IS NULL
                          AND asked_at <= clock_timestamp() - make_interval(secs => $1)
                      ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    );
    tx.rows(&sql, &[&not_asked_for_seconds, &limit]).await?.iter().map(from_row).collect()
}

/// Keeps the provider's id of an attempt; the one that is there already is never replaced.
pub async fn set_intent(tx: &Tx, id: PaymentId, intent_id: &str) -> Result<()> {
    let sql = "-- payments.set_intent
               UPDATE payments SET intent_id = $2, updated_at = app_now() WHERE id = $1 AND intent_id IS NULL";
    tx.execute(sql, &[&id.uuid(), &intent_id]).await?;
    Ok(())
}

/// Keeps what the provider said.
pub async fn set_status(tx: &Tx, id: PaymentId, status: IntentStatus, captured_minor: i64) -> Result<()> {
    let sql = "-- payments.set_status
               UPDATE payments SET status = $2, captured_minor = $3, updated_at = app_now(),
                   instruction = CASE WHEN $2 IN ('succeeded', 'canceled') THEN NULL ELSE instruction END
               WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &status.as_str(), &captured_minor]).await?;
    Ok(())
}

/// Sets money apart that is not what was asked for; only people decide about it.
pub async fn quarantine(tx: &Tx, id: PaymentId, status: IntentStatus, captured: Money) -> Result<()> {
    let sql = "-- payments.quarantine
               UPDATE payments SET status = $2, captured_minor = $3, captured_currency = $4, instruction = NULL,
                   updated_at = app_now(), quarantined_at = coalesce(quarantined_at, app_now())
               WHERE id = $1";
    let currency = captured.currency.code();
    tx.execute(sql, &[&id.uuid(), &status.as_str(), &captured.amount, &currency]).await?;
    Ok(())
}

/// Keeps what the provider charged for a payment; false when that was known.
pub async fn set_fee(tx: &Tx, id: PaymentId, fee: Money) -> Result<bool> {
    let sql = "-- payments.set_fee
               UPDATE payments SET fee_minor = $2, fee_currency = $3, updated_at = app_now()
               WHERE id = $1 AND fee_minor IS NULL";
    Ok(tx.execute(sql, &[&id.uuid(), &fee.amount, &fee.currency.code()]).await? == 1)
}

/// Captured payments whose fee is not known, and that were not asked about for a while. They count as asked about from
/// now.
pub async fn claim_without_fee(tx: &Tx, not_asked_for_seconds: f64, limit: i64) -> Result<Vec<Payment>> {
    let sql = format!(
        "-- payments.claim_without_fee
         UPDATE payments SET asked_at = clock_timestamp()
         WHERE id IN (SELECT id FROM payments
                      WHERE status = 'succeeded' AND fee_minor IS NULL
                          AND asked_at <= clock_timestamp() - make_interval(secs => $1)
                      ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    );
    tx.rows(&sql, &[&not_asked_for_seconds, &limit]).await?.iter().map(from_row).collect()
}

/// Whether money for a booking came in another amount or currency than asked for.
pub async fn has_quarantined(tx: &Tx, booking_id: BookingId) -> Result<bool> {
    let sql = "-- payments.has_quarantined
               SELECT EXISTS (SELECT 1 FROM payments
                              WHERE booking_id = $1 AND quarantined_at IS NOT NULL AND status <> 'canceled') AS held";
    tx.row(sql, &[&booking_id.uuid()]).await?.map_or(Ok(false), |row| row.read("held"))
}

/// Keeps the provider's name of a failure; true when it is another than before.
pub async fn note_failure(tx: &Tx, id: PaymentId, failure: &str) -> Result<bool> {
    let sql = "-- payments.note_failure
               UPDATE payments SET last_failure = $2, updated_at = app_now()
               WHERE id = $1 AND last_failure IS DISTINCT FROM $2";
    Ok(tx.execute(sql, &[&id.uuid(), &failure]).await? == 1)
}

/// Gives up the open attempts of bookings and changes that no longer wait for money, also those that were to be captured;
/// the next pass tells the provider. Bookings are locked before their payments, as by everybody who needs both; those
/// that somebody is at are left to the next pass.
pub async fn cancel_of_ended_bookings(tx: &Tx) -> Result<u64> {
    let sql = "-- payments.cancel_of_ended_bookings
               WITH ended AS MATERIALIZED (
                   SELECT p.id FROM payments p JOIN bookings b ON b.id = p.booking_id
                   WHERE p.status NOT IN ('succeeded', 'canceled') AND p.instruction IS DISTINCT FROM 'cancel'
                       AND p.quarantined_at IS NULL
                       AND CASE WHEN p.change_id IS NULL
                                THEN b.status NOT IN ('pending_payment', 'pending_host') OR b.hold_expires_at <= app_now()
                                ELSE NOT EXISTS (SELECT 1 FROM booking_changes c
                                                 WHERE c.id = p.change_id AND c.status = 'accepted'
                                                     AND c.hold_expires_at > app_now()) END
                   FOR NO KEY UPDATE OF b SKIP LOCKED)
               UPDATE payments p SET instruction = 'cancel', asked_at = to_timestamp(0), updated_at = app_now()
               FROM ended
               WHERE p.id = ended.id AND p.status NOT IN ('succeeded', 'canceled') AND p.quarantined_at IS NULL";
    tx.execute(sql, &[]).await
}

/// Notes what the provider must be told about an attempt that is not final, as soon as may be.
pub async fn instruct(tx: &Tx, id: PaymentId, instruction: Instruction) -> Result<()> {
    let sql = "-- payments.instruct
               UPDATE payments SET instruction = $2, asked_at = to_timestamp(0), updated_at = app_now()
               WHERE id = $1 AND status NOT IN ('succeeded', 'canceled')";
    tx.execute(sql, &[&id.uuid(), &instruction.as_str()]).await?;
    Ok(())
}

/// What of a booking's captured money no refund was decided for, minor units; none when nothing was captured, nothing
/// while the guest's bank contests it.
pub async fn left_of_booking_minor(queries: &impl Queries, booking_id: BookingId) -> Result<Option<i64>> {
    let sql = "-- payments.left_of_booking_minor
               SELECT sum(CASE WHEN p.disputed THEN 0 ELSE p.captured_minor - coalesce(
                       (SELECT sum(r.amount_minor) FROM refunds r
                        WHERE r.payment_id = p.id AND r.status <> 'failed'), 0) END)::bigint AS left_minor
               FROM payments p WHERE p.booking_id = $1 AND p.status = 'succeeded' AND p.quarantined_at IS NULL";
    queries.row(sql, &[&booking_id.uuid()]).await?.map_or(Ok(None), |row| row.read("left_minor"))
}

fn money(row: &Row) -> Result<Money> {
    Ok(Money::new(row.read("amount_minor")?, row.parse::<Currency>("currency")?))
}

pub(crate) fn from_row(row: &Row) -> Result<Payment> {
    let instruction = match row.read::<Option<&str>>("instruction")? {
        Some("capture") => Some(Instruction::Capture),
        Some("cancel") => Some(Instruction::Cancel),
        _ => None,
    };
    Ok(Payment {
        id: PaymentId::from_uuid(row.read("id")?),
        booking_id: BookingId::from_uuid(row.read("booking_id")?),
        change_id: row.read::<Option<uuid::Uuid>>("change_id")?.map(ChangeId::from_uuid),
        payer_id: UserId::from_uuid(row.read("payer_id")?),
        intent_id: row.read("intent_id")?,
        status: row.parse("status")?,
        manual_capture: row.read("manual_capture")?,
        amount: money(row)?,
        captured_minor: row.read("captured_minor")?,
        refunded_minor: row.read("refunded_minor")?,
        captured_currency: row.parse("captured_currency")?,
        quarantined: row.read("quarantined")?,
        disputed: row.read("disputed")?,
        instruction,
        asked_at: row.read("asked_at")?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
