//! Reviews of a stay: who may write one and when, who may read it, and what a property's rating is made of.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

use crate::booking::BookingStatus;
use crate::error::{ErrorCode, Invalid};
use crate::text::{self, Lines};
use crate::time_zone::TimeZoneName;

/// How many days after check-out a stay may be reviewed; then what was written is published.
pub const REVIEW_WINDOW_DAYS: i64 = 14;

code_enum! {
    /// From which side of a stay a review comes.
    pub enum ReviewerRole {
        /// Who stayed: rates the place and its host.
        Guest = "guest",
        /// Whose place it is: rates the guest.
        Host = "host",
    }
}

code_enum! {
    /// What can be rated apart from the whole.
    pub enum ReviewCategory {
        /// How clean it was.
        Cleanliness = "cleanliness",
        /// Whether it was as described.
        Accuracy = "accuracy",
        /// How arriving went.
        CheckIn = "check_in",
        /// How the other side answered.
        Communication = "communication",
        /// Where it is.
        Location = "location",
        /// What it was for its price.
        Value = "value",
    }
}

/// A rating: 1 (worst) to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Stars(u8);

impl Stars {
    /// The fewest.
    pub const MIN: i64 = 1;
    /// The most.
    pub const MAX: i64 = 5;

    /// Checks.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn new(stars: i64) -> Result<Self, Invalid> {
        let stars = text::whole_number(stars, Self::MIN, Self::MAX)?;
        u8::try_from(stars).map(Self).map_err(|_| Invalid::new("out_of_range", "This number is out of range."))
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Stars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Stars {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(Self::MIN as f64))
            .maximum(Some(Self::MAX as f64))
            .build()
            .into()
    }
}

impl utoipa::ToSchema for Stars {}

text_type! {
    /// What a review says, in public or to the other side alone, and the answer to it: 1 to 2,000 characters, line
    /// breaks allowed.
    pub struct ReviewText;
    schema = |text| text.min_length(Some(1)).max_length(Some(2_000));
}

impl ReviewText {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 2_000, Lines::Many).map(Self)
    }
}

text_type! {
    /// Why somebody reports a review: 1 to 1,000 characters, line breaks allowed.
    pub struct ReportReason;
    schema = |text| text.min_length(Some(1)).max_length(Some(1_000));
}

impl ReportReason {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 1_000, Lines::Many).map(Self)
    }
}

/// When a stay may be reviewed: half-open, from check-out to [`REVIEW_WINDOW_DAYS`] later by the property's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewWindow {
    /// The check-out time.
    pub opens_at: Timestamp,
    /// From here on no review is taken, and what there is can be read.
    pub closes_at: Timestamp,
}

impl ReviewWindow {
    /// The window of a stay that ends on `check_out` at `check_out_time` in the property's zone.
    pub fn of(check_out: Date, check_out_time: Time, zone: &TimeZoneName) -> Self {
        let last_day = check_out.saturating_add(Span::new().days(REVIEW_WINDOW_DAYS));
        Self { opens_at: zone.instant(check_out, check_out_time), closes_at: zone.instant(last_day, check_out_time) }
    }

    /// Whether a side that has written nothing yet may review at `now`. A stay whose check-out time has passed counts
    /// as completed though no sweeper has come by.
    ///
    /// # Errors
    /// `stay_not_completed`, `review_window_closed`.
    pub fn check(&self, status: BookingStatus, now: Timestamp) -> Result<(), ErrorCode> {
        let completed = match status {
            BookingStatus::Completed => true,
            BookingStatus::Confirmed => now >= self.opens_at,
            _ => false,
        };
        if !completed {
            Err(ErrorCode::StayNotCompleted)
        } else if now >= self.closes_at {
            Err(ErrorCode::ReviewWindowClosed)
        } else {
            Ok(())
        }
    }
}

/// The blind rule: since when a review can be read by everybody; `None` while it is hidden. `both_in_at` is when the
/// second of the two sides wrote.
pub fn published_at(both_in_at: Option<Timestamp>, closes_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    match both_in_at {
        Some(at) => Some(at.min(closes_at)),
        None => (now >= closes_at).then_some(closes_at),
    }
}

/// Ratings added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there are.
    pub count: u32,
    /// Their sum, in stars.
    pub sum: u32,
}

impl Tally {
    /// Takes one more in.
    pub fn add(&mut self, stars: Stars) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(u32::from(stars.get()));
    }

    /// The mean, rounded half up to hundredths; none of nothing.
    pub fn average(self) -> Option<f64> {
        let (count, sum) = (u64::from(self.count), u64::from(self.sum));
        let hundredths = (200 * sum + count).checked_div(2 * count)?;
        // At most 500.
        u16::try_from(hundredths).ok().map(|hundredths| f64::from(hundredths) / 100.0)
    }
}

/// What guests' published reviews of a property come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PropertyRating {
    /// The ratings of the whole.
    pub overall: Tally,
    /// Those by category; one that nobody rated may be missing.
    pub by_category: BTreeMap<ReviewCategory, Tally>,
}

impl PropertyRating {
    /// Takes one more review in.
    pub fn add(&mut self, rating: Stars, categories: &BTreeMap<ReviewCategory, Stars>) {
        self.overall.add(rating);
        for (category, stars) in categories {
            self.by_category.entry(*category).or_default().add(*stars);
        }
    }

    /// The means by category, of those that somebody rated.
    pub fn averages(&self) -> BTreeMap<ReviewCategory, f64> {
        let mean = |(category, tally): (&ReviewCategory, &Tally)| Some((*category, tally.average()?));
        self.by_category.iter().filter_map(mean).collect()
    }
}

#[cfg(test)]
mod tests;
