//! What is to be paid for a booking, and when: from the books, the dates and the place.

use domain::booking::BookingStatus;
use domain::error::{Error, Result};
use domain::id::BookingId;
use domain::payout;
use store::Tx;
use store::bookings::Booking;
use store::payouts::Position;

use super::PLANNED_ROWS;
use crate::Services;
use crate::bookings::arrival_of;

impl Services {
    /// Plans the payouts of bookings whose earnings or dates have changed; gives how many bookings.
    pub(super) async fn plan_payouts(&self) -> Result<u64> {
        let bookings = store::payouts::bookings_to_plan(&self.db.connection().await?, PLANNED_ROWS).await?;
        let mut first_failure = Ok(());
        for booking_id in &bookings {
            let planned = self.write("payouts.plan", |tx| async move { plan_booking(&tx, *booking_id).await }).await;
            first_failure = first_failure.and(planned);
        }
        first_failure.map(|()| bookings.len() as u64)
    }
}

async fn plan_booking(tx: &Tx, booking_id: BookingId) -> Result<()> {
    // Locked, so that what it earned stays as it is meanwhile.
    let booking = store::bookings::find_for_update(tx, booking_id).await?;
    let booking = booking.ok_or_else(|| Error::internal("a payout of no booking"))?;
    plan(tx, &booking).await.map(drop)
}

/// Plans the payouts of a booking that this transaction has locked, and takes back what was paid too much. Gives where
/// the booking stands.
pub(super) async fn plan(tx: &Tx, booking: &Booking) -> Result<Position> {
    // Locked, so that a debt is either kept from a payout or taken back; before the note is taken, which others who have
    // the account may be waiting for.
    store::payout_accounts::find_for_update(tx, booking.host_id).await?;
    store::payouts::take_to_plan(tx, booking.id).await?;
    let currency = booking.price.total.currency;
    let position = store::payouts::position(tx, booking.id, currency).await?;
    let step = currency.payment_step_minor();
    let debt = position.debt() - position.debt() % step;
    if debt > 0 {
        let decided = store::payout_reversals::decide(tx, booking.id, debt).await?;
        tracing::info!(booking_id = %booking.id, debt, decided, "a host was paid more than was earned");
    }
    let arrival = arrival_of(tx, booking).await?;
    let at_once = matches!(booking.status, BookingStatus::Cancelled | BookingStatus::NoShow);
    let schedule = payout::schedule(booking.dates, &arrival.time_zone, arrival.check_in_time, at_once);
    let settled = store::payouts::settled_instalments(tx, booking.id).await?;
    let parts = payout::plan(&schedule, position.earned, position.moved, &settled, step);
    store::payouts::keep_plan(tx, booking.host_id, booking.id, currency, &parts).await?;
    Ok(position)
}
