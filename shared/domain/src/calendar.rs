//! A host's calendar: what may be said of single nights, and what a night comes to once bookings and rules are
//! counted in. Which nights are taken is the database's to say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::error::Invalid;
use crate::stay::{StayRules, arrival_days};

/// The longest span that is shown or said something of at once, in days.
pub const MAX_DAYS: i64 = 400;

/// How far apart the first and the last night of one change may be, in days.
pub const MAX_REACH_DAYS: i64 = 800;

/// The longest stay a single day may ask for.
pub const MAX_MIN_NIGHTS: i64 = 1_125;

/// The longest note, in characters.
pub const NOTE_MAX_LENGTH: usize = 500;

/// Days `[from, to)`: at least one, at most [`MAX_DAYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    from: Date,
    to: Date,
}

impl DaySpan {
    /// Takes the first day and the day after the last.
    ///
    /// # Errors
    /// `to_not_after_from` or `too_many_days`, both faults of `to`.
    pub fn new(from: Date, to: Date) -> Result<Self, Invalid> {
        let days = days_between(from, to);
        if days < 1 {
            return Err(Invalid::new("to_not_after_from", "This day must come after the first."));
        }
        if days > MAX_DAYS {
            return Err(Invalid::new("too_many_days", format!("There may be at most {MAX_DAYS} days.")));
        }
        Ok(Self { from, to })
    }

    /// The first day.
    pub const fn from(self) -> Date {
        self.from
    }

    /// The day after the last.
    pub const fn to(self) -> Date {
        self.to
    }

    /// Each day.
    pub fn days(self) -> impl Iterator<Item = Date> {
        self.from.series(1.day()).take_while(move |day| *day < self.to)
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// What is to change about a night: none leaves it, `Some(None)` goes back to what holds for the property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NightChange {
    /// Whether guests may have it.
    pub available: Option<bool>,
    /// Its price, minor units of the property's currency.
    pub price_minor: Option<Option<i64>>,
    /// The shortest stay that may arrive on it.
    pub min_nights: Option<Option<u32>>,
    /// The host's own words.
    pub note: Option<Option<String>>,
}

impl NightChange {
    /// This change, and after it a later one.
    fn then(&mut self, later: &Self) {
        if later.available.is_some() {
            self.available = later.available;
        }
        if later.price_minor.is_some() {
            self.price_minor = later.price_minor;
        }
        if later.min_nights.is_some() {
            self.min_nights = later.min_nights;
        }
        if later.note.is_some() {
            self.note.clone_from(&later.note);
        }
    }
}

/// What is to change about each night when these changes are made one after the other: the last one wins.
pub fn changes_by_night(changes: &[(DaySpan, NightChange)]) -> BTreeMap<Date, NightChange> {
    let mut by_night: BTreeMap<Date, NightChange> = BTreeMap::new();
    for (span, change) in changes {
        for night in span.days() {
            by_night.entry(night).or_default().then(change);
        }
    }
    by_night
}

/// Whether changes lie so far apart that they are not one change of a calendar.
pub fn is_too_wide(changes: &[(DaySpan, NightChange)]) -> bool {
    let first = changes.iter().map(|(span, _)| span.from).min();
    let last = changes.iter().map(|(span, _)| span.to).max();
    matches!((first, last), (Some(first), Some(last)) if days_between(first, last) > MAX_REACH_DAYS)
}

/// What the host says of a night; the default says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NightSettings {
    /// Whether nobody may have it.
    pub blocked: bool,
    /// Its price, minor units of the property's currency.
    pub price_minor: Option<i64>,
    /// The shortest stay that may arrive on it.
    pub min_nights: Option<u32>,
    /// The host's own words.
    pub note: Option<String>,
}

impl NightSettings {
    /// The same once a change is made.
    #[must_use]
    pub fn changed(mut self, change: &NightChange) -> Self {
        self.blocked = change.available.map_or(self.blocked, |available| !available);
        self.price_minor = change.price_minor.unwrap_or(self.price_minor);
        self.min_nights = change.min_nights.unwrap_or(self.min_nights);
        if let Some(note) = &change.note {
            self.note.clone_from(note);
        }
        self
    }

    /// Whether there is nothing to keep.
    pub fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

code_enum! {
    /// Why nobody can have a night.
    pub enum NightReason {
        /// It is over where the property is.
        Past = "past",
        /// Somebody has booked it, or is about to pay.
        Booked = "booked",
        /// The host keeps it free after a stay.
        Preparation = "preparation",
        /// The host has blocked it.
        Blocked = "blocked",
        /// It is taken on another site; strangers read `blocked`.
        Imported = "imported",
        /// Less notice than the host asks for.
        TooSoon = "too_soon",
        /// Further ahead than the host takes bookings.
        TooFarAhead = "too_far_ahead",
    }
}

/// What takes a night.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NightTaken {
    /// By a booking that holds it: whether it is a night after the stay.
    pub booking: Option<Preparation>,
    /// By a stay on another site.
    pub imported: bool,
}

/// Whether a held night is one of the stay or one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preparation(pub bool);

/// When stays may arrive, worked out once for a whole calendar.
#[derive(Debug, Clone, Copy)]
pub struct Arrivals {
    today: Date,
    first: Option<Date>,
    last: Date,
}

impl Arrivals {
    /// By the property's rules and the clock.
    pub fn at(rules: &StayRules, now: Timestamp) -> Self {
        let today = rules.time_zone.date_at(now);
        let window = i64::from(rules.booking_window_days);
        let last = today.checked_add(window.days()).unwrap_or(Date::MAX);
        Self { today, first: arrival_days(rules, now).map(|(first, _)| first), last }
    }

    /// The day it is at the property.
    pub const fn today(self) -> Date {
        self.today
    }

    /// Why nobody can have the night; none when a stay of some length may.
    pub fn reason(self, night: Date, settings: &NightSettings, taken: NightTaken) -> Option<NightReason> {
        if night < self.today {
            return Some(NightReason::Past);
        }
        match taken.booking {
            Some(Preparation(false)) => return Some(NightReason::Booked),
            Some(Preparation(true)) => return Some(NightReason::Preparation),
            None => {}
        }
        if settings.blocked {
            Some(NightReason::Blocked)
        } else if taken.imported {
            Some(NightReason::Imported)
        } else if night > self.last {
            Some(NightReason::TooFarAhead)
        } else if self.first.is_none_or(|first| night < first) {
            Some(NightReason::TooSoon)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
