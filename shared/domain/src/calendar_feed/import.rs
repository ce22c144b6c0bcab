//! Which nights another site's calendar takes. Whatever the bytes are: an answer within limits, never a panic.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::content_lines::{self, RawEvent};
use super::{FeedWarning, MAX_BYTES, MAX_STAYS, moments};
use crate::time_zone::TimeZoneName;

/// The longest UID that is kept as it is, in bytes.
const MAX_UID_BYTES: usize = 255;

/// Characters kept of a summary.
const SUMMARY_LENGTH: usize = 200;

/// Nights taken on another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedStay {
    /// What the other site calls it; the same event has the same the next time. At most 300 bytes.
    pub uid: String,
    /// The first night.
    pub check_in: Date,
    /// The day of leaving, after the first night.
    pub check_out: Date,
    /// What the other site says of it, at most 200 characters.
    pub summary: Option<String>,
}

/// What a calendar says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedCalendar {
    /// Stays that are not over, in order of arrival, each UID once.
    pub stays: Vec<ImportedStay>,
    /// UIDs of events that are there but can't be read: what was known of them still holds.
    pub unreadable_uids: Vec<String>,
    /// What was left out or changed.
    pub warnings: Vec<FeedWarning>,
}

/// The bytes are no calendar, or not a whole one, or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACalendar;

/// Reads a calendar for a property in `zone`, where it is `today`.
///
/// Not taken: events that are over, cancelled (`STATUS:CANCELLED`) or marked as taking no time (`TRANSP:TRANSPARENT`),
/// and the entry "Airbnb (Not available)" with which Airbnb closes its booking window. Of events that repeat the first
/// dates are taken. Events that share a UID are told apart by `RECURRENCE-ID` or their first night.
///
/// # Errors
/// [`NotACalendar`].
pub fn import(bytes: &[u8], zone: &TimeZoneName, today: Date) -> Result<ImportedCalendar, NotACalendar> {
    if bytes.len() > MAX_BYTES {
        return Err(NotACalendar);
    }
    let events = content_lines::events(bytes).ok_or(NotACalendar)?;
    let mut reading = Reading { zone, today, found: Vec::new(), calendar: ImportedCalendar::default() };
    for event in &events {
        reading.take(event);
    }
    Ok(reading.finish())
}

struct Reading<'a> {
    zone: &'a TimeZoneName,
    today: Date,
    found: Vec<ImportedStay>,
    calendar: ImportedCalendar,
}

impl Reading<'_> {
    fn take(&mut self, event: &RawEvent) {
        let is = |name: &str, value: &str| event.value(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
        if is("STATUS", "CANCELLED") || is("TRANSP", "TRANSPARENT") || is_rolling_entry(event) {
            return;
        }
        let nights = moments::nights(event, self.zone).filter(|_| !event.is_broken);
        let Some((check_in, check_out)) = nights else {
            self.warn(FeedWarning::UnreadableEvents);
            self.calendar.unreadable_uids.extend(uid(event).filter(|uid| uid.len() <= MAX_UID_BYTES));
            return;
        };
        if check_out <= self.today {
            return;
        }
        if event.value("RRULE").is_some() || event.value("RDATE").is_some() {
            self.warn(FeedWarning::RecurringEvents);
        }
        // Both ends move once a year only, so that what reaches beyond them is not another stay each day.
        let (first, last) = (date_of_year(self.today.year() - 1), date_of_year(self.today.year() + 4));
        if check_in < first || check_out > last {
            self.warn(FeedWarning::DatesCutShort);
        }
        let (check_in, check_out) = (check_in.max(first), check_out.min(last));
        if check_in < check_out {
            let uid = match uid(event) {
                Some(uid) if uid.len() <= MAX_UID_BYTES => uid,
                Some(uid) => format!("{}/{check_in}/{check_out}", cut(&uid, 200)),
                None => format!("{check_in}/{check_out}"),
            };
            self.found.push(ImportedStay { uid, check_in, check_out, summary: summary(event) });
        }
    }

    fn finish(mut self) -> ImportedCalendar {
        let mut by_uid: BTreeMap<String, ImportedStay> = BTreeMap::new();
        self.found.sort_by(|a, b| (a.check_in, a.check_out, &a.uid).cmp(&(b.check_in, b.check_out, &b.uid)));
        for mut stay in self.found {
            // The same UID again on other dates is another stay: its first night tells it apart.
            if by_uid.get(&stay.uid).is_some_and(|known| known.check_in != stay.check_in) {
                stay.uid = format!("{}/{}", stay.uid, stay.check_in);
            }
            by_uid
                .entry(stay.uid.clone())
                .and_modify(|known| known.check_out = known.check_out.max(stay.check_out))
                .or_insert(stay);
        }
        let mut stays: Vec<ImportedStay> = by_uid.into_values().collect();
        stays.sort_by(|a, b| (a.check_in, &a.uid).cmp(&(b.check_in, &b.uid)));
        if stays.len() > MAX_STAYS {
            stays.truncate(MAX_STAYS);
            self.calendar.warnings.push(FeedWarning::TooManyEvents);
        }
        self.calendar.stays = stays;
        self.calendar.unreadable_uids.truncate(MAX_STAYS);
        self.calendar.warnings.sort_unstable();
        self.calendar
    }

    fn warn(&mut self, warning: FeedWarning) {
        if !self.calendar.warnings.contains(&warning) {
            self.calendar.warnings.push(warning);
        }
    }
}

/// Airbnb ends every calendar with an entry for the nights beyond its booking window, which moves each day.
fn is_rolling_entry(event: &RawEvent) -> bool {
    let lowered = |name: &str| event.value(name).unwrap_or_default().to_ascii_lowercase();
    let summary = lowered("SUMMARY");
    summary.contains("(not available)") || (summary == "not available" && lowered("UID").ends_with("@airbnb.com"))
}

/// The UID, with what tells an instance of a series from the others.
fn uid(event: &RawEvent) -> Option<String> {
    let uid = printable(event.value("UID")?);
    if uid.is_empty() {
        return None;
    }
    let instance = event.value("RECURRENCE-ID").map(printable).filter(|instance| !instance.is_empty());
    Some(instance.map_or_else(|| uid.clone(), |instance| format!("{uid}/{instance}")))
}

fn summary(event: &RawEvent) -> Option<String> {
    let summary: String = printable(event.value("SUMMARY")?).chars().take(SUMMARY_LENGTH).collect();
    (!summary.is_empty()).then_some(summary)
}

/// The text without control characters, which PostgreSQL and readers could stumble over.
fn printable(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

/// The longest beginning of at most so many bytes.
fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

/// The first of January; of a year beyond the calendar its last.
fn date_of_year(year: i16) -> Date {
    Date::new(year, 1, 1).unwrap_or(date(9999, 1, 1))
}
