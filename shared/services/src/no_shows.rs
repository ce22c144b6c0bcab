//! A guest who never came: the host says so, and the nights that are left are free again. Nothing goes back.

use domain::booking::{BookingEvent, Party};
use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::BookingId;
use domain::time_zone::TimeZoneName;
use jiff::Timestamp;
use store::Tx;
use store::bookings::{Booking, Change};

use crate::actor::Actor;
use crate::booking_changes::close_open;
use crate::bookings::{event_data, property_of};
use crate::host_answers::next_status;

/// Reports that the guest never came: once the day of arrival is over where the property is, and before the stay is.
///
/// # Errors
/// `invalid_state`, too early with `possible_from`; `forbidden` for the guest, `not_found`.
pub async fn report_no_show(tx: &Tx, actor: &Actor, id: BookingId) -> Result<Booking> {
    let booking = store::bookings::find_for_update(tx, id)
        .await?
        .filter(|booking| [booking.guest_id, booking.host_id].contains(&actor.user_id))
        .ok_or_else(Error::not_found)?;
    if booking.host_id != actor.user_id {
        return Err(Error::new(ErrorCode::Forbidden, "Only the host reports that nobody came."));
    }
    let details = property_of(tx, &booking).await?.details;
    let (event, now) = (BookingEvent::NoShow, store::clock::now(tx).await?);
    let to = next_status(&booking, &details, now, event)?;
    require_after_arrival(&booking, &details.rules.time_zone, now)?;
    close_open(tx, &booking).await?;
    let change = Change { event, by: Party::Host, to, hold_expires_at: None };
    let reported = store::bookings::apply(tx, &booking, &change).await?;
    store::outbox::insert(tx, EventKind::BookingNoShow, &event_data(&reported)).await?;
    Ok(reported)
}

fn require_after_arrival(booking: &Booking, zone: &TimeZoneName, now: Timestamp) -> Result<()> {
    let possible_from = booking.dates.check_in().saturating_add(jiff::Span::new().days(1));
    if zone.date_at(now) >= possible_from {
        return Ok(());
    }
    let detail = "The guest may still come: the day of arrival is not over at the property.";
    let error = Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str());
    Err(error.with("possible_from", possible_from.to_string()))
}
