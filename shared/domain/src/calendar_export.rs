//! A property's taken nights as an iCalendar (RFC 5545) for other sites to read. It tells of nights, never of guests.

use icalendar::{Calendar, Component as _, Event, Property};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::id::{BookingId, PropertyId};

/// Nights that ended this many days ago are still told of, so that a reader who was away misses nothing.
pub const KEPT_DAYS: i32 = 30;

/// A booking that holds its nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportedBooking {
    /// Identity: its UID begins with it.
    pub id: BookingId,
    /// The first night.
    pub check_in: Date,
    /// The day of leaving.
    pub check_out: Date,
    /// The end of the preparation nights.
    pub held_until: Date,
    /// Whether it is certain; else it waits for money or for the host.
    pub is_confirmed: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an export is made from.
#[derive(Clone, Debug)]
pub struct TakenNights<'a> {
    /// Whose nights.
    pub property_id: PropertyId,
    /// The host name in UIDs: the same for ever, or every reader sees every event twice.
    pub uid_host: &'a str,
    /// Since when blocks are told of; nobody notes when a night was blocked.
    pub blocked_at: Timestamp,
    /// Bookings that hold nights.
    pub bookings: &'a [ExportedBooking],
    /// Nights that the host has blocked, in any order.
    pub blocked_nights: &'a [Date],
}

impl TakenNights<'_> {
    /// The calendar, lines ended by CRLF and folded at 75 octets. The same nights give the same bytes.
    pub fn to_icalendar(&self) -> String {
        let mut calendar = Calendar::empty();
        for (name, value) in [
            ("VERSION", "2.0"),
            ("PRODID", "-//Roost//Calendar 1.0//EN"),
            ("CALSCALE", "GREGORIAN"),
            ("METHOD", "PUBLISH"),
        ] {
            calendar.append_property(Property::new(name, value));
        }
        for booking in self.bookings {
            let status = if booking.is_confirmed { "CONFIRMED" } else { "TENTATIVE" };
            let uid = format!("{}@{}", booking.id, self.uid_host);
            let nights = (booking.check_in, booking.check_out);
            calendar.push(event(&uid, booking.updated_at, nights, "Reserved", status));
        }
        for nights in self.blocks() {
            let uid = format!("{}-{}@{}", self.property_id, compact(nights.0), self.uid_host);
            calendar.push(event(&uid, self.blocked_at, nights, "Not available", "CONFIRMED"));
        }
        calendar.to_string()
    }

    /// Blocked nights and those kept free after a stay, `[first, end)`, neighbours as one.
    fn blocks(&self) -> Vec<(Date, Date)> {
        let prepared = self
            .bookings
            .iter()
            .flat_map(|booking| booking.check_out.series(1.day()).take_while(|night| *night < booking.held_until));
        let mut nights: Vec<Date> = self.blocked_nights.iter().copied().chain(prepared).collect();
        nights.sort_unstable();
        nights.dedup();
        let mut blocks: Vec<(Date, Date)> = Vec::new();
        for night in nights {
            let next = night.saturating_add(1.day());
            match blocks.last_mut() {
                Some((_, end)) if *end == night => *end = next,
                _ => blocks.push((night, next)),
            }
        }
        blocks
    }
}

fn event(uid: &str, changed_at: Timestamp, (first, end): (Date, Date), summary: &str, status: &str) -> Event {
    let date = |name: &str, date: Date| Property::new(name, compact(date)).add_parameter("VALUE", "DATE").done();
    let changed_at = TimeZone::UTC.to_datetime(changed_at).strftime("%Y%m%dT%H%M%SZ").to_string();
    Event::new()
        .add_property("UID", uid)
        .add_property("DTSTAMP", changed_at)
        .append_property(date("DTSTART", first))
        .append_property(date("DTEND", end))
        .add_property("SUMMARY", summary)
        .add_property("STATUS", status)
        .add_property("TRANSP", "OPAQUE")
        .done()
}

/// `20260531`.
fn compact(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn export(bookings: &[ExportedBooking], blocked_nights: &[Date], uid_host: &str) -> String {
        let nights = TakenNights {
            property_id: "prop_01h455vb4pex5vsknk084sn02q".parse().unwrap(),
            uid_host,
            blocked_at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            bookings,
            blocked_nights,
        };
        let text = nights.to_icalendar();
        assert_eq!(text, nights.to_icalendar(), "the same nights give the same bytes");
        text
    }

    fn booking(is_confirmed: bool, held_until: Date) -> ExportedBooking {
        ExportedBooking {
            id: "book_01h455vb4pex5vsknk084sn02q".parse().unwrap(),
            check_in: date(2026, 5, 30),
            check_out: date(2026, 6, 2),
            held_until,
            is_confirmed,
            updated_at: "2026-03-01T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_booking_is_an_event_of_its_dates_with_a_stable_uid_and_an_exclusive_end() {
        let text = export(&[booking(true, date(2026, 6, 2))], &[], "api.example.com");
        let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Roost//Calendar 1.0//EN\r\nCALSCALE:GREGORIAN\r\n\
            METHOD:PUBLISH\r\nBEGIN:VEVENT\r\nDTEND;VALUE=DATE:20260602\r\nDTSTAMP:20260301T100000Z\r\n\
            DTSTART;VALUE=DATE:20260530\r\nSTATUS:CONFIRMED\r\nSUMMARY:Reserved\r\nTRANSP:OPAQUE\r\n\
            UID:book_01h455vb4pex5vsknk084sn02q@api.example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_booking_that_waits_is_tentative() {
        assert!(export(&[booking(false, date(2026, 6, 2))], &[], "h").contains("STATUS:TENTATIVE\r\n"));
    }

    #[test]
    fn neighbouring_blocked_nights_are_one_event_and_others_their_own() {
        let nights = [date(2026, 7, 2), date(2026, 7, 1), date(2026, 7, 4), date(2026, 7, 2)];
        let text = export(&[], &nights, "h");
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 2, "{text}");
        assert!(text.contains("DTSTART;VALUE=DATE:20260701\r\n") && text.contains("DTEND;VALUE=DATE:20260703\r\n"));
        assert!(text.contains("UID:prop_01h455vb4pex5vsknk084sn02q-20260704@h\r\n"), "{text}");
        assert!(text.contains("DTSTAMP:20260102T030405Z\r\n"), "{text}");
    }

    #[test]
    fn preparation_nights_are_blocked_and_join_the_blocks_beside_them() {
        let text = export(&[booking(true, date(2026, 6, 4))], &[date(2026, 6, 4)], "h");
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 2, "{text}");
        assert!(text.contains("DTSTART;VALUE=DATE:20260602\r\n") && text.contains("DTEND;VALUE=DATE:20260605\r\n"));
    }

    #[test]
    fn no_line_is_longer_than_75_octets() {
        let host = "a-very-long-name-of-a-host.in-a-domain-of-many-parts.example.com";
        let text = export(&[booking(true, date(2026, 6, 2))], &[date(2026, 7, 1)], host);
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(
            text.replace("\r\n ", "").contains(&format!("UID:prop_01h455vb4pex5vsknk084sn02q-20260701@{host}\r\n"))
        );
    }

    #[test]
    fn nothing_taken_is_an_empty_calendar() {
        let text = export(&[], &[], "h");
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
        assert!(!text.contains("VEVENT"));
    }
}
