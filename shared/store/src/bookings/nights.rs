//! Taking nights and letting go of them. Who takes nights has the property's row locked, in a statement of its own.

use domain::cancellation::CancellationPolicy;
use domain::error::{Error, Result};
use domain::id::{BookingId, PropertyId, UserId};
use domain::pricing::{Price, ServiceFees};
use domain::stay::{Guests, StayDates};
use jiff::civil::Date;

use super::{ArrivalTerms, Booking, columns, from_row};
use crate::booking_changes::holds;
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What a new booking needs.
pub struct NewBooking<'a> {
    /// Identity.
    pub id: BookingId,
    /// What is booked.
    pub property_id: PropertyId,
    /// Who travels.
    pub guest_id: UserId,
    /// Whose place it is.
    pub host_id: UserId,
    /// The nights.
    pub dates: StayDates,
    /// Nights kept free after check-out.
    pub preparation_nights: u32,
    /// How many come.
    pub guests: Guests,
    /// The price.
    pub price: &'a Price,
    /// The platform's fees, which later changes of the stay keep.
    pub fees: ServiceFees,
    /// The policy.
    pub cancellation_policy: CancellationPolicy,
    /// From when the guest may come.
    pub arrival: &'a ArrivalTerms,
    /// Whether paying confirms.
    pub instant_book: bool,
    /// The guest's words to the host.
    pub message: Option<&'a str>,
    /// How long the nights are held unpaid.
    pub hold_minutes: i64,
}

/// Nights that the host has blocked, another site has taken or a change of another stay holds, in a range that begins
/// on `from` and ends before `until`: true in SQL when there is one.
fn is_closed(property_id: &str, from: &str, until: &str) -> String {
    format!(
        "(EXISTS (SELECT 1 FROM calendar_days closed
                  WHERE closed.property_id = {property_id} AND closed.night >= {from} AND closed.night < {until}
                      AND closed.blocked)
          OR EXISTS (SELECT 1 FROM imported_stays closed
                     WHERE closed.property_id = {property_id} AND closed.check_in < {until}
                         AND closed.check_out > {from})
          OR {})",
        holds(property_id, from, until)
    )
}

/// Inserts a booking that holds its nights, or gives none when one of them is taken: held by another booking or a
/// change of one, blocked by the host or taken on another site. Lock the property first, in a statement of its own
/// ([`crate::properties::find_for_booking`]): this one sees what was committed before it began.
///
/// ON CONFLICT names the constraint: the loser of a race neither waits in a deadlock nor aborts its transaction.
pub async fn insert(tx: &Tx, booking: &NewBooking<'_>) -> Result<Option<Booking>> {
    let sql = format!(
        "-- bookings.insert
         INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
             children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
             instant_book, message, hold_expires_at, timeline, guest_fee_basis_points, host_fee_basis_points,
             check_in_time, time_zone)
         SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, 'pending_payment', $5::date, $6::date, $6::date + $7::int,
             $8::smallint, $9::smallint, $10::smallint, $11::smallint, $12::jsonb, $13::text, $14::bigint, $15::bigint,
             $16::text, $17::boolean, $18::text, app_now() + $19::bigint * interval '1 minute',
             jsonb_build_array(jsonb_build_object('at', app_now(), 'event', 'created', 'by', 'guest')),
             $20::int, $21::int, $22::time, $23::text
         WHERE NOT {}
         ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
         RETURNING {}",
        is_closed("$2::uuid", "$5::date", "($6::date + $7::int)"),
        columns()
    );
    let price = serde_json::to_value(booking.price).map_err(Error::internal)?;
    let count = |number: u32| i16::try_from(number).map_err(Error::internal);
    let whole = |number: u32| i32::try_from(number).map_err(Error::internal);
    tx.row(
        &sql,
        &[
            &booking.id.uuid(),
            &booking.property_id.uuid(),
            &booking.guest_id.uuid(),
            &booking.host_id.uuid(),
            &booking.dates.check_in(),
            &booking.dates.check_out(),
            &whole(booking.preparation_nights)?,
            &count(booking.guests.adults)?,
            &count(booking.guests.children)?,
            &count(booking.guests.infants)?,
            &count(booking.guests.pets)?,
            &price,
            &booking.price.total.currency.code(),
            &booking.price.total.amount,
            &booking.price.host_payout.amount,
            &booking.cancellation_policy.as_str(),
            &booking.instant_book,
            &booking.message,
            &booking.hold_minutes,
            &whole(booking.fees.guest.0)?,
            &whole(booking.fees.host.0)?,
            &booking.arrival.check_in_time,
            &booking.arrival.time_zone.as_str(),
        ],
    )
    .await?
    .as_ref()
    .map(from_row)
    .transpose()
}

/// Whether another booking holds some of these nights, so that nothing would come of this guest's booking: true only where
/// nothing else is in the way of it that would be told first, as a listing or a guest that is not as it should be. Looks
/// without locking anything; where it says no, [`insert`] decides.
pub async fn comes_too_late(
    queries: &impl Queries,
    property_id: PropertyId,
    guest_id: UserId,
    (check_in, check_out): (Date, Date),
) -> Result<bool> {
    let sql = "-- bookings.comes_too_late
               SELECT EXISTS (
                   SELECT 1 FROM properties p JOIN users u ON u.id = $2
                   JOIN bookings b ON b.property_id = p.id AND b.check_in < $4::date + p.preparation_nights
                       AND b.held_until > $3::date AND b.status IN ('pending_payment', 'pending_host', 'confirmed')
                       AND (b.hold_expires_at IS NULL OR b.hold_expires_at > app_now())
                   WHERE p.id = $1 AND p.status = 'listed' AND p.host_id <> u.id
                       AND u.email_verified_at IS NOT NULL AND u.suspended_at IS NULL
                       AND $3 < $4 AND $3 > (app_now() AT TIME ZONE p.time_zone)::date) AS too_late";
    let row = queries.row(sql, &[&property_id.uuid(), &guest_id.uuid(), &check_in, &check_out]).await?;
    row.map_or(Ok(false), |row| row.read("too_late"))
}

/// Lets go of the nights that overdue holds of the property still keep in a range; gives how many there were.
pub async fn expire_overdue_on(tx: &Tx, property_id: PropertyId, from: Date, until: Date) -> Result<u64> {
    let sql = "-- bookings.expire_overdue_on
               UPDATE bookings
               SET status = 'expired', hold_expires_at = NULL, updated_at = app_now(), timeline = timeline ||
                   jsonb_build_object('at', hold_expires_at, 'event', 'expired', 'by', 'system')
               WHERE property_id = $1 AND check_in < $3 AND held_until > $2
                   AND status IN ('pending_payment', 'pending_host') AND hold_expires_at <= app_now()";
    tx.execute(sql, &[&property_id.uuid(), &from, &until]).await
}

/// The same over all properties, at most `limit` of them: the sweeper's step. Rows another sweeper has are left to it.
pub async fn expire_overdue(tx: &Tx, limit: i64) -> Result<u64> {
    let sql = "-- bookings.expire_overdue
               UPDATE bookings
               SET status = 'expired', hold_expires_at = NULL, updated_at = app_now(), timeline = timeline ||
                   jsonb_build_object('at', hold_expires_at, 'event', 'expired', 'by', 'system')
               WHERE id IN (SELECT id FROM bookings WHERE hold_expires_at <= app_now()
                            ORDER BY hold_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)";
    tx.execute(sql, &[&limit]).await
}

/// Those of these nights that somebody sleeps there, or would by a change, in order: nights of preparation are nobody's. Lock the property
/// and expire what is overdue first.
pub async fn booked_nights(tx: &Tx, property_id: PropertyId, nights: &[Date]) -> Result<Vec<Date>> {
    let sql = "-- bookings.booked_nights
               SELECT night FROM unnest($2::date[]) night
               WHERE EXISTS (SELECT 1 FROM bookings
                             WHERE property_id = $1 AND check_in <= night AND check_out > night
                                 AND status IN ('pending_payment', 'pending_host', 'confirmed'))
                   OR EXISTS (SELECT 1 FROM booking_changes
                              WHERE property_id = $1 AND check_in <= night AND check_out > night
                                  AND hold_expires_at > app_now())
               ORDER BY night";
    let rows = tx.rows(sql, &[&property_id.uuid(), &nights]).await?;
    rows.iter().map(|row| row.read("night")).collect()
}

/// Whether somebody has booked or holds a stay at the property that is not over, by the property's clocks.
pub async fn any_to_come(tx: &Tx, property_id: PropertyId) -> Result<bool> {
    let sql = "-- bookings.any_to_come
               SELECT EXISTS (SELECT 1 FROM bookings b JOIN properties p ON p.id = b.property_id
                              WHERE b.property_id = $1 AND b.status IN ('pending_payment', 'pending_host', 'confirmed')
                                  AND (b.hold_expires_at IS NULL OR b.hold_expires_at > app_now())
                                  AND (b.check_out + p.check_out_time) AT TIME ZONE p.time_zone > app_now()) AS any";
    tx.row(sql, &[&property_id.uuid()]).await?.map_or(Ok(false), |row| row.read("any"))
}

/// Keeps new bookings of the property waiting until this transaction ends.
pub async fn lock_property(tx: &Tx, id: PropertyId) -> Result<()> {
    let sql = "-- bookings.lock_property\nSELECT 1 FROM properties WHERE id = $1 FOR UPDATE";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}

/// Whether a night that this booking would hold is held by another or a change of one, blocked or taken on another
/// site; lock the property first.
pub async fn nights_are_taken(tx: &Tx, booking: &Booking) -> Result<bool> {
    let sql = format!(
        "-- bookings.nights_are_taken
         SELECT EXISTS (SELECT 1 FROM bookings other
                        WHERE other.property_id = own.property_id AND other.id <> own.id
                            AND other.held_nights && own.held_nights
                            AND other.status IN ('pending_payment', 'pending_host', 'confirmed'))
             OR {} AS taken
         FROM bookings own WHERE own.id = $1",
        is_closed("own.property_id", "own.check_in", "own.held_until")
    );
    let row = tx.row(&sql, &[&booking.id.uuid()]).await?;
    row.map_or(Ok(false), |row| row.read("taken"))
}
