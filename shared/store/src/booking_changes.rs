//! The table `booking_changes`: other dates or guests for confirmed stays. While one is open it holds its nights besides
//! those of the booking; who opens one has the property's row locked (`FOR UPDATE`).

use domain::booking::Party;
use domain::booking_change::ChangeStatus;
use domain::error::{Error, Result};
use domain::id::{BookingId, ChangeId, PaymentId};
use domain::money::{Currency, Money};
use domain::pricing::Price;
use domain::stay::{Guests, StayDates};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tokio_postgres::Row;

use crate::bookings::Booking;
use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

/// A change of a stay.
#[derive(Clone, Debug)]
pub struct BookingChange {
    /// Identity.
    pub id: ChangeId,
    /// Of which booking.
    pub booking_id: BookingId,
    /// By whom: guest or host.
    pub proposed_by: Party,
    /// Where it stands; one whose time ran out reads as `expired` though no sweeper has come by.
    pub status: ChangeStatus,
    /// The nights as proposed.
    pub dates: StayDates,
    /// End of what is held: check-out and the host's preparation nights.
    pub held_until: Date,
    /// Who shall come.
    pub guests: Guests,
    /// The price the stay then has.
    pub price: Price,
    /// The new total less the one before: above zero the guest pays it, below zero it goes back.
    pub difference: Money,
    /// While it is open: until when it can be answered, or paid for.
    pub expires_at: Option<Timestamp>,
    /// The attempt to pay the difference that was made last.
    pub payment_id: Option<PaymentId>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// What a new change needs.
#[derive(Debug)]
pub struct NewChange<'a> {
    /// Of which booking, as it is.
    pub booking: &'a Booking,
    /// By whom.
    pub proposed_by: Party,
    /// The nights.
    pub dates: StayDates,
    /// End of what is to be held.
    pub held_until: Date,
    /// Who shall come.
    pub guests: Guests,
    /// The price.
    pub price: &'a Price,
    /// The new total less the one before.
    pub difference: Money,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// `hold_expires_at` decides by the database's clock, not by when the sweeper came by.
const COLUMNS: &str = "id, booking_id, proposed_by, \
    CASE WHEN hold_expires_at <= app_now() THEN 'expired' ELSE status END AS status, check_in, check_out, held_until, \
    adults, children, infants, pets, price, difference_minor, \
    CASE WHEN hold_expires_at > app_now() THEN hold_expires_at END AS expires_at, \
    (SELECT payment.id FROM payments payment WHERE payment.change_id = booking_changes.id ORDER BY payment.id DESC LIMIT 1) \
    AS payment_id, created_at, updated_at";

/// True in SQL when an open change of the property holds a night of a range that begins on `from` and ends before
/// `until`. The booking's own nights may be among them: those it holds anyway.
pub(crate) fn holds(property_id: &str, from: &str, until: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM booking_changes change
                 WHERE change.property_id = {property_id} AND change.hold_expires_at > app_now()
                     AND change.check_in < {until} AND change.held_until > {from})"
    )
}

/// Opens a change; none when the booking has an open one.
pub async fn insert(tx: &Tx, change: &NewChange<'_>) -> Result<Option<BookingChange>> {
    let sql = format!(
        "-- booking_changes.insert
         INSERT INTO booking_changes (id, booking_id, property_id, proposed_by, check_in, check_out, held_until, adults,
             children, infants, pets, price, difference_minor, hold_expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (booking_id) WHERE hold_expires_at IS NOT NULL DO NOTHING
         RETURNING {COLUMNS}"
    );
    let price = serde_json::to_value(change.price).map_err(Error::internal)?;
    let count = |number: u32| i16::try_from(number).map_err(Error::internal);
    tx.row(
        &sql,
        &[
            &ChangeId::new().uuid(),
            &change.booking.id.uuid(),
            &change.booking.property_id.uuid(),
            &change.proposed_by.as_str(),
            &change.dates.check_in(),
            &change.dates.check_out(),
            &change.held_until,
            &count(change.guests.adults)?,
            &count(change.guests.children)?,
            &count(change.guests.infants)?,
            &count(change.guests.pets)?,
            &price,
            &change.difference.amount,
            &change.expires_at,
        ],
    )
    .await?
    .as_ref()
    .map(from_row)
    .transpose()
}

/// Whether a night that the booking does not hold itself is held by another, blocked or taken on another site. Lock the
/// property and expire what is overdue first. A night of preparation may become one of the stay only if it is open, and
/// stay one of preparation whether it is or not.
pub async fn nights_are_taken(tx: &Tx, booking: &Booking, dates: StayDates, held_until: Date) -> Result<bool> {
    let sql = "-- booking_changes.nights_are_taken
               SELECT EXISTS (SELECT 1 FROM bookings other
                              WHERE other.property_id = $1 AND other.id <> $2
                                  AND other.check_in < $5::date AND other.held_until > $3::date
                                  AND other.status IN ('pending_payment', 'pending_host', 'confirmed'))
                   OR EXISTS (SELECT 1 FROM booking_changes other
                              WHERE other.property_id = $1 AND other.booking_id <> $2
                                  AND other.hold_expires_at > app_now()
                                  AND other.check_in < $5::date AND other.held_until > $3::date)
                   OR EXISTS (SELECT 1 FROM (
                                  SELECT night FROM calendar_days
                                  WHERE property_id = $1 AND night >= $3::date AND night < $5::date AND blocked
                                  UNION ALL
                                  SELECT stay.check_in + n FROM imported_stays stay,
                                      generate_series(greatest($3::date - stay.check_in, 0),
                                                      least($5::date, stay.check_out) - stay.check_in - 1) n
                                  WHERE stay.property_id = $1 AND stay.check_in < $5::date AND stay.check_out > $3::date
                              ) closed
                              WHERE NOT (night >= $6::date AND night < $7::date)
                                  AND NOT (night >= $7::date AND night < $8::date AND night >= $4::date)) AS taken";
    let (property, id) = (booking.property_id.uuid(), booking.id.uuid());
    let (own_in, own_out) = (booking.dates.check_in(), booking.dates.check_out());
    let (check_in, check_out) = (dates.check_in(), dates.check_out());
    let row = tx
        .row(sql, &[&property, &id, &check_in, &check_out, &held_until, &own_in, &own_out, &booking.held_until])
        .await?;
    row.map_or(Ok(false), |row| row.read("taken"))
}

/// The change of this id.
pub async fn find(queries: &impl Queries, id: ChangeId) -> Result<Option<BookingChange>> {
    let sql = format!("-- booking_changes.find\nSELECT {COLUMNS} FROM booking_changes WHERE id = $1");
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The newest change of a booking.
pub async fn latest(queries: &impl Queries, booking_id: BookingId) -> Result<Option<BookingChange>> {
    Ok(latest_of(queries, &[booking_id]).await?.pop())
}

/// The newest change of each of these bookings, in no order.
pub async fn latest_of(queries: &impl Queries, booking_ids: &[BookingId]) -> Result<Vec<BookingChange>> {
    let sql = format!(
        "-- booking_changes.latest_of
         SELECT DISTINCT ON (booking_id) {COLUMNS} FROM booking_changes
         WHERE booking_id = ANY($1) ORDER BY booking_id, id DESC"
    );
    let ids: Vec<uuid::Uuid> = booking_ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids]).await?.iter().map(from_row).collect()
}

/// The change that a booking has open, run out or not, and nobody moves it until this transaction ends. Lock the
/// booking first.
pub async fn find_open_for_update(tx: &Tx, booking_id: BookingId) -> Result<Option<BookingChange>> {
    let sql = format!(
        "-- booking_changes.find_open_for_update
         SELECT {COLUMNS} FROM booking_changes WHERE booking_id = $1 AND hold_expires_at IS NOT NULL FOR NO KEY UPDATE"
    );
    tx.row(&sql, &[&booking_id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// Moves an open change that this transaction has locked; `expires_at` is for `accepted`, which stays open.
pub async fn set_status(
    tx: &Tx,
    id: ChangeId,
    status: ChangeStatus,
    expires_at: Option<Timestamp>,
) -> Result<BookingChange> {
    let sql = format!(
        "-- booking_changes.set_status
         UPDATE booking_changes SET status = $2, hold_expires_at = $3, updated_at = app_now()
         WHERE id = $1 AND hold_expires_at IS NOT NULL
         RETURNING {COLUMNS}"
    );
    let row = tx.row(&sql, &[&id.uuid(), &status.as_str(), &expires_at]).await?;
    from_row(&row.ok_or_else(|| Error::internal("a locked change is not open"))?)
}

/// Marks changes that were not answered or paid for in time, at most `limit` of them: the sweeper's step. What is left
/// of their attempts to pay is the reconciler's (`payments.cancel_of_ended_bookings`).
pub async fn expire_overdue(tx: &Tx, limit: i64) -> Result<u64> {
    let sql = "-- booking_changes.expire_overdue
               UPDATE booking_changes SET status = 'expired', hold_expires_at = NULL, updated_at = app_now()
               WHERE id IN (SELECT id FROM booking_changes WHERE hold_expires_at <= app_now()
                            ORDER BY hold_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)";
    tx.execute(sql, &[&limit]).await
}

fn from_row(row: &Row) -> Result<BookingChange> {
    let count = |column: &str| unsigned(column, i64::from(row.read::<i16>(column)?));
    let price: Price = serde_json::from_value(row.read::<Value>("price")?).map_err(Error::internal)?;
    let currency: Currency = price.total.currency;
    Ok(BookingChange {
        id: ChangeId::from_uuid(row.read("id")?),
        booking_id: BookingId::from_uuid(row.read("booking_id")?),
        proposed_by: row.parse("proposed_by")?,
        status: row.parse("status")?,
        dates: StayDates::new(row.read("check_in")?, row.read("check_out")?).map_err(Error::internal)?,
        held_until: row.read("held_until")?,
        guests: Guests {
            adults: count("adults")?,
            children: count("children")?,
            infants: count("infants")?,
            pets: count("pets")?,
        },
        price,
        difference: Money::new(row.read("difference_minor")?, currency),
        expires_at: row.read("expires_at")?,
        payment_id: row.read::<Option<uuid::Uuid>>("payment_id")?.map(PaymentId::from_uuid),
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
