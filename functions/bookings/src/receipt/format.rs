//! In which form the caller wants a receipt (RFC 9110, §12.5.1).

use axum::http::{HeaderMap, header};

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Pdf,
}

impl Format {
    /// The media type of the answer.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// Its type and subtype.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Html => ("text", "html"),
            Self::Pdf => ("application", "pdf"),
        }
    }
}

/// The form that the caller likes best, HTML where both are liked the same; none when neither is wanted.
pub(super) fn preferred(headers: &HeaderMap) -> Option<Format> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<&str> =
        values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty()).collect();
    if ranges.is_empty() {
        return Some(Format::Html);
    }
    let (html, pdf) = (quality(&ranges, Format::Html), quality(&ranges, Format::Pdf));
    let (best, quality) = if pdf > html { (Format::Pdf, pdf) } else { (Format::Html, html) };
    (quality > 0.0).then_some(best)
}

/// What the range says that names the form most closely.
fn quality(ranges: &[&str], format: Format) -> f32 {
    let named = ranges.iter().filter_map(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let closeness = closeness(&parts.next()?, format)?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").map(|quality| quality.parse().unwrap_or(0.0)));
        Some((closeness, quality.unwrap_or(1.0_f32)))
    });
    named.max_by_key(|(closeness, _)| *closeness).map_or(0.0, |(_, quality)| quality)
}

/// How closely a media range names the form; none when it does not.
fn closeness(range: &str, format: Format) -> Option<u8> {
    let (kind, subtype) = range.split_once('/')?;
    match (kind, subtype) {
        names if names == format.names() => Some(2),
        (kind, "*") if kind == format.names().0 => Some(1),
        ("*", "*") => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_liked_best_is_taken_and_html_where_none_is_liked_more() {
        for (accept, expected) in [
            ("application/pdf", Some(Format::Pdf)),
            ("text/html", Some(Format::Html)),
            ("*/*", Some(Format::Html)),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Format::Html)),
            ("text/html;q=0.5, Application/PDF", Some(Format::Pdf)),
            ("application/pdf;q=0.3, */*;q=0.2", Some(Format::Pdf)),
            ("application/*", Some(Format::Pdf)),
            ("text/html;q=0, */*", Some(Format::Pdf)),
            ("application/json", None),
            ("text/html;q=0, application/pdf;q=0", None),
            ("nonsense", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            assert_eq!(preferred(&headers), expected, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Some(Format::Html));
    }
}
