//! Which of several forms of an answer the caller likes best (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header};

/// How closely a media range may name a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Any,
    Type,
    Exact,
}

/// Whether the caller asks for this media type (in lower case) by name and doesn't like JSON better.
pub fn prefers(headers: &HeaderMap, wanted: &str) -> bool {
    let ranges = ranges(headers);
    matches!(liking(&ranges, wanted), Some((Closeness::Exact, quality)) if quality > 0.0
        && quality >= liking(&ranges, "application/json").map_or(0.0, |(_, quality)| quality))
}

/// The media type of `offers` (in lower case) that the caller likes best, the first of those liked the same, which is
/// also for who says nothing; none when no one is wanted.
pub fn preferred<'a>(headers: &HeaderMap, offers: &[&'a str]) -> Option<&'a str> {
    let ranges = ranges(headers);
    if ranges.is_empty() {
        return offers.first().copied();
    }
    let mut best = (None, 0.0);
    for offer in offers {
        let quality = liking(&ranges, offer).map_or(0.0, |(_, quality)| quality);
        if quality > best.1 {
            best = (Some(*offer), quality);
        }
    }
    best.0
}

/// Each media range in lower case, and its weight.
fn ranges(headers: &HeaderMap) -> Vec<(String, f32)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty());
    let read = |range: &str| {
        let range = range.to_ascii_lowercase();
        let mut parts = range.split(';').map(str::trim);
        let media_range = parts.next().unwrap_or_default().to_owned();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map(|quality| quality.parse().unwrap_or(0.0));
        (media_range, quality.unwrap_or(1.0))
    };
    ranges.map(read).collect()
}

/// What the range says that names a media type most closely, and how closely; none when no range names it.
fn liking(ranges: &[(String, f32)], media_type: &str) -> Option<(Closeness, f32)> {
    let closeness = |range: &str| match range.split_once('/')? {
        _ if range == media_type => Some(Closeness::Exact),
        ("*", "*") => Some(Closeness::Any),
        (kind, "*") => media_type.strip_prefix(kind)?.starts_with('/').then_some(Closeness::Type),
        _ => None,
    };
    let named = ranges.iter().filter_map(|(range, quality)| Some((closeness(range)?, *quality)));
    named.max_by_key(|(closeness, _)| *closeness)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(accept: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, accept.parse().expect("a header"))])
    }

    #[test]
    fn another_form_is_for_who_asks_for_it_by_name() {
        for (accept, expected) in [
            ("application/geo+json", true),
            ("Application/Geo+JSON; q=0.5, */*;q=0.1", true),
            ("application/geo+json, application/json", true),
            ("application/json, application/geo+json;q=0.9", false),
            ("application/geo+json;q=0", false),
            ("application/json", false),
            ("*/*", false),
        ] {
            assert_eq!(prefers(&accepting(accept), "application/geo+json"), expected, "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), "text/csv"));
    }

    #[test]
    fn the_form_liked_best_is_taken_and_the_first_where_none_is_liked_more() {
        const OFFERS: [&str; 2] = ["text/html", "application/pdf"];
        let [html, pdf] = OFFERS.map(Some);
        for (accept, expected) in [
            ("application/pdf", pdf),
            ("text/html", html),
            ("*/*", html),
            ("text/html,application/xhtml+xml,*/*;q=0.8", html),
            ("text/html;q=0.5, Application/PDF", pdf),
            ("application/pdf;q=0.3, */*;q=0.2", pdf),
            ("application/*", pdf),
            ("text/html;q=0, */*", pdf),
            ("application/json", None),
            ("text/html;q=0, application/pdf;q=0", None),
            ("nonsense", None),
        ] {
            assert_eq!(preferred(&accepting(accept), &OFFERS), expected, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new(), &OFFERS), html);
    }
}
