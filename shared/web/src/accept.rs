//! Which of two forms of an answer the caller asks for (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header};

/// Whether the caller asks for this media type (in lower case) by name and doesn't like plain JSON better.
pub fn prefers(headers: &HeaderMap, wanted: &str) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (mut named, mut json) = (0.0, 0.0);
    for range in accepted {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        if media_type == wanted {
            named = quality.unwrap_or(0.0);
        } else if media_type == "application/json" {
            json = quality.unwrap_or(0.0);
        }
    }
    named > 0.0 && named >= json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_form_is_for_who_asks_for_it_by_name() {
        for (accept, expected) in [
            ("application/geo+json", true),
            ("Application/Geo+JSON; q=0.5, */*;q=0.1", true),
            ("application/json, application/geo+json;q=0.9", false),
            ("application/geo+json;q=0", false),
            ("application/json", false),
            ("*/*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            assert_eq!(prefers(&headers, "application/geo+json"), expected, "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), "text/csv"));
    }
}
