//! Changing a confirmed stay: one side proposes other dates or guests, the other accepts or declines. Cheaper takes
//! effect at once; dearer when the difference is paid, and until then the old stay stands.

use domain::booking::{BookingEvent, Party};
use domain::booking_change::{ChangeStatus, StayChange};
use domain::error::{Error, ErrorCode, FieldError, Invalid, Result};
use domain::event::EventKind;
use domain::id::BookingId;
use domain::ledger;
use domain::money::Money;
use domain::pricing::Price;
use domain::stay::{Guests, StayDates};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use store::Tx;
pub use store::booking_changes::BookingChange;
use store::booking_changes::NewChange;
use store::bookings::Booking;
use store::payments::Instruction;
use store::properties::Property;

use crate::Services;
use crate::actor::Actor;
use crate::bookings::event_data;
use crate::host_answers::next_status;
use crate::ledger::{post, subject};
use crate::quotes::{PriceInput, PriceInputs, price_of};
use crate::refunds;

/// What somebody wants a stay to be.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRequest {
    /// Arrival, a date at the property.
    pub check_in: Date,
    /// Departure.
    pub check_out: Date,
    /// Who comes.
    pub guests: Guests,
}

/// What a stay would become.
struct Proposal {
    dates: StayDates,
    held_until: Date,
    guests: Guests,
    price: Price,
    difference: Money,
    expires_at: Timestamp,
}

impl Services {
    /// Proposes a change within a transaction; the nights it adds are held for a day.
    ///
    /// # Errors
    /// `validation_failed` with every broken rule, `invalid_state`, `change_open`, `dates_unavailable`, `not_found`.
    pub async fn propose_change(
        &self,
        tx: &Tx,
        actor: &Actor,
        id: BookingId,
        request: &ChangeRequest,
    ) -> Result<BookingChange> {
        let (mut property, booking, by) = locked_booking(tx, actor, id).await?;
        let now = store::clock::now(tx).await?;
        next_status(&booking, &property.details, now, BookingEvent::Changed)?;
        let inputs = PriceInputs::load(tx, &[property.id], (request.check_in, request.check_out)).await?;
        let inputs = inputs.of(property.id);
        property.details.rules = property.details.rules.with_min_nights(inputs.overrides.min_nights);
        let proposal = self.work_out(&booking, &property, &inputs, request, now)?;
        require_no_open(tx, &booking).await?;
        require_free(tx, &booking, proposal.dates, proposal.held_until).await?;
        let new = NewChange {
            booking: &booking,
            proposed_by: by,
            dates: proposal.dates,
            held_until: proposal.held_until,
            guests: proposal.guests,
            price: &proposal.price,
            difference: proposal.difference,
            expires_at: proposal.expires_at,
        };
        let change = store::booking_changes::insert(tx, &new).await?.ok_or_else(change_open)?;
        tell(tx, EventKind::BookingChangeProposed, &booking, &change, by).await?;
        Ok(change)
    }

    /// The newest change of a booking, to its guest, its host and admins.
    ///
    /// # Errors
    /// `not_found` also when there never was one.
    pub async fn booking_change(&self, actor: &Actor, id: BookingId) -> Result<BookingChange> {
        let booking = self.booking(actor, id).await?;
        let connection = self.db.connection().await?;
        store::booking_changes::latest(&connection, booking.id).await?.ok_or_else(Error::not_found)
    }

    /// The newest change of each of these bookings, which the caller has been shown, in one statement.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn changes_of_bookings(&self, ids: &[BookingId]) -> Result<Vec<BookingChange>> {
        store::booking_changes::latest_of(&self.db.connection().await?, ids).await
    }

    /// Holds a change to the rules, and prices it: by the property's prices of today and the fees of the booking.
    fn work_out(
        &self,
        booking: &Booking,
        property: &Property,
        inputs: &PriceInput<'_>,
        request: &ChangeRequest,
        now: Timestamp,
    ) -> Result<Proposal> {
        let stay = stay_change(booking, property, (request.check_in, request.check_out), request.guests);
        if stay.is_none() {
            let invalid = Invalid::new("nothing_changed", "The stay is like this already.");
            return Err(Error::invalid_field("", invalid));
        }
        let broken = stay.broken_rules(now);
        if !broken.is_empty() {
            let fault = |rule: &domain::stay::BrokenRule| {
                FieldError::new(rule.pointer(), Invalid::new(rule.code(), rule.detail()))
            };
            return Err(Error::validation(broken.iter().map(fault).collect()));
        }
        let dates = StayDates::new(request.check_in, request.check_out)
            .map_err(|invalid| Error::invalid_field("/check_out", invalid))?;
        let fees = booking.fees.unwrap_or(self.settings.service_fees);
        let price = price_of(property, dates, request.guests, inputs, fees)?;
        let Ok(difference) = price.total.checked_sub(booking.price.total) else {
            let detail = "The property has its prices in another currency than this booking.";
            return Err(Error::new(ErrorCode::InvalidState, detail).with("state", booking.status.as_str()));
        };
        // Who leaves on the same day keeps the preparation that was booked with it.
        let held_until = match dates.check_out() == booking.dates.check_out() {
            true => booking.held_until,
            false => dates.held_until(property.details.rules.preparation_nights),
        };
        let expires_at = stay.open_until(now);
        Ok(Proposal { dates, held_until, guests: request.guests, price, difference, expires_at })
    }
}

/// Accepts what the other side has proposed: it takes effect, or, dearer, waits a day for the difference to be paid.
///
/// # Errors
/// `invalid_state`, `forbidden` for the side that proposed it, `dates_unavailable`, `not_found`.
pub async fn accept_change(tx: &Tx, actor: &Actor, id: BookingId) -> Result<BookingChange> {
    let (property, booking, by) = locked_booking(tx, actor, id).await?;
    let change = proposed_to(tx, &booking, by, ChangeStatus::Accepted).await?;
    require_free(tx, &booking, change.dates, change.held_until).await?;
    if change.difference.amount <= 0 {
        return apply(tx, &booking, &change, by).await;
    }
    let dates = (change.dates.check_in(), change.dates.check_out());
    let stay = stay_change(&booking, &property, dates, change.guests);
    let until = stay.open_until(store::clock::now(tx).await?);
    let accepted = store::booking_changes::set_status(tx, change.id, ChangeStatus::Accepted, Some(until)).await?;
    tell(tx, EventKind::BookingChangeAccepted, &booking, &accepted, by).await?;
    Ok(accepted)
}

/// Declines what the other side has proposed: the nights it added are free at once.
///
/// # Errors
/// `invalid_state`, `forbidden` for the side that proposed it, `not_found`.
pub async fn decline_change(tx: &Tx, actor: &Actor, id: BookingId) -> Result<BookingChange> {
    let (_, booking, by) = locked_booking(tx, actor, id).await?;
    let change = proposed_to(tx, &booking, by, ChangeStatus::Declined).await?;
    let declined = store::booking_changes::set_status(tx, change.id, ChangeStatus::Declined, None).await?;
    tell(tx, EventKind::BookingChangeDeclined, &booking, &declined, by).await?;
    Ok(declined)
}

/// Takes a change back: who proposed it may, as long as it has not taken effect, and the guest who shall pay for it.
/// Money that still comes goes back.
///
/// # Errors
/// `invalid_state`, `forbidden` for the host of a change that the guest proposed, those of `is_as_seen`, `not_found`.
pub async fn withdraw_change(
    tx: &Tx,
    actor: &Actor,
    id: BookingId,
    is_as_seen: impl FnOnce(&BookingChange) -> Result<()>,
) -> Result<BookingChange> {
    let (_, booking, by) = locked_booking(tx, actor, id).await?;
    let change = open_change(tx, &booking).await?;
    let is_payer = by == Party::Guest && change.status == ChangeStatus::Accepted;
    if change.proposed_by != by && !is_payer {
        return Err(Error::new(ErrorCode::Forbidden, "Only who proposed a change takes it back. You may decline it."));
    }
    is_as_seen(&change)?;
    close(tx, &booking, &change, ChangeStatus::Withdrawn).await
}

/// Makes the stay what the change says, gives back what it is cheaper, and tells both sides. Booking and change are
/// locked, and the nights are free.
pub(crate) async fn apply(tx: &Tx, booking: &Booking, change: &BookingChange, by: Party) -> Result<BookingChange> {
    let applied = store::booking_changes::set_status(tx, change.id, ChangeStatus::Applied, None).await?;
    let changed = store::bookings::apply_change(tx, booking, change, by).await?;
    post(tx, &ledger::changed(subject(booking), change.id, &booking.price, &changed.price)).await?;
    let back = Money::new(-change.difference.amount, change.difference.currency);
    let refund = refunds::decide_of_booking(tx, booking, back, "The stay was changed.").await?;
    let mut data = event_data(&changed);
    data["change_id"] = json!(change.id);
    data["difference"] = json!(change.difference);
    data["refund"] = json!(refund);
    store::outbox::insert(tx, EventKind::BookingChanged, &data).await?;
    Ok(applied)
}

/// Whether nothing but the booking itself is in the way of a change, now that the property is locked.
pub(crate) async fn is_free(tx: &Tx, booking: &Booking, dates: StayDates, held_until: Date) -> Result<bool> {
    // A hold that ran out may be paid for at this very moment: expiring it decides which of the two is first.
    store::bookings::expire_overdue_on(tx, booking.property_id, dates.check_in(), held_until).await?;
    Ok(!store::booking_changes::nights_are_taken(tx, booking, dates, held_until).await?)
}

/// Closes what is open when the booking comes to an end, which this transaction has locked. Before the booking itself is
/// moved: the sweeper locks in that order.
pub(crate) async fn close_open(tx: &Tx, booking: &Booking) -> Result<()> {
    if let Some(change) = store::booking_changes::find_open_for_update(tx, booking.id).await? {
        close(tx, booking, &change, ChangeStatus::Expired).await?;
    }
    Ok(())
}

/// Ends an open change, and with it the attempt to pay for it.
pub(crate) async fn close(
    tx: &Tx,
    booking: &Booking,
    change: &BookingChange,
    status: ChangeStatus,
) -> Result<BookingChange> {
    let closed = store::booking_changes::set_status(tx, change.id, status, None).await?;
    let attempt = store::payments::find_open(tx, booking.id).await?;
    if let Some(attempt) = attempt.filter(|attempt| attempt.change_id == Some(change.id)) {
        store::payments::instruct(tx, attempt.id, Instruction::Cancel).await?;
    }
    Ok(closed)
}

/// The booking of one of its sides and which side that is; the property is locked before it, as by who takes nights.
async fn locked_booking(tx: &Tx, actor: &Actor, id: BookingId) -> Result<(Property, Booking, Party)> {
    let concerns = |booking: &Booking| [booking.guest_id, booking.host_id].contains(&actor.user_id);
    let found = store::bookings::find(tx, id).await?.filter(concerns).ok_or_else(Error::not_found)?;
    let property = store::properties::find_for_update(tx, found.property_id).await?;
    let property = property.ok_or_else(|| Error::internal("a booking of no property"))?;
    let booking = store::bookings::find_for_update(tx, id).await?.ok_or_else(Error::not_found)?;
    let by = if booking.guest_id == actor.user_id { Party::Guest } else { Party::Host };
    Ok((property, booking, by))
}

fn stay_change<'a>(
    booking: &Booking,
    property: &'a Property,
    (check_in, check_out): (Date, Date),
    guests: Guests,
) -> StayChange<'a> {
    StayChange {
        booked: booking.dates,
        booked_guests: booking.guests,
        check_in,
        check_out,
        guests,
        rules: &property.details.rules,
        check_out_time: property.details.check_out_time,
    }
}

/// Refuses a second change; one that ran out is marked so first.
async fn require_no_open(tx: &Tx, booking: &Booking) -> Result<()> {
    match store::booking_changes::find_open_for_update(tx, booking.id).await? {
        None => Ok(()),
        Some(change) if !change.status.is_open() => close(tx, booking, &change, ChangeStatus::Expired).await.map(drop),
        Some(_) => Err(change_open()),
    }
}

async fn require_free(tx: &Tx, booking: &Booking, dates: StayDates, held_until: Date) -> Result<()> {
    if is_free(tx, booking, dates, held_until).await? {
        return Ok(());
    }
    Err(Error::new(ErrorCode::DatesUnavailable, "Some of these nights are taken."))
}

fn change_open() -> Error {
    Error::new(ErrorCode::ChangeOpen, "Another change of this stay waits for its answer, or to be paid for.")
}

/// The change that is open; else a refusal that names where the last one stands.
async fn open_change(tx: &Tx, booking: &Booking) -> Result<BookingChange> {
    let open = store::booking_changes::find_open_for_update(tx, booking.id).await?;
    if let Some(change) = open.filter(|change| change.status.is_open()) {
        return Ok(change);
    }
    let last = store::booking_changes::latest(tx, booking.id).await?;
    let state = last.map_or("none", |change| change.status.as_str());
    let detail = "No change of this stay waits for an answer.";
    Err(Error::new(ErrorCode::InvalidState, detail).with("state", state))
}

/// The change that this side may answer in this way.
async fn proposed_to(tx: &Tx, booking: &Booking, by: Party, answer: ChangeStatus) -> Result<BookingChange> {
    let change = open_change(tx, booking).await?;
    if change.proposed_by == by {
        return Err(Error::new(ErrorCode::Forbidden, "The other side answers. You may take the change back."));
    }
    if !change.status.may_become(answer) {
        let detail = format!("Not possible: a change that is {} can't become {answer}.", change.status);
        return Err(Error::new(ErrorCode::InvalidState, detail).with("state", change.status.as_str()));
    }
    Ok(change)
}

/// Tells the side that did not act.
async fn tell(tx: &Tx, kind: EventKind, booking: &Booking, change: &BookingChange, by: Party) -> Result<()> {
    let mut data = event_data(booking);
    data["change_id"] = json!(change.id);
    data["by"] = json!(by.as_str());
    data["recipient_id"] = json!(if by == Party::Guest { booking.host_id } else { booking.guest_id });
    store::outbox::insert(tx, kind, &data).await
}
