//! What people are told before it happens: that a hold or a request runs out, that a stay begins tomorrow. The mark that
//! somebody was told and the event are one transaction, so that each is told once.

use domain::booking::{ANSWER_NOTICE_HOURS, BookingStatus, HOLD_NOTICE_MINUTES};
use domain::error::Result;
use domain::event::EventKind;
use serde_json::json;
use store::Tx;

use crate::bookings::event_data;

/// Tells the one who can act that a hold or a request is about to run out: the guest, who has not paid, or the host,
/// who has not answered. At most `limit` bookings; gives how many. Safe to run twice at once.
///
/// # Errors
/// `unavailable`.
pub async fn tell_of_expiry(tx: &Tx, limit: i64) -> Result<u64> {
    let expiring = store::bookings::claim_expiring(tx, HOLD_NOTICE_MINUTES, ANSWER_NOTICE_HOURS, limit).await?;
    for booking in &expiring {
        let acting = if booking.status == BookingStatus::PendingHost { booking.host_id } else { booking.guest_id };
        let mut data = event_data(booking);
        data["recipient_id"] = json!(acting);
        data["expires_at"] = json!(booking.hold_expires_at);
        store::outbox::insert(tx, EventKind::BookingExpiring, &data).await?;
    }
    Ok(expiring.len() as u64)
}

/// Tells guest and host of confirmed stays that begin tomorrow in the property's zone. At most `limit` bookings; gives
/// how many. Safe to run twice at once.
///
/// # Errors
/// `unavailable`.
pub async fn tell_of_arrivals(tx: &Tx, limit: i64) -> Result<u64> {
    let arriving = store::bookings::claim_arrivals(tx, limit).await?;
    for booking in &arriving {
        store::outbox::insert(tx, EventKind::StayTomorrow, &event_data(booking)).await?;
    }
    Ok(arriving.len() as u64)
}
