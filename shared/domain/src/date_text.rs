//! Dates and times of day as people of a language write them, in words, so that nobody takes the day for the month.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::time_zone::TimeZoneName;
use crate::user::Locale;

/// Regions that write English as the United States do: the month first, twelve hours.
const AMERICAN: &[&str] = &["US", "CA", "PH", "PR"];

/// Monday first.
const WEEKDAYS: [[&str; 7]; 4] = [
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
];

/// January first.
const MONTHS: [[&str; 12]; 4] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
];

/// The languages there are words for, in the order of the tables.
#[derive(Clone, Copy)]
enum Words {
    English,
    French,
    Spanish,
    German,
}

/// A language that is not known here is written as English.
fn words(locale: &Locale) -> Words {
    match locale.language() {
        "fr" => Words::French,
        "es" => Words::Spanish,
        "de" => Words::German,
        _ => Words::English,
    }
}

/// Whether English is written as in America: so it is where no region is named.
fn is_american(locale: &Locale) -> bool {
    let region = locale.as_str().split('-').skip(1).find(|part| part.len() < 4);
    region.is_none_or(|region| AMERICAN.contains(&region))
}

/// The date with its day of the week: `Friday, January 1, 2027`, `Friday 1 January 2027` in Britain, `vendredi 1er
/// janvier 2027`.
pub fn date_in(locale: &Locale, date: Date) -> String {
    let words = words(locale);
    let weekday = WEEKDAYS[words as usize][usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
    let month = MONTHS[words as usize][usize::from(date.month().unsigned_abs()) - 1];
    let (day, year) = (date.day(), date.year());
    match words {
        Words::English if is_american(locale) => format!("{weekday}, {month} {day}, {year}"),
        Words::English => format!("{weekday} {day} {month} {year}"),
        Words::French => format!("{weekday} {day}{} {month} {year}", if day == 1 { "er" } else { "" }),
        Words::Spanish => format!("{weekday} {day} de {month} de {year}"),
        Words::German => format!("{weekday}, {day}. {month} {year}"),
    }
}

/// The time of day to the minute: `3:00 PM`, elsewhere `15:00`.
pub fn time_in(locale: &Locale, time: Time) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    match words(locale) {
        Words::English if is_american(locale) => {
            let half = if hour < 12 { "AM" } else { "PM" };
            format!("{}:{minute:02} {half}", if hour % 12 == 0 { 12 } else { hour % 12 })
        }
        _ => format!("{hour:02}:{minute:02}"),
    }
}

/// What clocks of the zone show at an instant, and which zone that is.
pub fn instant_in(locale: &Locale, zone: &TimeZoneName, instant: Timestamp) -> String {
    let there = zone.zone().to_datetime(instant);
    let (date, time) = (date_in(locale, there.date()), time_in(locale, there.time()));
    match words(locale) {
        Words::English => format!("{date} at {time} ({zone})"),
        Words::French => format!("{date} à {time} ({zone})"),
        Words::Spanish => format!("{date} a las {time} ({zone})"),
        Words::German => format!("{date}, {time} Uhr ({zone})"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("en", "Friday, January 1, 2027", "3:00 PM")]
    #[case("en-GB", "Friday 1 January 2027", "15:00")]
    #[case("fr-CA", "vendredi 1er janvier 2027", "15:00")]
    #[case("es", "viernes 1 de enero de 2027", "15:00")]
    #[case("de-AT", "Freitag, 1. Januar 2027", "15:00")]
    #[case("tlh", "Friday, January 1, 2027", "3:00 PM")]
    fn dates_and_times_are_written_as_in_the_language(#[case] tag: &str, #[case] date: &str, #[case] time: &str) {
        let locale = Locale::parse(tag).unwrap();
        assert_eq!(date_in(&locale, civil::date(2027, 1, 1)), date);
        assert_eq!(time_in(&locale, civil::time(15, 0, 0, 0)), time);
    }

    #[rstest]
    #[case(0, "12:05 AM")]
    #[case(11, "11:05 AM")]
    #[case(12, "12:05 PM")]
    #[case(23, "11:05 PM")]
    fn twelve_hours_begin_with_twelve(#[case] hour: i8, #[case] expected: &str) {
        assert_eq!(time_in(&Locale::default(), civil::time(hour, 5, 59, 0)), expected);
    }

    #[rstest]
    #[case("en-US", "America/New_York", "Sunday, August 1, 2027 at 6:30 PM (America/New_York)")]
    #[case("en-AU", "Australia/Sydney", "Monday 2 August 2027 at 08:30 (Australia/Sydney)")]
    #[case("fr", "Europe/Paris", "lundi 2 août 2027 à 00:30 (Europe/Paris)")]
    #[case("es-MX", "UTC", "domingo 1 de agosto de 2027 a las 22:30 (UTC)")]
    #[case("de", "Europe/Berlin", "Montag, 2. August 2027, 00:30 Uhr (Europe/Berlin)")]
    fn instants_are_shown_by_the_clocks_of_the_zone(#[case] tag: &str, #[case] zone: &str, #[case] expected: &str) {
        let (locale, zone) = (Locale::parse(tag).unwrap(), TimeZoneName::parse(zone).unwrap());
        assert_eq!(instant_in(&locale, &zone, "2027-08-01T22:30:00Z".parse().unwrap()), expected);
    }

    #[test]
    fn every_day_of_a_year_can_be_written() {
        for tag in ["en", "fr", "es", "de"] {
            let locale = Locale::parse(tag).unwrap();
            for date in civil::date(2028, 1, 1).series(jiff::ToSpan::days(1)).take(366) {
                assert!(date_in(&locale, date).contains(&date.day().to_string()));
            }
        }
    }
}
