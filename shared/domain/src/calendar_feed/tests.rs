//! What is taken from calendars of other sites, rule by rule.

use jiff::civil::{Date, date};
use rstest::rstest;

use super::*;
use crate::time_zone::TimeZoneName;

pub(super) const AIRBNB: &str = include_str!("samples/airbnb.ics");
pub(super) const BOOKING_COM: &str = include_str!("samples/booking_com.ics");
pub(super) const VRBO: &str = include_str!("samples/vrbo.ics");

/// The day on which the samples are read.
pub(super) const TODAY: Date = date(2026, 5, 20);

pub(super) fn paris() -> TimeZoneName {
    TimeZoneName::parse("Europe/Paris").unwrap()
}

fn read(calendar: &str) -> ImportedCalendar {
    import(calendar.as_bytes(), &paris(), TODAY).expect("a calendar")
}

/// A calendar of one event of these lines.
fn of_event(lines: &str) -> ImportedCalendar {
    read(&format!("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"))
}

/// The nights of the only stay.
#[track_caller]
fn nights(lines: &str) -> (Date, Date) {
    let calendar = of_event(lines);
    let [stay] = calendar.stays.as_slice() else { panic!("{calendar:?}") };
    (stay.check_in, stay.check_out)
}

fn june(first: i8, end: i8) -> (Date, Date) {
    (date(2026, 6, first), date(2026, 6, end))
}

fn dates(calendar: &ImportedCalendar) -> Vec<(Date, Date)> {
    calendar.stays.iter().map(|stay| (stay.check_in, stay.check_out)).collect()
}

#[test]
fn airbnbs_rolling_entry_is_ignored_and_its_reservations_taken() {
    let calendar = read(AIRBNB);
    assert_eq!(dates(&calendar), [june(5, 9), (date(2026, 7, 1), date(2026, 7, 4))]);
    assert_eq!(calendar.stays[0].uid, "1418fb94e984-3c0ab1a9c2d14c6a0a1c44c0e4f2f5de@airbnb.com");
    assert_eq!((calendar.stays[0].summary.as_deref(), calendar.warnings.len()), (Some("Reserved"), 0));
}

#[test]
fn booking_coms_closed_nights_are_taken_and_those_that_are_over_are_not() {
    assert_eq!(dates(&read(BOOKING_COM)), [june(12, 15)]);
}

#[test]
fn vrbos_times_are_dates_at_the_property_and_what_is_cancelled_is_not_taken() {
    let calendar = read(VRBO);
    assert_eq!(dates(&calendar), [june(20, 24), (date(2026, 7, 1), date(2026, 7, 3))]);
    assert_eq!(calendar.stays[0].summary.as_deref(), Some("Reserved - Grace"), "not the alarm's");
}

#[rstest]
#[case::dates("DTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260603", june(1, 3))]
#[case::dates_without_value("DTSTART:20260601\nDTEND:20260603", june(1, 3))]
#[case::dates_with_hyphens("DTSTART:2026-06-01\nDTEND:2026-06-03", june(1, 3))]
#[case::lower_case("dtstart;value=date:20260601\ndtend;value=date:20260603", june(1, 3))]
#[case::no_end("DTSTART;VALUE=DATE:20260601", june(1, 2))]
#[case::no_end_of_a_time("DTSTART:20260601T150000", june(1, 2))]
#[case::end_on_the_same_day("DTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260601", june(1, 2))]
#[case::within_a_day("DTSTART:20260601T100000\nDTEND:20260601T120000", june(1, 2))]
#[case::floating_times("DTSTART:20260601T160000\nDTEND:20260603T100000", june(1, 3))]
#[case::without_seconds("DTSTART:20260601T1600\nDTEND:20260603T1000", june(1, 3))]
#[case::leap_second("DTSTART:20260601T235960\nDTEND:20260603T100000", june(1, 3))]
#[case::end_a_minute_before_midnight("DTSTART:20260601T000000\nDTEND:20260602T235900", june(1, 3))]
#[case::utc_midnight_in_paris("DTSTART:20260531T220000Z\nDTEND:20260602T220000Z", june(1, 3))]
#[case::zone("DTSTART;TZID=America/New_York:20260531T200000\nDTEND;TZID=America/New_York:20260602T200000", june(1, 3))]
#[case::quoted_zone("DTSTART;TZID=\"America/New_York\":20260531T200000\nDTEND:20260603", june(1, 3))]
#[case::long_zone("DTSTART;TZID=/x.org/1/America/New_York:20260531T200000\nDTEND:20260603", june(1, 3))]
#[case::unknown_zone("DTSTART;TZID=Romance Standard Time:20260601T150000\nDTEND:20260603", june(1, 3))]
#[case::skipped_hour("DTSTART;TZID=Europe/Paris:20260329T023000\nDTEND:20260603", (date(2026, 3, 29), date(2026, 6, 3)))]
#[case::days("DTSTART;VALUE=DATE:20260601\nDURATION:P2D", june(1, 3))]
#[case::weeks("DTSTART;VALUE=DATE:20260601\nDURATION:P1W", june(1, 8))]
#[case::hours("DTSTART:20260601T160000\nDURATION:PT42H", june(1, 3))]
#[case::opaque("DTSTART:20260601\nDTEND:20260603\nTRANSP:OPAQUE\nSTATUS:TENTATIVE", june(1, 3))]
#[case::the_first_of_two("DTSTART:20260601\nDTEND:20260603\nDTSTART:20260701\nDTEND:20260703", june(1, 3))]
#[case::folded("DTSTART;VALUE=D\n ATE:2026\n\t0601\nDTEND:20260603", june(1, 3))]
fn nights_are_those_between_the_dates(#[case] lines: &str, #[case] expected: (Date, Date)) {
    assert_eq!(nights(&format!("UID:u\n{lines}")), expected);
}

#[rstest]
#[case("STATUS:CANCELLED")]
#[case("status:cancelled")]
#[case("TRANSP:TRANSPARENT")]
#[case("SUMMARY:Airbnb (Not available)")]
#[case("SUMMARY:Not available\nUID:x@airbnb.com")]
fn events_that_take_no_nights_are_left_out(#[case] lines: &str) {
    let calendar = of_event(&format!("{lines}\nDTSTART:20260601\nDTEND:20260603\nUID:u"));
    assert_eq!(calendar, ImportedCalendar::default());
}

#[test]
fn another_roosts_blocks_are_taken() {
    let calendar = of_event("UID:prop_1-20260601@h\nDTSTART:20260601\nDTEND:20260603\nSUMMARY:Not available");
    assert_eq!(dates(&calendar), [june(1, 3)]);
}

#[rstest]
#[case::no_start("DTEND:20260603")]
#[case::no_such_day("DTSTART:20260231\nDTEND:20260603")]
#[case::no_such_time("DTSTART:20260601T250000\nDTEND:20260603")]
#[case::words("DTSTART:soon\nDTEND:20260603")]
#[case::sign("DTSTART:+2026601\nDTEND:20260603")]
#[case::end_before_start("DTSTART:20260603\nDTEND:20260601")]
#[case::bad_end("DTSTART:20260601\nDTEND:later")]
#[case::bad_duration("DTSTART:20260601\nDURATION:forever")]
#[case::backward("DTSTART:20260603\nDURATION:-P2D")]
#[case::beyond_the_calendar("DTSTART:20260601\nDURATION:P9999999D")]
fn an_event_without_sensible_dates_keeps_what_was_known_of_it(#[case] lines: &str) {
    let calendar = of_event(&format!("UID:u\n{lines}"));
    assert_eq!((calendar.stays.len(), calendar.unreadable_uids.as_slice()), (0, &["u".to_owned()][..]));
    assert_eq!(calendar.warnings, [FeedWarning::UnreadableEvents]);
}

#[test]
fn a_bad_event_spoils_no_other() {
    let good = "BEGIN:VEVENT\nUID:b\nDTSTART:20260605\nEND:VEVENT";
    for bad in [
        "BEGIN:VEVENT\nUID:a\nDTSTART:20260601",
        "BEGIN:VEVENT\nUID:a\n;;;:::\nDTSTART=20260601\nEND:VEVENT",
        "END:VEVENT\nEND:VALARM\nnonsense",
        "BEGIN:VEVENT\nUID:a\nDTSTART:x\nBEGIN:VALARM\nEND:VEVENT",
    ] {
        let calendar = read(&format!("BEGIN:VCALENDAR\n{bad}\n{good}\nEND:VCALENDAR"));
        assert_eq!(dates(&calendar), [june(5, 6)], "{bad}");
    }
}

#[rstest]
#[case::nothing("")]
#[case::page("<!DOCTYPE html><html><body>Sign in</body></html>")]
#[case::json("{\"error\":\"not found\"}")]
#[case::event_alone("BEGIN:VEVENT\nUID:u\nDTSTART:20260601\nEND:VEVENT")]
#[case::cut_off("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260601\nEND:VEVENT\n")]
#[case::second_cut_off("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\n")]
#[case::zeros("\0\0\0\0")]
fn what_is_no_whole_calendar_is_refused(#[case] text: &str) {
    assert_eq!(import(text.as_bytes(), &paris(), TODAY), Err(NotACalendar));
}

#[test]
fn a_calendar_without_events_takes_nothing() {
    assert_eq!(read("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR"), ImportedCalendar::default());
    assert_eq!(read("\u{feff}begin:vcalendar\rEND:VCALENDAR\r"), ImportedCalendar::default());
}

#[test]
fn the_first_dates_of_events_that_repeat_are_taken_and_told_of() {
    let calendar = of_event("UID:u\nDTSTART:20260601\nDTEND:20260603\nRRULE:FREQ=WEEKLY");
    assert_eq!((dates(&calendar), calendar.warnings), (vec![june(1, 3)], vec![FeedWarning::RecurringEvents]));
}

#[test]
fn events_that_share_a_uid_are_all_taken_and_keep_their_names() {
    let event = |lines: &str| format!("BEGIN:VEVENT\nUID:u\n{lines}\nEND:VEVENT\n");
    let events = [
        event("DTSTART:20260610\nDTEND:20260612"),
        event("DTSTART:20260601\nDTEND:20260603"),
        event("DTSTART:20260601\nDTEND:20260604"),
        event("RECURRENCE-ID;VALUE=DATE:20260620\nDTSTART:20260621\nDTEND:20260622"),
    ];
    let forth = read(&format!("BEGIN:VCALENDAR\n{}END:VCALENDAR", events.concat()));
    let back: String = events.iter().rev().map(String::as_str).collect();
    assert_eq!(forth, read(&format!("BEGIN:VCALENDAR\n{back}END:VCALENDAR")), "in whatever order");
    assert_eq!(dates(&forth), [june(1, 4), june(10, 12), june(21, 22)]);
    let uids: Vec<&str> = forth.stays.iter().map(|stay| stay.uid.as_str()).collect();
    assert_eq!(uids, ["u", "u/2026-06-10", "u/20260620"]);
}

#[test]
fn an_event_without_a_usable_uid_is_named_by_its_dates() {
    for uid in ["", "UID:\n", "UID: \u{1}\n"] {
        assert_eq!(of_event(&format!("{uid}DTSTART:20260601\nDTEND:20260603")).stays[0].uid, "2026-06-01/2026-06-03");
    }
    let long = of_event(&format!("UID:{}\nDTSTART:20260601\nDTEND:20260603", "é".repeat(300)));
    assert_eq!(long.stays[0].uid, format!("{}/2026-06-01/2026-06-03", "é".repeat(100)));
}

#[test]
fn control_characters_reach_neither_uid_nor_summary() {
    let stay = of_event("UID:a\0b\nDTSTART:20260601\nSUMMARY:x\\ny\u{7}z").stays.remove(0);
    assert_eq!((stay.uid.as_str(), stay.summary.as_deref()), ("a b", Some("x y z")));
}

#[test]
fn a_character_split_by_a_fold_is_whole_again() {
    let mut bytes = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260601\r\nSUMMARY:Caf".to_vec();
    bytes.extend(b"\xc3\r\n \xa9\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    let calendar = import(&bytes, &paris(), TODAY).unwrap();
    assert_eq!(calendar.stays[0].summary.as_deref(), Some("Café"));
}

#[rstest]
#[case::over("20260518", "20260520", None)]
#[case::leaving_tomorrow("20260518", "20260521", Some((date(2026, 5, 18), date(2026, 5, 21))))]
#[case::beginning_long_ago("19000101", "20260603", Some((date(2025, 1, 1), date(2026, 6, 3))))]
#[case::without_end("20260601", "99991231", Some((date(2026, 6, 1), date(2030, 1, 1))))]
#[case::far_away("20300101", "20300105", None)]
fn dates_are_kept_to_the_years_around_today(
    #[case] start: &str,
    #[case] end: &str,
    #[case] expected: Option<(Date, Date)>,
) {
    let calendar = of_event(&format!("UID:u\nDTSTART:{start}\nDTEND:{end}"));
    assert_eq!(dates(&calendar), expected.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_calendar_of_too_many_stays_gives_the_next_ones() {
    let event = |n: usize| format!("BEGIN:VEVENT\nUID:{n}\nDTSTART:202606{:02}\nEND:VEVENT\n", n % 28 + 1);
    let events: String = (0..MAX_STAYS + 500).map(event).collect();
    let calendar = read(&format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR"));
    assert_eq!((calendar.stays.len(), calendar.warnings), (MAX_STAYS, vec![FeedWarning::TooManyEvents]));
    assert_eq!(calendar.stays[0].check_in, date(2026, 6, 1));
}

#[test]
fn a_calendar_nested_without_end_is_read_in_a_moment() {
    let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:A\n".repeat(250_000));
    assert_eq!(import(deep.as_bytes(), &paris(), TODAY), Err(NotACalendar));
    let long = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID{}:u\nEND:VEVENT\nEND:VCALENDAR", ";a=b".repeat(200_000));
    assert_eq!(read(&long).stays.len(), 0);
    assert_eq!(import(&vec![b'\n'; MAX_BYTES + 1], &paris(), TODAY), Err(NotACalendar));
}

#[rstest]
#[case("https://www.airbnb.com/calendar/ical/1.ics?s=abc", "https://www.airbnb.com/calendar/ical/1.ics?s=abc")]
#[case(" HTTPS://Example.COM:443/a#part ", "https://example.com/a")]
#[case("https://example.com./a", "https://example.com/a")]
#[case("https://bücher.example/a", "https://xn--bcher-kva.example/a")]
#[case("https://93.184.215.14/a", "https://93.184.215.14/a")]
#[case("https://[2606:4700::1111]/", "https://[2606:4700::1111]/")]
fn addresses_of_the_public_internet_are_taken(#[case] text: &str, #[case] kept: &str) {
    assert_eq!(FeedUrl::parse(text, None).as_ref().map(FeedUrl::as_str), Ok(kept));
}

#[rstest]
#[case("", "required")]
#[case("example.com/a.ics", "invalid_format")]
#[case("https://", "invalid_format")]
#[case("https://a b/", "invalid_format")]
#[case("https://999.999.999.999/", "invalid_format")]
#[case("http://example.com/", "https_required")]
#[case("webcal://example.com/", "https_required")]
#[case("file:///etc/passwd", "https_required")]
#[case("gopher://example.com/", "https_required")]
#[case("https://me@example.com/", "userinfo_not_allowed")]
#[case("https://example.com:x@169.254.169.254/", "userinfo_not_allowed")]
#[case("https://example.com:8443/", "port_not_allowed")]
#[case("https://example.com:22/", "port_not_allowed")]
#[case("https://127.0.0.1/", "address_not_allowed")]
#[case("https://127.1/", "address_not_allowed")]
#[case("https://2130706433/", "address_not_allowed")]
#[case("https://0x7f000001/", "address_not_allowed")]
#[case("https://0177.0.0.1/", "address_not_allowed")]
#[case("https://0x7f.1/", "address_not_allowed")]
#[case("https://127.0.0.1./", "address_not_allowed")]
#[case("https://2852039166/latest/meta-data/", "address_not_allowed")]
#[case("https://0xa9fea9fe/", "address_not_allowed")]
#[case("https://0251.0376.0251.0376/", "address_not_allowed")]
#[case("https://169.254.169.254/latest/meta-data/", "address_not_allowed")]
#[case("https://169。254。169。254/", "address_not_allowed")]
#[case("https://①②⑦.⓪.⓪.①/", "address_not_allowed")]
#[case("https://[::1]/", "address_not_allowed")]
#[case("https://[::]/", "address_not_allowed")]
#[case("https://[::ffff:169.254.169.254]/", "address_not_allowed")]
#[case("https://[::ffff:a9fe:a9fe]/", "address_not_allowed")]
#[case("https://[::169.254.169.254]/", "address_not_allowed")]
#[case("https://[64:ff9b::169.254.169.254]/", "address_not_allowed")]
#[case("https://[fd00:ec2::254]/", "address_not_allowed")]
#[case("https://[fe80::1]/", "address_not_allowed")]
#[case("https://localhost/", "address_not_allowed")]
#[case("https://LOCALHOST./", "address_not_allowed")]
#[case("https://a.localhost/", "address_not_allowed")]
#[case("https://a../", "address_not_allowed")]
#[case("https://localhost../", "address_not_allowed")]
#[case("https://metadata.google.internal/", "address_not_allowed")]
#[case("https://metadata.google.internal./", "address_not_allowed")]
#[case("https://intranet/", "address_not_allowed")]
#[case("https://printer.local/", "address_not_allowed")]
fn addresses_that_lead_elsewhere_are_refused(#[case] text: &str, #[case] code: &str) {
    assert_eq!(FeedUrl::parse(text, None).map_err(|invalid| invalid.code), Err(code));
}

#[test]
fn an_address_has_at_most_2048_characters() {
    let of_length = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    assert!(FeedUrl::parse(&of_length(2_048), None).is_ok());
    assert_eq!(FeedUrl::parse(&of_length(2_049), None).unwrap_err().code, "text_too_long");
}

#[rstest]
#[case("/b.ics", Ok("https://example.com/b.ics"))]
#[case("//other.example/b", Ok("https://other.example/b"))]
#[case("http://example.com/b", Err("https_required"))]
#[case("https://10.0.0.1/", Err("address_not_allowed"))]
#[case("//169.254.169.254/", Err("address_not_allowed"))]
#[case("https://[::ffff:10.0.0.1]/", Err("address_not_allowed"))]
#[case("javascript:alert(1)", Err("https_required"))]
fn a_redirect_is_judged_as_an_address_of_its_own(#[case] location: &str, #[case] expected: Result<&str, &str>) {
    let from = FeedUrl::parse("https://example.com/a.ics", None).unwrap();
    let next = from.redirected(location, None);
    assert_eq!(next.as_ref().map(FeedUrl::as_str).map_err(|invalid| invalid.code), expected);
}

#[test]
fn a_trusted_origin_is_itself_and_nothing_beside_it() {
    let trusted = TrustedOrigin::parse("http://127.0.0.1:8080").unwrap();
    assert!(FeedUrl::parse("http://127.0.0.1:8080/a.ics", Some(&trusted)).is_ok());
    for other in ["http://127.0.0.1:8081/", "https://127.0.0.1:8080/", "http://127.0.0.2:8080/", "https://127.0.0.1/"] {
        assert!(FeedUrl::parse(other, Some(&trusted)).is_err(), "{other}");
    }
    for none in ["http://localhost:8080", "http://127.0.0.1:8080/a", "ftp://127.0.0.1", "127.0.0.1", ""] {
        assert!(TrustedOrigin::parse(none).is_err(), "{none}");
    }
}
