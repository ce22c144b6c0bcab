//! The calendar of a property: every night as a guest may have it, and the host's blocks and overrides.

use domain::calendar::{
    Arrivals, DaySpan, MAX_REACH_DAYS, NightChange, NightReason, NightSettings, changes_by_night, is_too_wide,
};
use domain::error::{Error, ErrorCode, FieldError, Invalid, Result};
use domain::id::{BookingId, FeedId, PropertyId};
use domain::money::{Currency, Money};
use domain::pricing::nightly_price_minor;
use domain::user::Role;
use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::json;
use store::calendar_days::Night;
use store::properties::Property;
use store::tx::Tx;

use crate::Services;
use crate::actor::Actor;
use crate::properties::own_property;

/// How many days are shown to who names no end.
const DEFAULT_DAYS: i32 = 90;

/// A night as one caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarDay {
    /// The date of its evening.
    pub date: Date,
    /// Why nobody can have it; none when a stay may have it.
    pub reason: Option<NightReason>,
    /// What it costs without discount and fees; none while a draft has no price.
    pub price: Option<Money>,
    /// The shortest stay that may arrive on it.
    pub min_nights: u32,
    /// What only the host sees of it.
    pub of_host: Option<HostsDay>,
}

/// What only the host sees of a night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsDay {
    /// The host's own words.
    pub note: Option<String>,
    /// The booking that holds the night.
    pub booking_id: Option<BookingId>,
    /// The feed by which it is known to be taken on another site.
    pub feed_id: Option<FeedId>,
}

/// One entry of what a host says of the calendar.
#[derive(Clone, Debug)]
pub struct CalendarChange {
    /// Which nights.
    pub span: DaySpan,
    /// What about them.
    pub change: NightChange,
    /// The currency the price was given in: must be the property's.
    pub currency: Option<Currency>,
}

impl Services {
    /// The nights of a listed property or one's own, `from` in, `to` out: from today at the property and for 90 days
    /// unless given.
    ///
    /// # Errors
    /// `not_found`; `validation_failed` for a span that is reversed, empty or longer than 400 days.
    pub async fn calendar(
        &self,
        actor: Option<&Actor>,
        id: PropertyId,
        (from, to): (Option<Date>, Option<Date>),
    ) -> Result<Vec<CalendarDay>> {
        let property = self.property(actor, id).await?.property;
        let connection = self.db.connection().await?;
        let now = store::clock::now(&connection).await?;
        let from = from.unwrap_or_else(|| property.details.rules.time_zone.date_at(now));
        let to = to.unwrap_or_else(|| from.saturating_add(DEFAULT_DAYS.days()));
        let span = DaySpan::new(from, to).map_err(|invalid| Error::invalid_field("?to", invalid))?;
        let nights = store::calendar_days::nights(&connection, id, (span.from(), span.to())).await?;
        let is_host = actor.is_some_and(|actor| actor.user_id == property.host_id || actor.role == Role::Admin);
        Ok(days_of(&property, nights, is_host, now))
    }
}

/// Changes the caller's own calendar within a transaction; gives the nights that were named, as they then are.
///
/// # Errors
/// `night_booked` with the dates when availability of a booked night is named: nothing is changed then.
/// `validation_failed`, `forbidden`, `not_found`.
pub async fn set_calendar(
    tx: &Tx,
    actor: &Actor,
    id: PropertyId,
    changes: &[CalendarChange],
) -> Result<Vec<CalendarDay>> {
    // Locked: who books a night waits until it is known whether it is blocked, and the other way round.
    let property = own_property(tx, actor, id).await?;
    require_currency(&property, changes)?;
    let changes: Vec<_> = changes.iter().map(|change| (change.span, change.change.clone())).collect();
    if is_too_wide(&changes) {
        let detail = format!("The first and the last day may be at most {MAX_REACH_DAYS} days apart.");
        return Err(Error::invalid_field("/days", Invalid::new("too_many_days", detail)));
    }
    let by_night = changes_by_night(&changes);
    let named: Vec<Date> = by_night.keys().copied().collect();
    let touched = by_night.iter().filter(|(_, change)| change.available.is_some());
    require_not_booked(tx, id, &touched.map(|(night, _)| *night).collect::<Vec<_>>()).await?;

    let mut known = store::calendar_days::settings_of(tx, id, &named).await?;
    let changed = by_night.iter().map(|(night, change)| {
        let before = known.remove(night).unwrap_or_default();
        (*night, before.changed(change))
    });
    let (silent, kept): (Vec<_>, Vec<_>) =
        changed.partition(|(_, settings): &(Date, NightSettings)| settings.says_nothing());
    let silent: Vec<Date> = silent.into_iter().map(|(night, _)| night).collect();
    store::calendar_days::delete(tx, id, &silent).await?;
    store::calendar_days::upsert(tx, id, &kept.into_iter().collect()).await?;

    let (Some(first), Some(last)) = (named.first(), named.last()) else { return Ok(Vec::new()) };
    let mut nights = store::calendar_days::nights(tx, id, (*first, last.saturating_add(1.day()))).await?;
    nights.retain(|night| by_night.contains_key(&night.night));
    Ok(days_of(&property, nights, true, store::clock::now(tx).await?))
}

fn require_currency(property: &Property, changes: &[CalendarChange]) -> Result<()> {
    let own = property.details.currency;
    let detail = format!("All prices of a property are in one currency, here {own}.");
    let faults: Vec<FieldError> = (0..)
        .zip(changes)
        .filter(|(_, change)| change.currency.is_some_and(|currency| currency != own))
        .map(|(at, _): (usize, _)| {
            FieldError::new(format!("/days/{at}/price/currency"), Invalid::new("currency_mismatch", detail.clone()))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::validation(faults)) }
}

/// Refuses when somebody has booked one of these nights, or is about to pay for it.
async fn require_not_booked(tx: &Tx, id: PropertyId, nights: &[Date]) -> Result<()> {
    let (Some(first), Some(last)) = (nights.first(), nights.last()) else { return Ok(()) };
    // A hold that ran out may be paid for at this very moment: expiring it decides which of the two is first.
    let until = last.saturating_add(1.day());
    store::bookings::expire_overdue_on(tx, id, *first, until).await?;
    let booked = store::bookings::booked_nights(tx, id, nights).await?;
    if booked.is_empty() {
        return Ok(());
    }
    let detail = "Somebody has booked some of these nights: they can be neither blocked nor opened.";
    Err(Error::new(ErrorCode::NightBooked, detail).with("dates", json!(booked)))
}

fn days_of(property: &Property, nights: Vec<Night>, is_host: bool, now: Timestamp) -> Vec<CalendarDay> {
    let rules = &property.details.rules;
    let arrivals = Arrivals::at(rules, now);
    let card = property.rate_card();
    let day = |night: Night| {
        let reason = arrivals.reason(night.night, &night.settings, night.taken);
        let minor = card.as_ref().map(|card| nightly_price_minor(card, night.night, night.settings.price_minor));
        CalendarDay {
            date: night.night,
            // Where else a place is let is the host's business.
            reason: reason.map(|reason| match reason {
                NightReason::Imported if !is_host => NightReason::Blocked,
                reason => reason,
            }),
            price: minor.or(night.settings.price_minor).map(|minor| Money::new(minor, property.details.currency)),
            min_nights: night.settings.min_nights.unwrap_or(rules.min_nights),
            of_host: is_host.then_some(HostsDay {
                note: night.settings.note,
                booking_id: night.booking_id,
                feed_id: night.feed_id,
            }),
        }
    };
    nights.into_iter().map(day).collect()
}
