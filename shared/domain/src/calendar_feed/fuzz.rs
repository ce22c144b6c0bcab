//! Bytes that nobody would write, and calendars that somebody almost wrote: reading them never panics, and what is
//! taken from them is always within its limits.

use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::Index;

use super::tests::{AIRBNB, BOOKING_COM, TODAY, VRBO, paris};
use super::*;

/// What is spliced into calendars.
const PIECES: [&str; 26] = [
    "\r\n",
    "\n",
    "\r",
    " ",
    "\r\n ",
    ":",
    ";",
    "=",
    "\"",
    ",",
    "\\",
    "\0",
    "é",
    "\u{feff}",
    "BEGIN:VEVENT\r\n",
    "END:VEVENT\r\n",
    "BEGIN:VCALENDAR\r\n",
    "END:VCALENDAR\r\n",
    "BEGIN:VALARM\r\n",
    "DTSTART:",
    "DURATION:P",
    ";TZID=",
    "RRULE:FREQ=DAILY\r\n",
    "UID:u\r\n",
    "99999999T999999Z",
    "-P999999999999W",
];

/// One change of a text, at places given as shares of its length.
#[derive(Clone, Debug)]
enum Edit {
    Cut(Index, Index),
    Double(Index, Index),
    Splice(Index, Index),
    Byte(Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let (at, other) = (any::<Index>(), any::<Index>());
    prop_oneof![
        (at.clone(), other.clone()).prop_map(|(from, to)| Edit::Cut(from, to)),
        (at.clone(), other.clone()).prop_map(|(from, to)| Edit::Double(from, to)),
        (at.clone(), other).prop_map(|(at, piece)| Edit::Splice(at, piece)),
        (at, any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let length = bytes.len() + 1;
    // Short stretches, so that something is left of the calendar.
    let stretch = |from: &Index, to: &Index| {
        let from = from.index(length);
        from..(from + to.index(60)).min(length - 1)
    };
    match edit {
        Edit::Cut(from, to) => drop(bytes.drain(stretch(from, to))),
        Edit::Double(from, to) => {
            let copied = bytes[stretch(from, to)].to_vec();
            let at = from.index(length);
            bytes.splice(at..at, copied);
        }
        Edit::Splice(at, piece) => {
            let at = at.index(length);
            bytes.splice(at..at, PIECES[piece.index(PIECES.len())].bytes());
        }
        Edit::Byte(at, byte) => {
            if let Some(old) = bytes.get_mut(at.index(length)) {
                *old = *byte;
            }
        }
    }
}

/// Everything that holds for whatever is read.
fn check(bytes: &[u8], today: Date) -> Result<(), TestCaseError> {
    let read = import(bytes, &paris(), today);
    prop_assert_eq!(&read, &import(bytes, &paris(), today), "the same bytes say the same");
    let Ok(calendar) = read else { return Ok(()) };
    prop_assert!(calendar.stays.len() <= MAX_STAYS && calendar.unreadable_uids.len() <= MAX_STAYS);
    prop_assert!(calendar.stays.is_sorted_by_key(|stay| stay.check_in));
    let mut uids: Vec<&str> = calendar.stays.iter().map(|stay| stay.uid.as_str()).collect();
    uids.sort_unstable();
    uids.dedup();
    prop_assert_eq!(uids.len(), calendar.stays.len(), "a UID twice");
    for stay in &calendar.stays {
        prop_assert!(stay.check_in < stay.check_out && today < stay.check_out, "{:?}", stay);
        prop_assert!(stay.check_in.year() >= today.year() - 1 && stay.check_out.year() <= today.year() + 4);
        prop_assert!((1..=300).contains(&stay.uid.len()) && !stay.uid.contains(char::is_control), "{:?}", stay);
        let summary = stay.summary.as_deref().unwrap_or("none");
        prop_assert!((1..=200).contains(&summary.chars().count()) && !summary.contains(char::is_control));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        check(&bytes, TODAY)?;
    }

    #[test]
    fn any_lines_within_a_calendar_are_answered(
        lines in proptest::collection::vec("[A-Z-]{0,13}[;:=\"]?[ -~\u{80}-\u{ff}]{0,30}", 0..30),
    ) {
        let lines = lines.join("\r\n");
        check(format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR").as_bytes(), TODAY)?;
    }

    #[test]
    fn any_property_values_are_answered(
        start in "[0-9TZ:+-]{0,17}", end in "[0-9TZ:+-]{0,17}", duration in "-?P[0-9TWDHMS]{0,12}",
        zone in "[A-Za-z/_ \"]{0,20}", uid in "\\PC{0,300}", summary in "\\PC{0,300}",
    ) {
        let event = format!(
            "UID:{uid}\nSUMMARY:{summary}\nDTSTART;TZID={zone}:{start}\nDTEND;TZID={zone}:{end}\nDURATION:{duration}"
        );
        check(format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR").as_bytes(), TODAY)?;
    }

    #[test]
    fn real_calendars_with_mistakes_are_answered(
        sample in 0..3_usize, edits in proptest::collection::vec(edit(), 1..12),
    ) {
        let mut bytes = [AIRBNB, BOOKING_COM, VRBO][sample].as_bytes().to_vec();
        for edit in &edits {
            apply(&mut bytes, edit);
        }
        check(&bytes, TODAY)?;
    }

    #[test]
    fn calendars_are_read_at_any_time(days in -3_000_000..2_900_000_i32) {
        let today = TODAY.saturating_add(jiff::Span::new().days(days));
        for sample in [AIRBNB, BOOKING_COM, VRBO] {
            prop_assert!(import(sample.as_bytes(), &paris(), today).is_ok());
        }
    }

    #[test]
    fn whatever_is_taken_for_an_address_leads_to_the_public_internet_by_https(text in "https?://[ -~]{0,60}") {
        if let Ok(url) = FeedUrl::parse(&text, None) {
            prop_assert!(url.as_str().starts_with("https://") && url.0.username().is_empty() && url.0.port().is_none());
            prop_assert_eq!(FeedUrl::parse(url.as_str(), None), Ok(url.clone()), "it is kept as it is");
        }
    }
}
