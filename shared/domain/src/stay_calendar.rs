//! A guest's stay as an iCalendar (RFC 5545): one event, by the clocks of the place.

use icalendar::{Calendar, Component as _, Event, Property};
use jiff::civil::{Date, DateTime, Time, datetime};
use jiff::tz::{Offset, TimeZone, TimeZoneTransition};
use jiff::{SignedDuration, Timestamp};

use crate::booking::BookingStatus;
use crate::id::BookingId;
use crate::stay::StayDates;
use crate::time_zone::TimeZoneName;

/// What the event is made from.
#[derive(Clone, Debug)]
pub struct StayCalendar<'a> {
    /// Identity: the UID begins with it.
    pub id: BookingId,
    /// The host name in UIDs: the same for ever, or every reader sees every event twice.
    pub uid_host: &'a str,
    /// Arrival and departure.
    pub dates: StayDates,
    /// From when one may arrive.
    pub check_in_time: Time,
    /// By when one has to leave.
    pub check_out_time: Time,
    /// By whose clocks.
    pub time_zone: &'a TimeZoneName,
    /// How certain it is.
    pub status: BookingStatus,
    /// How often it has changed: of two versions readers keep the higher.
    pub sequence: usize,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What it is called.
    pub summary: &'a str,
    /// Where it is, as far as the guest may know.
    pub location: Option<&'a str>,
    /// More in words.
    pub description: &'a str,
    /// Where to read on.
    pub url: &'a str,
}

impl StayCalendar<'_> {
    /// The calendar, lines ended by CRLF and folded at 75 octets. The same stay gives the same bytes.
    pub fn to_icalendar(&self) -> String {
        let mut calendar = Calendar::empty();
        for (name, value) in
            [("VERSION", "2.0"), ("PRODID", "-//Roost//Stay 1.0//EN"), ("CALSCALE", "GREGORIAN"), ("METHOD", "PUBLISH")]
        {
            calendar.append_property(Property::new(name, value));
        }
        calendar.push(self.event());
        // The library writes no time zones; before the first event is where they stand.
        calendar.to_string().replacen("BEGIN:VEVENT", &format!("{}BEGIN:VEVENT", self.time_zone_rules()), 1)
    }

    fn event(&self) -> Event {
        let local = |name: &str, date: Date, time: Time| {
            let value = compact(date.to_datetime(time));
            Property::new(name, value).add_parameter("TZID", self.time_zone.as_str()).done()
        };
        let changed_at = format!("{}Z", compact(TimeZone::UTC.to_datetime(self.updated_at)));
        let mut event = Event::new();
        event
            .add_property("UID", format!("{}@{}", self.id, self.uid_host))
            .add_property("DTSTAMP", &changed_at)
            .add_property("LAST-MODIFIED", &changed_at)
            .add_property("SEQUENCE", self.sequence.to_string())
            .append_property(local("DTSTART", self.dates.check_in(), self.check_in_time))
            .append_property(local("DTEND", self.dates.check_out(), self.check_out_time))
            .add_property("SUMMARY", one_kind_of_lines(self.summary))
            .add_property("DESCRIPTION", one_kind_of_lines(self.description))
            .add_property("URL", self.url)
            .add_property("STATUS", status(self.status))
            .add_property("TRANSP", "OPAQUE");
        if let Some(location) = self.location {
            event.add_property("LOCATION", one_kind_of_lines(location));
        }
        event.done()
    }

    /// The zone's offsets from before arrival to departure, each from the moment at which it begins.
    fn time_zone_rules(&self) -> String {
        let zone = self.time_zone.zone();
        // The library's "before" and "after" leave out the moment itself.
        let arrival = self.time_zone.instant(self.dates.check_in(), self.check_in_time) + SignedDuration::from_secs(1);
        let departure = self.time_zone.instant(self.dates.check_out(), self.check_out_time);
        let offset_before =
            |change: &TimeZoneTransition<'_>| zone.to_offset(change.timestamp() - SignedDuration::from_secs(1));
        let observance = |change: &TimeZoneTransition<'_>| {
            let before = offset_before(change);
            let kind = if change.dst().is_dst() { "DAYLIGHT" } else { "STANDARD" };
            rules(kind, before.to_datetime(change.timestamp()), (before, change.offset()), change.abbreviation())
        };
        let current = match zone.preceding(arrival).next() {
            Some(change) => observance(&change),
            None => {
                let offset = zone.to_offset(arrival);
                rules("STANDARD", datetime(1970, 1, 1, 0, 0, 0, 0), (offset, offset), self.time_zone.as_str())
            }
        };
        let later = zone.following(arrival).take_while(|change| change.timestamp() <= departure);
        let later: String = later.map(|change| observance(&change)).collect();
        format!("BEGIN:VTIMEZONE\r\nTZID:{}\r\n{current}{later}END:VTIMEZONE\r\n", self.time_zone)
    }
}

/// Short lines of ASCII: nothing to fold or to escape.
fn rules(kind: &str, onset: DateTime, (from, to): (Offset, Offset), name: &str) -> String {
    format!(
        "BEGIN:{kind}\r\nDTSTART:{}\r\nTZOFFSETFROM:{}\r\nTZOFFSETTO:{}\r\nTZNAME:{name}\r\nEND:{kind}\r\n",
        compact(onset),
        utc_offset(from),
        utc_offset(to)
    )
}

/// `+0200`, with seconds only where there are any.
fn utc_offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let rest = if seconds == 0 { String::new() } else { format!("{seconds:02}") };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}

/// `20260531T150000`.
fn compact(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

const fn status(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::PendingPayment | BookingStatus::PendingHost => "TENTATIVE",
        BookingStatus::Confirmed | BookingStatus::Completed | BookingStatus::NoShow => "CONFIRMED",
        BookingStatus::Declined | BookingStatus::Expired | BookingStatus::Cancelled => "CANCELLED",
    }
}

/// A text's line breaks are `\n` in a calendar; a lone CR would end the content line for some readers.
fn one_kind_of_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn calendar(zone: &str, nights: (Date, Date), status: BookingStatus, summary: &str) -> String {
        let time_zone = TimeZoneName::parse(zone).unwrap();
        let stay = StayCalendar {
            id: "book_01h455vb4pex5vsknk084sn02q".parse().unwrap(),
            uid_host: "api.example.com",
            dates: StayDates::new(nights.0, nights.1).unwrap(),
            check_in_time: time(15, 0, 0, 0),
            check_out_time: time(11, 0, 0, 0),
            time_zone: &time_zone,
            status,
            sequence: 2,
            updated_at: "2026-03-01T10:00:00Z".parse().unwrap(),
            summary,
            location: Some("1 Quai du Louvre, 75001 Paris, FR"),
            description: "Your host is Ada.",
            url: "https://www.example.com/bookings/b",
        };
        let text = stay.to_icalendar();
        assert_eq!(text, stay.to_icalendar(), "the same stay gives the same bytes");
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        text
    }

    const NIGHTS: (Date, Date) = (date(2026, 5, 30), date(2026, 6, 2));

    #[test]
    fn a_stay_is_one_event_by_the_clocks_of_the_place() {
        let text = calendar("Europe/Paris", NIGHTS, BookingStatus::Confirmed, "A flat");
        let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Roost//Stay 1.0//EN\r\nCALSCALE:GREGORIAN\r\n\
            METHOD:PUBLISH\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\n\
            TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
            DESCRIPTION:Your host is Ada.\r\nDTEND;TZID=Europe/Paris:20260602T110000\r\nDTSTAMP:20260301T100000Z\r\n\
            DTSTART;TZID=Europe/Paris:20260530T150000\r\nLAST-MODIFIED:20260301T100000Z\r\n\
            LOCATION:1 Quai du Louvre\\, 75001 Paris\\, FR\r\nSEQUENCE:2\r\nSTATUS:CONFIRMED\r\nSUMMARY:A flat\r\n\
            TRANSP:OPAQUE\r\nUID:book_01h455vb4pex5vsknk084sn02q@api.example.com\r\n\
            URL:https://www.example.com/bookings/b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn clocks_that_change_during_the_stay_are_told() {
        let nights = (date(2026, 10, 20), date(2026, 10, 30));
        let text = calendar("Europe/Paris", nights, BookingStatus::Confirmed, "A flat");
        assert!(
            text.contains("BEGIN:STANDARD\r\nDTSTART:20261025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n")
        );
        assert!(text.contains("BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\n"), "{text}");
    }

    #[test]
    fn places_whose_clocks_never_change_have_one_offset() {
        let text = calendar("UTC", NIGHTS, BookingStatus::Confirmed, "A flat");
        assert!(text.contains("DTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\n"), "{text}");
        let text = calendar("Asia/Kolkata", NIGHTS, BookingStatus::Confirmed, "A flat");
        assert!(text.contains("TZOFFSETTO:+0530\r\n"), "{text}");
    }

    #[test]
    fn only_what_may_still_be_or_was_is_not_called_off() {
        use BookingStatus as Status;
        for (status, expected) in [
            (Status::PendingPayment, "TENTATIVE"),
            (Status::PendingHost, "TENTATIVE"),
            (Status::Confirmed, "CONFIRMED"),
            (Status::Completed, "CONFIRMED"),
            (Status::NoShow, "CONFIRMED"),
            (Status::Declined, "CANCELLED"),
            (Status::Expired, "CANCELLED"),
            (Status::Cancelled, "CANCELLED"),
        ] {
            let text = calendar("Europe/Paris", NIGHTS, status, "A flat");
            assert!(text.contains(&format!("STATUS:{expected}\r\n")), "{status}");
        }
    }

    #[test]
    fn what_people_wrote_is_escaped_and_folded_and_read_back_the_same() {
        let title = "Loft; \\ \"Zoë\", 日本の家\r\nEND:VCALENDAR".repeat(4);
        let text = calendar("Europe/Paris", NIGHTS, BookingStatus::Confirmed, &title);
        assert_eq!(text.matches("\r\nEND:VCALENDAR").count(), 1, "{text}");
        let read: Calendar = text.parse().expect("a calendar");
        let event = read.components.iter().find_map(|component| component.as_event()).expect("an event");
        assert_eq!(event.property_value("SUMMARY"), Some(&*title.replace('\r', "")));
    }
}
