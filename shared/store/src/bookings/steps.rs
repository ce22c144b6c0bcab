//! A booking on its way from state to state.

use domain::booking::{BookingEvent, BookingStatus, Party};
use domain::error::{Error, Result};
use domain::id::{BookingId, PaymentId};
use jiff::Timestamp;

use super::{Booking, STATUS, columns, from_row};
use crate::booking_changes::BookingChange;
use crate::tx::{Queries, Tx};

/// How a booking changes.
pub struct Change {
    /// What happened.
    pub event: BookingEvent,
    /// Who did it.
    pub by: Party,
    /// The state after it.
    pub to: BookingStatus,
    /// The end of the hold, for states that have one.
    pub hold_expires_at: Option<Timestamp>,
}

/// Moves a booking that this transaction has locked. The row's own state is compared with the one it was read in, but
/// for a hold that ran out unswept.
pub async fn apply(tx: &Tx, booking: &Booking, change: &Change) -> Result<Booking> {
    let sql = format!(
        "-- bookings.apply
         UPDATE bookings SET status = $3, hold_expires_at = $4, updated_at = app_now(),
             confirmed_at = CASE WHEN $3 = 'confirmed' THEN app_now() ELSE confirmed_at END,
             cancelled_by = CASE WHEN $3 = 'cancelled' THEN $6::text END,
             timeline = timeline || jsonb_build_object('at', app_now(), 'event', $5::text, 'by', $6::text)
         WHERE id = $1 AND {STATUS} = $2
         RETURNING {}",
        columns()
    );
    let (id, from, to) = (booking.id.uuid(), booking.status.as_str(), change.to.as_str());
    let (event, by) = (change.event.as_str(), change.by.as_str());
    let row = tx.row(&sql, &[&id, &from, &to, &change.hold_expires_at, &event, &by]).await?;
    from_row(&row.ok_or_else(|| Error::internal("a locked booking changed its state"))?)
}

/// Makes a confirmed booking, which this transaction has locked, what a change proposed. Its nights are free: the property
/// is locked.
pub async fn apply_change(tx: &Tx, booking: &Booking, change: &BookingChange, by: Party) -> Result<Booking> {
    let sql = format!(
        "-- bookings.apply_change
         UPDATE bookings SET check_in = $2, check_out = $3, held_until = $4, adults = $5, children = $6, infants = $7,
             pets = $8, price = $9, total_minor = $10, host_payout_minor = $11, updated_at = app_now(),
             timeline = timeline || jsonb_build_object('at', app_now(), 'event', 'changed', 'by', $12::text)
         WHERE id = $1 AND status = 'confirmed'
         RETURNING {}",
        columns()
    );
    let price = serde_json::to_value(&change.price).map_err(Error::internal)?;
    let count = |number: u32| i16::try_from(number).map_err(Error::internal);
    let row = tx
        .row(
            &sql,
            &[
                &booking.id.uuid(),
                &change.dates.check_in(),
                &change.dates.check_out(),
                &change.held_until,
                &count(change.guests.adults)?,
                &count(change.guests.children)?,
                &count(change.guests.infants)?,
                &count(change.guests.pets)?,
                &price,
                &change.price.total.amount,
                &change.price.host_payout.amount,
                &by.as_str(),
            ],
        )
        .await?;
    from_row(&row.ok_or_else(|| Error::internal("a locked booking changed its state"))?)
}

/// Completes stays whose check-out time has passed in the property's zone, at most `limit` of them.
pub async fn complete_ended(tx: &Tx, limit: i64) -> Result<u64> {
    let sql = "-- bookings.complete_ended
               UPDATE bookings
               SET status = 'completed', updated_at = app_now(), timeline = timeline ||
                   jsonb_build_object('at', app_now(), 'event', 'completed', 'by', 'system')
               WHERE id IN (SELECT b.id FROM bookings b JOIN properties p ON p.id = b.property_id
                            WHERE b.status = 'confirmed' AND b.check_out <= (app_now() + interval '1 day')::date
                                AND (b.check_out + p.check_out_time) AT TIME ZONE p.time_zone <= app_now()
                            ORDER BY b.check_out LIMIT $1 FOR UPDATE OF b SKIP LOCKED)";
    tx.execute(sql, &[&limit]).await
}

/// Bookings whose time to pay or to answer is about to run out, and of which nobody has been told in this state; at most
/// `limit`, and they are told of from now on. A request that was accepted waits for the card, not for its host.
pub async fn claim_expiring(
    tx: &Tx,
    hold_notice_minutes: i64,
    answer_notice_hours: i64,
    limit: i64,
) -> Result<Vec<Booking>> {
    let sql = format!(
        "-- bookings.claim_expiring
         UPDATE bookings SET expiry_told_in = status
         WHERE id IN (SELECT b.id FROM bookings b
                      WHERE b.hold_expires_at > app_now()
                          AND b.hold_expires_at <= app_now() + $2::bigint * interval '1 hour'
                          AND b.expiry_told_in IS DISTINCT FROM b.status
                          AND CASE b.status
                              WHEN 'pending_payment' THEN
                                  b.hold_expires_at <= app_now() + $1::bigint * interval '1 minute'
                              ELSE NOT EXISTS (SELECT 1 FROM payments p
                                               WHERE p.booking_id = b.id AND p.instruction = 'capture')
                              END
                      ORDER BY b.hold_expires_at LIMIT $3 FOR UPDATE OF b SKIP LOCKED)
         RETURNING {}",
        columns()
    );
    tx.rows(&sql, &[&hold_notice_minutes, &answer_notice_hours, &limit]).await?.iter().map(from_row).collect()
}

/// Confirmed stays that begin tomorrow in the property's zone, and of which nobody has been told; at most `limit`, and
/// they are told of from now on.
pub async fn claim_arrivals(tx: &Tx, limit: i64) -> Result<Vec<Booking>> {
    let sql = format!(
        "-- bookings.claim_arrivals
         UPDATE bookings SET arrival_told_for = check_in
         WHERE id IN (SELECT b.id FROM bookings b JOIN properties p ON p.id = b.property_id
                      WHERE b.status = 'confirmed' AND b.arrival_told_for IS DISTINCT FROM b.check_in
                          AND b.check_in BETWEEN (app_now() AT TIME ZONE 'UTC')::date
                              AND (app_now() AT TIME ZONE 'UTC')::date + 2
                          AND b.check_in = (app_now() AT TIME ZONE p.time_zone)::date + 1
                      ORDER BY b.check_in LIMIT $1 FOR UPDATE OF b SKIP LOCKED)
         RETURNING {}",
        columns()
    );
    tx.rows(&sql, &[&limit]).await?.iter().map(from_row).collect()
}

/// Moves the end of the hold of a booking that this transaction has locked.
pub async fn extend_hold(tx: &Tx, id: BookingId, hold_expires_at: Timestamp) -> Result<()> {
    let sql = "-- bookings.extend_hold
               UPDATE bookings SET hold_expires_at = $2, updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &hold_expires_at]).await?;
    Ok(())
}

/// Notes the attempt to pay that was made last.
pub async fn set_payment(tx: &Tx, id: BookingId, payment_id: PaymentId) -> Result<()> {
    let sql = "-- bookings.set_payment\nUPDATE bookings SET payment_id = $2, updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &payment_id.uuid()]).await?;
    Ok(())
}
