//! The wire form of a calendar: its days, and what a host says of them.

use domain::calendar::{DaySpan, MAX_MIN_NIGHTS, NOTE_MAX_LENGTH, NightChange, NightReason};
use domain::id::{BookingId, FeedId};
use domain::money::{Money, parse_price_minor};
use domain::text::{Lines, checked};
use jiff::civil::Date;
use serde::Serialize;
use services::calendar::{CalendarChange, CalendarDay};
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, boolean, date, integer_between, list, object, text_with};

/// The most entries of one change.
const MAX_ENTRIES: usize = 400;

/// A day, and the night that follows it.
#[derive(Serialize, ToSchema)]
pub struct CalendarDayOut {
    #[schema(value_type = String, format = "date")]
    date: Date,
    /// Whether the night can be part of a stay.
    available: bool,
    /// Why not: when it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<NightReason>,
    /// Of the night, without discount, fees and taxes; null while a draft has no price.
    #[schema(required)]
    price: Option<Money>,
    /// The shortest stay that may arrive on this day.
    min_nights: u32,
    /// The host's own words, to the host alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The booking that holds the night, to the host alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_id: Option<BookingId>,
    /// The feed by which the night is known to be taken on another site, to the host alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_id: Option<FeedId>,
}

impl From<CalendarDay> for CalendarDayOut {
    fn from(day: CalendarDay) -> Self {
        let (note, booking_id, feed_id) =
            day.of_host.map_or((None, None, None), |host| (host.note, host.booking_id, host.feed_id));
        Self {
            date: day.date,
            available: day.reason.is_none(),
            reason: day.reason,
            price: day.price,
            min_nights: day.min_nights,
            note,
            booking_id,
            feed_id,
        }
    }
}

/// Days of a calendar, in order.
#[derive(Serialize, ToSchema)]
pub struct CalendarOut {
    data: Vec<CalendarDayOut>,
}

impl From<Vec<CalendarDay>> for CalendarOut {
    fn from(days: Vec<CalendarDay>) -> Self {
        Self { data: days.into_iter().map(CalendarDayOut::from).collect() }
    }
}

/// What is to hold for the days from `from` to the one before `to`. What is left out stays as it is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the members, which are read into a CalendarChange")]
pub struct CalendarDaysIn {
    #[schema(value_type = String, format = "date")]
    from: Date,
    /// The day after the last, at most 400 days on.
    #[schema(value_type = String, format = "date")]
    to: Date,
    /// False blocks the nights, true opens them.
    #[schema(nullable = false)]
    available: Option<bool>,
    /// Of a night, in the property's currency; null goes back to its own prices.
    price: Option<Money>,
    /// Of stays that arrive on these days; null goes back to the property's own.
    #[schema(minimum = 1, maximum = 1125)]
    min_nights: Option<u32>,
    /// At most 500 characters; null removes it.
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// What is to hold for some days. Where entries overlap the last one wins, member by member.
#[derive(ToSchema)]
pub struct CalendarIn {
    /// At most 400 entries, all of them within 800 days.
    #[schema(value_type = Vec<CalendarDaysIn>, max_items = 400)]
    pub days: Vec<CalendarChange>,
}

impl FromFields for CalendarIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let days = fields.required("days", list(MAX_ENTRIES, object::<Entry>));
        Ok(Self { days: days?.into_iter().map(|entry| entry.0).collect() })
    }
}

struct Entry(CalendarChange);

impl FromFields for Entry {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let from = fields.required("from", date);
        let to = fields.required("to", date);
        let available = fields.changed("available", boolean);
        let price = fields.clearable("price", object::<Money>).and_then(|price| {
            let Some(Some(money)) = price else { return Ok(price) };
            let checked = parse_price_minor(money.amount);
            checked.map(|_| price).map_err(|invalid| fields.fault("price", invalid))
        });
        let min_nights = fields.clearable("min_nights", integer_between(1, MAX_MIN_NIGHTS));
        let note = fields.clearable("note", text_with(|note| checked(note, 0, NOTE_MAX_LENGTH, Lines::Many)));
        let span = DaySpan::new(from?, to?).map_err(|invalid| fields.fault("to", invalid));
        let price = price?;
        // A note without words is none.
        let note = note?.map(|note| note.filter(|note| !note.is_empty()));
        Ok(Self(CalendarChange {
            span: span?,
            currency: price.flatten().map(|price| price.currency),
            change: NightChange {
                available: available?,
                price_minor: price.map(|price| price.map(|price| price.amount)),
                min_nights: min_nights?,
                note,
            },
        }))
    }
}
