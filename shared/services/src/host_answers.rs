//! The host's answer to a request: accepting captures what the card was authorised for, declining lets it go.

use domain::booking::{self, BookingEvent, BookingStatus, HOLD_MINUTES, Party};
use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::BookingId;
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::bookings::{Booking, Change};
use store::payments::Instruction;
use store::properties::PropertyDetails;

use crate::Services;
use crate::actor::Actor;
use crate::bookings::event_data;

/// Accepts a request. The booking is confirmed when the money is captured, which is tried right after the commit.
///
/// # Errors
/// `invalid_state`, `forbidden` for the guest, `not_found`.
pub async fn accept(tx: &Tx, actor: &Actor, id: BookingId) -> Result<Booking> {
    let booking = request_to_answer(tx, actor, id, BookingEvent::Accepted).await?;
    let payment = store::payments::find_open(tx, id).await?;
    let payment = payment.ok_or_else(|| {
        Error::new(ErrorCode::InvalidState, "The card's authorisation is gone.").with("state", booking.status.as_str())
    })?;
    if payment.instruction == Some(Instruction::Capture) {
        return Ok(booking);
    }
    store::payments::instruct(tx, payment.id, Instruction::Capture).await?;
    // Answered in time is answered in time, however long the capture takes.
    let until = store::clock::now(tx).await? + SignedDuration::from_mins(HOLD_MINUTES);
    store::bookings::extend_hold(tx, id, booking.hold_expires_at.map_or(until, |end| end.max(until))).await?;
    store::outbox::insert(tx, EventKind::BookingAccepted, &event_data(&booking)).await?;
    Ok(booking)
}

/// Declines a request; the nights are free at once.
///
/// # Errors
/// `invalid_state`, `forbidden` for the guest, `not_found`.
pub async fn decline(tx: &Tx, actor: &Actor, id: BookingId) -> Result<Booking> {
    let booking = request_to_answer(tx, actor, id, BookingEvent::Declined).await?;
    let change =
        Change { event: BookingEvent::Declined, by: Party::Host, to: BookingStatus::Declined, hold_expires_at: None };
    let declined = store::bookings::apply(tx, &booking, &change).await?;
    if let Some(payment) = store::payments::find_open(tx, id).await? {
        if payment.instruction == Some(Instruction::Capture) {
            let detail = "The request was accepted, and the card is being charged.";
            return Err(Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str()));
        }
        store::payments::instruct(tx, payment.id, Instruction::Cancel).await?;
    }
    store::outbox::insert(tx, EventKind::BookingDeclined, &event_data(&declined)).await?;
    Ok(declined)
}

impl Services {
    /// Tells the provider what an act on a booking has decided, as far as it can be told now. What fails or takes too long
    /// is left to the reconciler: the act itself is committed.
    pub async fn carry_out_for(&self, booking_id: BookingId) {
        if let Err(error) = self.follow_up(self.try_to_carry_out(booking_id)).await {
            tracing::warn!(%booking_id, cause = error.causes(), "what was decided is left to the reconciler");
        }
    }

    /// Waits for a call of the provider no longer than whoever asked for the act is to wait for the answer.
    pub(crate) async fn follow_up(&self, call: impl Future<Output = Result<()>>) -> Result<()> {
        let in_time = tokio::time::timeout(self.settings.follow_up_limit, call).await;
        in_time.unwrap_or_else(|_| Err(Error::unavailable("the provider takes too long")))
    }

    async fn try_to_carry_out(&self, booking_id: BookingId) -> Result<()> {
        let connection = self.db.connection().await?;
        let open = store::payments::find_open(&connection, booking_id).await?;
        let refunds = store::refunds::pending_of_booking(&connection, booking_id).await?;
        drop(connection);
        if let Some(payment) = open {
            self.carry_out_instruction(&payment).await?;
        }
        for refund in &refunds {
            self.carry_out_refund(refund).await?;
        }
        Ok(())
    }
}

async fn request_to_answer(tx: &Tx, actor: &Actor, id: BookingId, event: BookingEvent) -> Result<Booking> {
    let booking = store::bookings::find_for_update(tx, id)
        .await?
        .filter(|booking| [booking.guest_id, booking.host_id].contains(&actor.user_id))
        .ok_or_else(Error::not_found)?;
    if booking.host_id != actor.user_id {
        return Err(Error::new(ErrorCode::Forbidden, "Only the host answers a request."));
    }
    booking::next(booking.status, event).map_err(|impossible| invalid_state(&impossible))?;
    Ok(booking)
}

/// The refusal of a change that the booking's state does not allow.
pub(crate) fn invalid_state(impossible: &booking::InvalidTransition) -> Error {
    let detail = format!("Not possible: {impossible}.");
    Error::new(ErrorCode::InvalidState, detail).with("state", impossible.status.as_str())
}

/// What an act makes of a booking. A confirmed stay is completed at its check-out time, also where no sweeper has come by
/// yet.
///
/// # Errors
/// `invalid_state` where the booking does not allow it.
pub(crate) fn next_status(
    booking: &Booking,
    property: &PropertyDetails,
    now: Timestamp,
    event: BookingEvent,
) -> Result<BookingStatus> {
    let check_out = property.rules.time_zone.instant(booking.dates.check_out(), property.check_out_time);
    let status = match booking.status {
        BookingStatus::Confirmed if now >= check_out => BookingStatus::Completed,
        status => status,
    };
    booking::next(status, event).map_err(|impossible| invalid_state(&impossible))
}
