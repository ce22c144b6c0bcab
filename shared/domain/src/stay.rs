//! When somebody stays, who stays, and whether the host's rules allow it.
//! Whether the nights are free is the database's to say.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Invalid;
use crate::text::whole_number;

mod rules;

pub use rules::{BrokenRule, StayRules, arrival_days, broken_rules};

/// Years in which a stay may lie; anything else is a slip of the keyboard.
pub const YEARS: std::ops::RangeInclusive<i16> = 2000..=2200;

/// Takes `YYYY-MM-DD`, a real day of a year in [`YEARS`], and nothing else of ISO 8601.
///
/// # Errors
/// `invalid_format` or `out_of_range`.
pub fn parse_date(text: &str) -> Result<Date, Invalid> {
    let invalid = || Invalid::new("invalid_format", "This must be a calendar date, such as 2026-05-31.");
    let shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if !shaped {
        return Err(invalid());
    }
    let date: Date = text.parse().map_err(|_no_such_day| invalid())?;
    if YEARS.contains(&date.year()) {
        Ok(date)
    } else {
        Err(Invalid::new("out_of_range", format!("The year must be from {} to {}.", YEARS.start(), YEARS.end())))
    }
}

/// Days from `from` to `to`; negative when `to` is earlier. Never fails: the calendar has under 8 million days.
fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// The nights `[check_in, check_out)`, at least one, in [`YEARS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "UncheckedDates")]
pub struct StayDates {
    /// The day of arrival: the first night.
    #[schema(value_type = String, format = Date)]
    check_in: Date,
    /// The day of leaving: not a night of the stay.
    #[schema(value_type = String, format = Date)]
    check_out: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedDates {
    check_in: Date,
    check_out: Date,
}

impl TryFrom<UncheckedDates> for StayDates {
    type Error = Invalid;

    fn try_from(dates: UncheckedDates) -> Result<Self, Invalid> {
        Self::new(dates.check_in, dates.check_out)
    }
}

impl StayDates {
    /// Takes the day of arrival and the day of leaving.
    ///
    /// # Errors
    /// `check_out_not_after_check_in`, or `out_of_range` for a year outside [`YEARS`].
    pub fn new(check_in: Date, check_out: Date) -> Result<Self, Invalid> {
        if !YEARS.contains(&check_in.year()) || !YEARS.contains(&check_out.year()) {
            return Err(Invalid::new(
                "out_of_range",
                format!("Years must be from {} to {}.", YEARS.start(), YEARS.end()),
            ));
        }
        if check_out <= check_in {
            return Err(Invalid::new(
                "check_out_not_after_check_in",
                "The check-out day must come after the check-in day.",
            ));
        }
        Ok(Self { check_in, check_out })
    }

    /// The day of arrival: the first night.
    pub const fn check_in(self) -> Date {
        self.check_in
    }

    /// The day of leaving: not a night of the stay.
    pub const fn check_out(self) -> Date {
        self.check_out
    }

    /// How many nights: at least 1.
    pub fn nights(self) -> u32 {
        u32::try_from(days_between(self.check_in, self.check_out)).unwrap_or(u32::MAX)
    }

    /// The date of each night, from the day of arrival to the day before leaving.
    pub fn night_dates(self) -> impl Iterator<Item = Date> {
        self.check_in.series(1.day()).take_while(move |night| *night < self.check_out)
    }

    /// Until when the nights are held: the host's preparation nights extend the end only.
    pub fn held_until(self, preparation_nights: u32) -> Date {
        self.check_out.saturating_add(Span::new().days(i64::from(preparation_nights.min(365))))
    }

    /// Whether the two share a night. Leaving on the day another arrives shares none.
    pub fn overlaps(self, other: Self) -> bool {
        self.check_in < other.check_out && other.check_in < self.check_out
    }
}

/// Who stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guests {
    /// At least one.
    #[schema(minimum = 1, maximum = 50)]
    pub adults: u32,
    /// From 2 years on.
    #[schema(maximum = 50)]
    pub children: u32,
    /// Under 2 years; they don't count.
    #[schema(maximum = 50)]
    pub infants: u32,
    /// Animals; they don't count.
    #[schema(maximum = 50)]
    pub pets: u32,
}

impl Guests {
    /// The most of each sort.
    pub const MAX: i64 = 50;

    /// Takes the four numbers; every fault comes with its JSON Pointer below the object.
    ///
    /// # Errors
    /// `out_of_range` for each number that is: adults 1 to 50, the others 0 to 50.
    pub fn parse(adults: i64, children: i64, infants: i64, pets: i64) -> Result<Self, Vec<(&'static str, Invalid)>> {
        let mut faults = Vec::new();
        let mut number = |pointer, value, min| {
            let checked = whole_number(value, min, Self::MAX);
            checked.map(|number| number as u32).unwrap_or_else(|invalid| {
                faults.push((pointer, invalid));
                0
            })
        };
        let guests = Self {
            adults: number("/adults", adults, 1),
            children: number("/children", children, 0),
            infants: number("/infants", infants, 0),
            pets: number("/pets", pets, 0),
        };
        if faults.is_empty() { Ok(guests) } else { Err(faults) }
    }

    /// Those who count as guests: adults and children.
    pub const fn counted(self) -> u32 {
        self.adults.saturating_add(self.children)
    }
}

#[cfg(test)]
mod tests;
