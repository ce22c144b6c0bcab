//! What a host asks of a stay, and which of it a stay breaks.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp};

use super::{Guests, days_between};
use crate::time_zone::TimeZoneName;

/// What a host asks of a stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StayRules {
    /// The shortest stay.
    pub min_nights: u32,
    /// The longest stay.
    pub max_nights: u32,
    /// Hours between booking and the check-in time; 0 asks for none, not even that the check-in time is to come.
    pub advance_notice_hours: u32,
    /// How many days from today the check-in day may lie.
    pub booking_window_days: u32,
    /// Adults and children at most.
    pub max_guests: u32,
    /// Whether animals may come.
    pub pets_allowed: bool,
    /// From when guests may arrive, by the clocks there.
    pub check_in_time: Time,
    /// Where it is decided what day it is.
    pub time_zone: TimeZoneName,
    /// Nights kept free after a stay.
    pub preparation_nights: u32,
}

/// More days than any window has.
const MAX_WINDOW_DAYS: u32 = 3_650;

impl StayRules {
    /// The rules for a stay arriving on a day whose calendar asks for other min nights.
    #[must_use]
    pub fn with_min_nights(mut self, of_arrival_day: Option<u32>) -> Self {
        self.min_nights = of_arrival_day.unwrap_or(self.min_nights);
        self
    }
}

/// A reason why a stay can't be booked, with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokenRule {
    /// The check-in day is over where the property is.
    InThePast {
        /// The day it is there.
        today: Date,
    },
    /// There is no night between the two days.
    CheckOutNotAfterCheckIn,
    /// Fewer nights than the host asks for.
    TooShort {
        /// Nights asked for.
        nights: i64,
        /// The least.
        min_nights: u32,
    },
    /// More nights than the host allows.
    TooLong {
        /// Nights asked for.
        nights: i64,
        /// The most.
        max_nights: u32,
    },
    /// Less notice than the host asks for.
    TooSoon {
        /// Hours before the check-in time.
        advance_notice_hours: u32,
    },
    /// Further ahead than the host takes bookings.
    TooFarAhead {
        /// Days from today.
        booking_window_days: u32,
        /// The last day on which a stay may begin; none when it lies beyond the calendar.
        last_check_in: Option<Date>,
    },
    /// More adults and children than fit.
    TooManyGuests {
        /// Adults and children.
        guests: u32,
        /// The most.
        max_guests: u32,
    },
    /// Animals where there may be none.
    PetsNotAllowed,
    /// Hosts can't book their own place.
    OwnProperty,
    /// The guest may have arrived: the day of arrival can't be moved any more.
    StayBegun {
        /// The day of arrival.
        check_in: Date,
    },
    /// The time to leave would be over.
    CheckOutOver,
}

impl BrokenRule {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InThePast { .. } => "in_the_past",
            Self::CheckOutNotAfterCheckIn => "check_out_not_after_check_in",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::TooSoon { .. } => "too_soon",
            Self::TooFarAhead { .. } => "too_far_ahead",
            Self::TooManyGuests { .. } => "too_many_guests",
            Self::PetsNotAllowed => "pets_not_allowed",
            Self::OwnProperty => "own_property",
            Self::StayBegun { .. } => "stay_begun",
            Self::CheckOutOver => "check_out_over",
        }
    }

    /// JSON Pointer to the field of a booking's body.
    pub const fn pointer(&self) -> &'static str {
        match self {
            Self::InThePast { .. } | Self::TooSoon { .. } | Self::TooFarAhead { .. } | Self::StayBegun { .. } => {
                "/check_in"
            }
            Self::CheckOutNotAfterCheckIn | Self::TooShort { .. } | Self::TooLong { .. } | Self::CheckOutOver => {
                "/check_out"
            }
            Self::TooManyGuests { .. } => "/guests",
            Self::PetsNotAllowed => "/guests/pets",
            Self::OwnProperty => "/property_id",
        }
    }

    /// A sentence for the guest, with the numbers.
    pub fn detail(&self) -> String {
        match self {
            Self::InThePast { today } => format!("The check-in day is over: it is {today} at the property."),
            Self::CheckOutNotAfterCheckIn => "The check-out day must come after the check-in day.".to_owned(),
            Self::TooShort { nights, min_nights } => {
                format!("The stay has {}; the host asks for at least {min_nights}.", counted(*nights, "night"))
            }
            Self::TooLong { nights, max_nights } => {
                format!("The stay has {}; the host allows at most {max_nights}.", counted(*nights, "night"))
            }
            Self::TooSoon { advance_notice_hours } => format!(
                "The host asks for a booking at least {} before the check-in time.",
                counted(i64::from(*advance_notice_hours), "hour")
            ),
            Self::TooFarAhead { booking_window_days, last_check_in: Some(last) } => format!(
                "The host takes bookings {} ahead: the last check-in day is {last}.",
                counted(i64::from(*booking_window_days), "day")
            ),
            Self::TooFarAhead { booking_window_days, last_check_in: None } => {
                format!("The host takes bookings {} ahead.", counted(i64::from(*booking_window_days), "day"))
            }
            Self::TooManyGuests { guests, max_guests } => {
                format!("There is room for {max_guests} adults and children; you are {guests}.")
            }
            Self::PetsNotAllowed => "Pets are not allowed here.".to_owned(),
            Self::OwnProperty => "You can't book your own property.".to_owned(),
            Self::StayBegun { check_in } => format!("The stay began on {check_in}: that day can't be moved any more."),
            Self::CheckOutOver => "The time to leave on that day is over.".to_owned(),
        }
    }
}

fn counted(number: i64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Every rule that the stay breaks, none twice; a rule that makes no sense any more once another is broken is left
/// out (no length when check-out is not after check-in, no notice for the past). Days are those of the property's zone.
pub fn broken_rules(
    rules: &StayRules,
    check_in: Date,
    check_out: Date,
    guests: Guests,
    is_own_property: bool,
    now: Timestamp,
) -> Vec<BrokenRule> {
    let mut broken = Vec::new();
    broken.extend(broken_by_arrival(rules, check_in, now));
    broken.extend(broken_by_length(rules, days_between(check_in, check_out)));
    if guests.counted() > rules.max_guests {
        broken.push(BrokenRule::TooManyGuests { guests: guests.counted(), max_guests: rules.max_guests });
    }
    if guests.pets > 0 && !rules.pets_allowed {
        broken.push(BrokenRule::PetsNotAllowed);
    }
    if is_own_property {
        broken.push(BrokenRule::OwnProperty);
    }
    broken
}

/// The first and the last day on which a stay may arrive, by notice and window; none when there is no such day.
pub fn arrival_days(rules: &StayRules, now: Timestamp) -> Option<(Date, Date)> {
    let today = rules.time_zone.date_at(now);
    let last = today.saturating_add(Span::new().days(rules.booking_window_days.min(MAX_WINDOW_DAYS)));
    // Notice is over for all days after the first for which it is.
    let mut days = today.series(Span::new().days(1)).take_while(|day| *day <= last);
    days.find(|day| broken_by_arrival(rules, *day, now).is_none()).map(|first| (first, last))
}

fn broken_by_arrival(rules: &StayRules, check_in: Date, now: Timestamp) -> Option<BrokenRule> {
    let today = rules.time_zone.date_at(now);
    if check_in < today {
        return Some(BrokenRule::InThePast { today });
    }
    let booking_window_days = rules.booking_window_days;
    if days_between(today, check_in) > i64::from(booking_window_days) {
        let window = Span::new().try_days(i64::from(booking_window_days));
        let last_check_in = window.ok().and_then(|window| today.checked_add(window).ok());
        return Some(BrokenRule::TooFarAhead { booking_window_days, last_check_in });
    }
    let advance_notice_hours = rules.advance_notice_hours;
    let too_soon = advance_notice_hours > 0
        && rules.time_zone.instant(check_in, rules.check_in_time).duration_since(now)
            < SignedDuration::from_hours(i64::from(advance_notice_hours));
    too_soon.then_some(BrokenRule::TooSoon { advance_notice_hours })
}

fn broken_by_length(rules: &StayRules, nights: i64) -> Option<BrokenRule> {
    let StayRules { min_nights, max_nights, .. } = *rules;
    if nights < 1 {
        Some(BrokenRule::CheckOutNotAfterCheckIn)
    } else if nights < i64::from(min_nights) {
        Some(BrokenRule::TooShort { nights, min_nights })
    } else if nights > i64::from(max_nights) {
        Some(BrokenRule::TooLong { nights, max_nights })
    } else {
        None
    }
}
