//! The lines of an iCalendar (RFC 5545 §3.1) put together again and dealt out by event. Components are followed by
//! counting, without recursion: a calendar may be nested as deep as its maker likes. What a line says is read by the
//! `icalendar` crate, one line at a time, so that a bad one spoils only its own event.

use icalendar::parser::Property;

/// A property's line longer than this is not read: none that matters here is.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// Names of the properties that are read.
const NAMES: [&str; 10] =
    ["UID", "DTSTART", "DTEND", "DURATION", "SUMMARY", "STATUS", "TRANSP", "RRULE", "RDATE", "RECURRENCE-ID"];

/// A property of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The name in capitals.
    name: &'static str,
    /// The zone its time is in, if it says so.
    pub(super) tzid: Option<String>,
    /// The value, unescaped.
    pub(super) value: String,
}

/// An event as it stands in the calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawEvent {
    lines: Vec<Line>,
    /// Whether its end is missing, or one of its lines can't be read.
    pub(super) is_broken: bool,
}

impl RawEvent {
    /// The first property of this name.
    pub(super) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// The value of the first property of this name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.line(name).map(|line| line.value.as_str())
    }

    fn read(&mut self, text: &str) {
        let name = text.split([':', ';']).next().unwrap_or_default().trim();
        let Some(name) = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else { return };
        // Of a property that is there twice the first counts.
        if self.line(name).is_some() {
            return;
        }
        match Property::try_from(text) {
            Ok(property) if text.len() <= MAX_LINE_BYTES => {
                let is_tzid = |key: &str| key.eq_ignore_ascii_case("TZID");
                let tzid = property.params.iter().find(|param| is_tzid(param.key.as_str()));
                let tzid = tzid.and_then(|param| param.val.as_ref()).map(|zone| zone.as_str().to_owned());
                self.lines.push(Line { name, tzid, value: property.val.as_str().trim().to_owned() });
            }
            _ => self.is_broken = true,
        }
    }
}

/// The events of a calendar; none when it is not one from `BEGIN:VCALENDAR` to `END:VCALENDAR`. A calendar that breaks
/// off must not count as one whose last events are gone.
pub(super) fn events(bytes: &[u8]) -> Option<Vec<RawEvent>> {
    let text = unfolded(bytes);
    let mut events = Vec::new();
    let mut open_event: Option<RawEvent> = None;
    let (mut is_calendar, mut is_open, mut nested) = (false, false, 0_usize);
    for line in text.split(['\n', '\r']) {
        match boundary(line) {
            Some(("BEGIN", "VCALENDAR")) => (is_calendar, is_open) = (true, true),
            Some(("END", "VCALENDAR")) => {
                events.extend(open_event.take().map(broken));
                is_open = false;
            }
            Some(("BEGIN", "VEVENT")) if is_open => {
                events.extend(open_event.replace(RawEvent::default()).map(broken));
                nested = 0;
            }
            Some(("END", "VEVENT")) => events.extend(open_event.take()),
            Some(("BEGIN", _)) => nested = nested.saturating_add(1),
            Some(_) => nested = nested.saturating_sub(1),
            // What is within an alarm is not the event's.
            None if nested == 0 => {
                if let Some(event) = &mut open_event {
                    event.read(line);
                }
            }
            None => {}
        }
    }
    (is_calendar && !is_open).then_some(events)
}

fn broken(event: RawEvent) -> RawEvent {
    RawEvent { is_broken: true, ..event }
}

/// `BEGIN` or `END` and the component, as far as it is one of those that matter here.
fn boundary(line: &str) -> Option<(&'static str, &'static str)> {
    let (word, component) = line.split_once(':')?;
    let word = ["BEGIN", "END"].into_iter().find(|known| known.eq_ignore_ascii_case(word.trim()))?;
    let known = ["VCALENDAR", "VEVENT"].into_iter().find(|known| known.eq_ignore_ascii_case(component.trim()));
    Some((word, known.unwrap_or("")))
}

/// Folded lines made whole, before the bytes are taken for characters: a fold may split one.
fn unfolded(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut whole = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = match rest {
            [b'\r', b'\n', b' ' | b'\t', after @ ..] | [b'\n' | b'\r', b' ' | b'\t', after @ ..] => after,
            _ => {
                whole.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&whole).into_owned()
}
