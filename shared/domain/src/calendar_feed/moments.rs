//! When an event begins and ends, as dates at the property.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use super::content_lines::{Line, RawEvent};
use crate::time_zone::TimeZoneName;

/// An end from this time on means the whole day: sites write 23:59 for midnight.
const END_OF_DAY: Time = Time::constant(23, 59, 0, 0);

/// The nights of an event, `[first, end)`: at least one. None when it has no dates, or they make no sense.
pub(super) fn nights(event: &RawEvent, zone: &TimeZoneName) -> Option<(Date, Date)> {
    let start = moment(event.line("DTSTART")?, zone)?;
    let end = match (event.line("DTEND"), event.value("DURATION")) {
        (Some(end), _) => moment(end, zone)?,
        (None, Some(duration)) => start.checked_add(duration.parse::<Span>().ok()?).ok()?,
        (None, None) => start.checked_add(1.day()).ok()?,
    };
    let first = start.date();
    let end = if end.time() >= END_OF_DAY { end.date().checked_add(1.day()).ok()? } else { end.date() };
    if end < first {
        return None;
    }
    // What begins and ends on one day keeps anybody else from staying that night.
    let end = if end == first { first.checked_add(1.day()).ok()? } else { end };
    Some((first, end))
}

/// A DATE as its midnight, a DATE-TIME as the property's clocks show it. Times without a zone, or in one that nobody
/// knows, are taken for the property's own.
fn moment(line: &Line, zone: &TimeZoneName) -> Option<DateTime> {
    let digits: String = line.value.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let (date, time) = digits.split_once(['T', 't']).map_or((digits.as_str(), None), |(date, time)| (date, Some(time)));
    let date = parse_date(date)?;
    let Some(time) = time else { return Some(date.to_datetime(Time::midnight())) };
    let (time, is_utc) = time.strip_suffix(['Z', 'z']).map_or((time, false), |time| (time, true));
    let local = date.to_datetime(parse_time(time)?);
    let from = if is_utc { Some(TimeZone::UTC) } else { line.tzid.as_deref().and_then(known_zone) };
    let Some(from) = from else { return Some(local) };
    let instant = from.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(zone.zone().to_datetime(instant))
}

/// An IANA name, also as the end of a longer one, such as `/example.org/Europe/Paris`.
fn known_zone(tzid: &str) -> Option<TimeZone> {
    let zone = |name: &str| TimeZoneName::parse(name).ok().map(|zone| zone.zone().clone());
    let last_two = || {
        let from = tzid.rmatch_indices('/').nth(1)?.0;
        zone(tzid.get(from + 1..)?)
    };
    zone(tzid).or_else(last_two)
}

fn parse_date(text: &str) -> Option<Date> {
    let number = |range| digits(text, range);
    if text.len() != 8 {
        return None;
    }
    Date::new(i16::try_from(number(0..4)?).ok()?, i8::try_from(number(4..6)?).ok()?, i8::try_from(number(6..8)?).ok()?)
        .ok()
}

/// `HHMM` or `HHMMSS`; a leap second is the one before it.
fn parse_time(text: &str) -> Option<Time> {
    let number = |range| digits(text, range).and_then(|number| i8::try_from(number).ok());
    let second = match text.len() {
        4 => 0,
        6 => number(4..6)?.min(59),
        _ => return None,
    };
    Time::new(number(0..2)?, number(2..4)?, second, 0).ok()
}

fn digits(text: &str, range: std::ops::Range<usize>) -> Option<u32> {
    let part = text.get(range)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}
