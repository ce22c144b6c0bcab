//! Changing a confirmed stay: nobody's nights are promised twice, and money is asked for or given back to the unit.

mod holds;
mod lapses;
mod money;
mod races;
mod refusals;

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use domain::id::BookingId;
use domain::stay::Guests;
use jiff::civil::Date;
use services::Actor;
use services::Tx;
use services::booking_changes::{BookingChange, ChangeRequest, accept_change, decline_change, withdraw_change};
use services::bookings::Booking;
use testkit::{in_days, one_adult};

use crate::Platform;

fn adults(adults: u32) -> Guests {
    Guests { adults, ..one_adult() }
}

fn state(error: &Error) -> (ErrorCode, &str) {
    (error.code(), error.extra()["state"].as_str().unwrap_or(""))
}

fn nights(booking: &Booking) -> (Date, Date) {
    (booking.dates.check_in(), booking.dates.check_out())
}

impl Platform {
    pub(crate) async fn proposes_for(
        &self,
        actor: &Actor,
        id: BookingId,
        (from, to): (i32, i32),
        guests: Guests,
    ) -> Result<BookingChange> {
        let services = &self.kit.services;
        let request = &ChangeRequest { check_in: in_days(from), check_out: in_days(to), guests };
        let work = |tx: Arc<Tx>| async move { services.propose_change(&tx, actor, id, request).await };
        let proposed = services.write("test.propose", work).await;
        services.carry_out_for(id).await;
        proposed
    }

    pub(crate) async fn proposes(&self, actor: &Actor, booking: &Booking, nights: (i32, i32)) -> Result<BookingChange> {
        self.proposes_for(actor, booking.id, nights, booking.guests).await
    }

    pub(crate) async fn accepts(&self, actor: &Actor, id: BookingId) -> Result<BookingChange> {
        let services = &self.kit.services;
        let accepted = services.write("test.accept", |tx| async move { accept_change(&tx, actor, id).await }).await;
        services.carry_out_for(id).await;
        accepted
    }

    async fn declines(&self, actor: &Actor, id: BookingId) -> Result<BookingChange> {
        let services = &self.kit.services;
        services.write("test.decline", |tx| async move { decline_change(&tx, actor, id).await }).await
    }

    async fn withdraws(&self, actor: &Actor, id: BookingId) -> Result<BookingChange> {
        let services = &self.kit.services;
        let work = |tx: Arc<Tx>| async move { withdraw_change(&tx, actor, id, |_| Ok(())).await };
        let withdrawn = services.write("test.withdraw", work).await;
        services.carry_out_for(id).await;
        withdrawn
    }

    async fn cancels(&self, actor: &Actor, id: BookingId) -> Result<Booking> {
        let services = &self.kit.services;
        let work = |tx: Arc<Tx>| async move { services::cancellations::cancel(&tx, actor, id, None).await };
        let cancelled = services.write("test.cancel", work).await;
        services.carry_out_for(id).await;
        cancelled
    }

    /// The guest asks for more and the host agrees; nothing is paid yet.
    async fn agreed(&self, booking: &Booking, nights: (i32, i32)) -> BookingChange {
        self.proposes(&self.guest.actor, booking, nights).await.expect("proposed");
        self.accepts(&self.host.actor, booking.id).await.expect("accepted")
    }

    async fn change_status(&self, id: BookingId) -> &'static str {
        self.kit.services.booking_change(&self.guest.actor, id).await.expect("there is one").status.as_str()
    }
}
