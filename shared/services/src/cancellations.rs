//! Calling a booking off: what the preview says is what then happens, since one function works out both.

use domain::admin::{AuditAction, AuditSubject};
use domain::booking::{BookingEvent, BookingStatus, Party};
use domain::cancellation::{BookedStay, RefundPreview, refund};
use domain::error::{Error, Result};
use domain::event::EventKind;
use domain::id::BookingId;
use domain::ledger::{self, Split};
use domain::money::Money;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Tx;
use store::bookings::{ArrivalTerms, Booking, Change};
use store::payments::Instruction;

use crate::Services;
use crate::actor::Actor;
use crate::booking_changes::close_open;
use crate::bookings::{arrival_of, event_data, property_of};
use crate::host_answers::next_status;
use crate::ledger::{post, subject};
use crate::refunds;

impl Services {
    /// What calling the booking off now would give back.
    ///
    /// # Errors
    /// `not_found`, `invalid_state` when it can't be called off.
    pub async fn cancellation_preview(&self, actor: &Actor, id: BookingId) -> Result<RefundPreview> {
        let booking = self.booking(actor, id).await?;
        let connection = self.db.connection().await?;
        let property = property_of(&connection, &booking).await?;
        let now = store::clock::now(&connection).await?;
        next_status(&booking, &property.details, now, BookingEvent::Cancelled)?;
        let mut preview = work_out(&booking, &arrival_of(&connection, &booking).await?, party(actor, &booking), now);
        if let Some(left) = store::payments::left_of_booking_minor(&connection, id).await? {
            limit(&mut preview, left);
        }
        Ok(preview)
    }
}

/// Calls a booking off and decides the refund, which the provider is told of after the commit.
///
/// # Errors
/// `not_found`, `invalid_state`.
pub async fn cancel(tx: &Tx, actor: &Actor, id: BookingId, reason: Option<&str>) -> Result<Booking> {
    let booking = store::bookings::find_for_update(tx, id)
        .await?
        .filter(|booking| actor.may_see(booking))
        .ok_or_else(Error::not_found)?;
    let property = property_of(tx, &booking).await?;
    let by = party(actor, &booking);
    let now = store::clock::now(tx).await?;
    let to = next_status(&booking, &property.details, now, BookingEvent::Cancelled)?;
    let back = work_out(&booking, &arrival_of(tx, &booking).await?, by, now);
    close_open(tx, &booking).await?;
    let change = Change { event: BookingEvent::Cancelled, by, to, hold_expires_at: None };
    let cancelled = store::bookings::apply(tx, &booking, &change).await?;
    let refund = give_back(tx, &booking, back, reason).await?;
    if by == Party::Admin {
        let subject = AuditSubject::Booking(id);
        store::audit_log::insert(tx, actor.user_id, AuditAction::BookingCancelled, subject, reason).await?;
    }
    let mut data = event_data(&cancelled);
    data["cancelled_by"] = json!(by.as_str());
    data["refund"] = json!(refund);
    if booking.status == BookingStatus::PendingPayment {
        // A host hears of a stay when it is asked for or paid, so not of the end of one that never was.
        data["host_id"] = Value::Null;
    }
    store::outbox::insert(tx, EventKind::BookingCancelled, &data).await?;
    Ok(cancelled)
}

/// Lets go of an attempt that is open, and decides the refund of what was captured.
async fn give_back(tx: &Tx, booking: &Booking, mut back: RefundPreview, reason: Option<&str>) -> Result<Option<Money>> {
    if let Some(open) = store::payments::find_open(tx, booking.id).await? {
        store::payments::instruct(tx, open.id, Instruction::Cancel).await?;
    }
    // What went back before counts, and what the guest's bank has.
    let left = store::payments::left_of_booking_minor(tx, booking.id).await?;
    limit(&mut back, left.unwrap_or(0));
    if back.refund.amount == 0 {
        return Ok(None);
    }
    post_given_back(tx, booking, &back).await?;
    let reason = reason.unwrap_or("The booking was cancelled.");
    refunds::decide_of_booking(tx, booking, back.refund, reason).await
}

/// Takes from each who had earned it what the guest gets back, for the refunds that follow: by the preview's lines,
/// or everything when nothing is to be left.
async fn post_given_back(tx: &Tx, booking: &Booking, back: &RefundPreview) -> Result<()> {
    let currency = back.refund.currency;
    let standing = store::ledger::standing(tx, booking.id, currency).await?;
    let split = if back.refund.amount == standing.guest_funds + standing.earned.total() {
        standing.earned
    } else {
        Split::of_lines(&back.lines, &booking.price)
    };
    post(tx, &ledger::given_back(subject(booking), split, currency)).await
}

fn work_out(booking: &Booking, arrival: &ArrivalTerms, by: Party, now: Timestamp) -> RefundPreview {
    let stay = BookedStay {
        policy: booking.cancellation_policy,
        price: &booking.price,
        dates: booking.dates,
        check_in_time: arrival.check_in_time,
        time_zone: &arrival.time_zone,
        booked_at: booking.created_at,
        confirmed_at: booking.confirmed_at,
    };
    let mut preview = refund(&stay, by, now);
    if booking.status != BookingStatus::Confirmed {
        // Nothing was captured: nothing goes back.
        let nothing = Money::zero(preview.refund.currency);
        preview.refund = nothing;
        preview.lines.iter_mut().for_each(|line| (line.paid, line.refund) = (nothing, nothing));
        preview.next_change_at = None;
        preview.refund_after_next_change = None;
    }
    preview
}

/// What the host gave back before counts: no more goes back than is left, the last lines giving way first.
fn limit(preview: &mut RefundPreview, left_minor: i64) {
    let mut excess = preview.refund.amount - left_minor;
    if let Some(later) = &mut preview.refund_after_next_change {
        later.amount = later.amount.min(left_minor);
    }
    if excess <= 0 {
        return;
    }
    preview.refund.amount = left_minor;
    for line in preview.lines.iter_mut().rev().filter(|line| line.refund.amount > 0) {
        let taken = excess.min(line.refund.amount);
        line.refund.amount -= taken;
        excess -= taken;
    }
    if preview.refund_after_next_change == Some(preview.refund) {
        preview.next_change_at = None;
        preview.refund_after_next_change = None;
    }
}

fn party(actor: &Actor, booking: &Booking) -> Party {
    if actor.user_id == booking.guest_id {
        Party::Guest
    } else if actor.user_id == booking.host_id {
        Party::Host
    } else {
        Party::Admin
    }
}
