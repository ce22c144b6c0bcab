//! Booking a stay: the nights are held, or the guest is told why not.

use domain::booking::HOLD_MINUTES;
use domain::error::{Error, ErrorCode, FieldError, Invalid, Result};
use domain::id::{BookingId, PropertyId};
use domain::money::Money;
use domain::pricing::{Price, ServiceFees};
use domain::property::PropertyStatus;
use domain::stay::{Guests, StayDates, broken_rules};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use store::bookings::{ArrivalTerms, NewBooking};
pub use store::bookings::{Booking, ListFilter, ListRole, TimelineEntry};
use store::properties::Property;
use store::tx::{Queries, Tx};

use crate::Services;
use crate::actor::{Actor, require_active};
use crate::idempotency::{Answer, IdempotencyKey, SavedAnswer};
use crate::quotes::{Offer, PriceInputs, offer, open_quote, price_of};
use crate::sealing::Sealer;

/// A stay somebody wants to book.
#[derive(Clone, Debug)]
pub struct BookingRequest {
    /// What to book.
    pub property_id: PropertyId,
    /// Arrival, a date at the property.
    pub check_in: Date,
    /// Departure.
    pub check_out: Date,
    /// Who comes.
    pub guests: Guests,
    /// Words to the host.
    pub message: Option<String>,
    /// The sealed quote the guest was shown.
    pub quote_id: Option<String>,
    /// The total the guest was shown.
    pub expected_total: Option<Money>,
}

impl Services {
    /// Books a stay for the actor under their key. Who comes too late is told so before anything is locked: where
    /// hundreds want the same nights, all but one of them cost a single look.
    ///
    /// # Errors
    /// Those of [`Self::create_booking`] and [`Self::idempotently`].
    pub async fn book(
        &self,
        actor: &Actor,
        request: &BookingRequest,
        key: Option<&IdempotencyKey>,
        render: impl Fn(Result<&Booking, &Error>) -> SavedAnswer,
    ) -> Result<Answer> {
        const NAME: &str = "bookings.create";
        let nights = (request.check_in, request.check_out);
        let connection = self.db.connection().await?;
        let too_late = store::bookings::comes_too_late(&connection, request.property_id, actor.user_id, nights).await?;
        drop(connection);
        if too_late {
            return self.keep_conflict(NAME, key, dates_unavailable(), render).await;
        }
        let sealer = &self.sealer().await?;
        self.idempotently(NAME, key, |tx| async move { self.create_booking(&tx, actor, request, sealer).await }, render)
            .await
    }

    /// Books a stay for the actor within a transaction: it holds its nights unpaid for a quarter of an hour.
    ///
    /// # Errors
    /// `validation_failed` with every broken rule, `quote_changed` with the new quote, `too_many_holds`,
    /// `dates_unavailable`, `email_unverified`.
    pub async fn create_booking(
        &self,
        tx: &Tx,
        actor: &Actor,
        request: &BookingRequest,
        sealer: &Sealer,
    ) -> Result<Booking> {
        // Statements that don't wait for each other's answers go out together: a trip each way costs more than they do.
        // The guest is locked first, so that one guest's bookings are counted one after the other.
        let (guest, property) = futures::join!(
            store::users::find_for_update(tx, actor.user_id),
            bookable_property(tx, actor, request.property_id)
        );
        require_active(&guest?.ok_or_else(Error::not_found)?)?;
        let mut property = property?;
        let ids = [property.id];
        let (inputs, now, holds) = futures::try_join!(
            PriceInputs::load(tx, &ids, (request.check_in, request.check_out)),
            store::clock::now(tx),
            store::bookings::count_unpaid_holds(tx, actor.user_id)
        )?;
        let inputs = inputs.of(property.id);
        property.details.rules = property.details.rules.with_min_nights(inputs.overrides.min_nights);
        let dates = checked_dates(actor, &property, request, now)?;
        let price = price_of(&property, dates, request.guests, &inputs, self.settings.service_fees)?;
        require_price_as_shown(sealer, request, &property, dates, &price)?;
        self.require_free_hold(holds)?;
        // Nobody is told yet: the host hears of it when it is paid for, or when there is something to answer.
        insert_holding(tx, actor, request, &property, dates, (&price, self.settings.service_fees)).await
    }

    /// A booking, to its guest, its host and admins.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn booking(&self, actor: &Actor, id: BookingId) -> Result<Booking> {
        store::bookings::find(&self.db.connection().await?, id)
            .await?
            .filter(|booking| actor.may_see(booking))
            .ok_or_else(Error::not_found)
    }

    /// A booking, for what is its guest's alone.
    ///
    /// # Errors
    /// `forbidden` for others who may see it, `not_found`.
    pub(crate) async fn booking_of_guest(&self, actor: &Actor, id: BookingId) -> Result<Booking> {
        let booking = self.booking(actor, id).await?;
        if booking.guest_id != actor.user_id {
            return Err(Error::new(ErrorCode::Forbidden, "Only the guest of the stay has this."));
        }
        Ok(booking)
    }

    /// Those of these bookings that the caller may see, in one statement and in no order.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn bookings_of_ids(&self, actor: &Actor, ids: &[BookingId]) -> Result<Vec<Booking>> {
        let mut found = store::bookings::find_many(&self.db.connection().await?, ids).await?;
        found.retain(|booking| actor.may_see(booking));
        Ok(found)
    }

    /// A page of the bookings a filter names, newest first.
    pub async fn bookings(&self, filter: &ListFilter) -> Result<Vec<Booking>> {
        store::bookings::list(&self.db.connection().await?, filter).await
    }

    fn require_free_hold(&self, holds: i64) -> Result<()> {
        let allowed = self.settings.max_unpaid_holds;
        if holds < i64::from(allowed) {
            return Ok(());
        }
        let detail = format!("You have {allowed} unpaid bookings. Pay for one, or wait until one runs out.");
        Err(Error::new(ErrorCode::TooManyHolds, detail))
    }
}

/// What events about a booking tell; events of money add their own.
pub(crate) fn event_data(booking: &Booking) -> serde_json::Value {
    json!({
        "booking_id": booking.id, "property_id": booking.property_id,
        "guest_id": booking.guest_id, "host_id": booking.host_id,
    })
}

/// A booking as it is now, within a transaction.
///
/// # Errors
/// `not_found`.
pub async fn booking_in(tx: &Tx, id: BookingId) -> Result<Booking> {
    store::bookings::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// The property, if it is there for this guest: listed, or their own (which then breaks a rule). Its calendar stays
/// as it is until the transaction ends.
async fn bookable_property(tx: &Tx, actor: &Actor, id: PropertyId) -> Result<Property> {
    store::properties::find_for_booking(tx, id)
        .await?
        .filter(|property| property.status == PropertyStatus::Listed || property.host_id == actor.user_id)
        .ok_or_else(|| {
            Error::invalid_field("/property_id", Invalid::new("not_found", "There is no such listing to book."))
        })
}

fn checked_dates(actor: &Actor, property: &Property, request: &BookingRequest, now: Timestamp) -> Result<StayDates> {
    let is_own = property.host_id == actor.user_id;
    let rules = &property.details.rules;
    let broken = broken_rules(rules, request.check_in, request.check_out, request.guests, is_own, now);
    if !broken.is_empty() {
        let faults = broken
            .iter()
            .map(|rule| FieldError::new(rule.pointer(), Invalid::new(rule.code(), rule.detail())))
            .collect();
        return Err(Error::validation(faults));
    }
    StayDates::new(request.check_in, request.check_out).map_err(|invalid| Error::invalid_field("/check_out", invalid))
}

/// Refuses when the guest was shown another price than today's, and shows today's.
fn require_price_as_shown(
    sealer: &Sealer,
    request: &BookingRequest,
    property: &Property,
    dates: StayDates,
    price: &Price,
) -> Result<()> {
    let mut as_shown = request.expected_total.is_none_or(|expected| expected == price.total);
    if let Some(quote_id) = &request.quote_id {
        let quoted = open_quote(sealer, quote_id).ok_or_else(|| {
            Error::invalid_field("/quote_id", Invalid::new("invalid_format", "This is not a quote of ours."))
        })?;
        let of_this_stay = quoted.property_id == property.id
            && (quoted.check_in, quoted.check_out) == (dates.check_in(), dates.check_out())
            && quoted.guests == request.guests.counted();
        if !of_this_stay {
            let invalid = Invalid::new("quote_mismatch", "The quote is for another stay.");
            return Err(Error::invalid_field("/quote_id", invalid));
        }
        // One that is over but names today's price has nothing to tell the guest anew.
        as_shown &= quoted.total == price.total;
    }
    if as_shown {
        return Ok(());
    }
    let Offer { price, quote_id, expires_at } = offer(sealer, property, dates, request.guests, price.clone())?;
    let quote = json!({ "bookable": true, "price": price, "quote_id": quote_id, "expires_at": expires_at });
    Err(Error::new(ErrorCode::QuoteChanged, "The price has changed since it was shown.").with("quote", quote))
}

async fn insert_holding(
    tx: &Tx,
    actor: &Actor,
    request: &BookingRequest,
    property: &Property,
    dates: StayDates,
    (price, fees): (&Price, ServiceFees),
) -> Result<Booking> {
    let rules = &property.details.rules;
    let preparation_nights = rules.preparation_nights;
    let new = NewBooking {
        id: BookingId::new(),
        property_id: property.id,
        guest_id: actor.user_id,
        host_id: property.host_id,
        dates,
        preparation_nights,
        guests: request.guests,
        price,
        fees,
        cancellation_policy: property.details.cancellation_policy,
        arrival: &rules.into(),
        instant_book: property.details.instant_book,
        message: request.message.as_deref(),
        hold_minutes: HOLD_MINUTES,
    };
    if let Some(booking) = store::bookings::insert(tx, &new).await? {
        return Ok(booking);
    }
    // Only who meets a conflict pays for looking whether it is a hold that ran out and no sweeper has met yet. Tried
    // again even when there was none left to expire: another guest or the sweeper may have done so a moment ago.
    let held_until = dates.held_until(preparation_nights);
    store::bookings::expire_overdue_on(tx, property.id, dates.check_in(), held_until).await?;
    if let Some(booking) = store::bookings::insert(tx, &new).await? {
        return Ok(booking);
    }
    Err(dates_unavailable())
}

/// What is booked.
pub(crate) async fn property_of(queries: &impl Queries, booking: &Booking) -> Result<Property> {
    let property = store::properties::find(queries, booking.property_id).await?;
    property.ok_or_else(|| Error::internal("a booking of no property"))
}

/// From when the guest may come: as it was when the stay was booked, on old bookings as it is now.
pub(crate) async fn arrival_of(queries: &impl Queries, booking: &Booking) -> Result<ArrivalTerms> {
    match &booking.arrival {
        Some(as_booked) => Ok(as_booked.clone()),
        None => Ok((&property_of(queries, booking).await?.details.rules).into()),
    }
}

fn dates_unavailable() -> Error {
    Error::new(ErrorCode::DatesUnavailable, "Some of these nights are taken. Ask for a quote to see others.")
}
