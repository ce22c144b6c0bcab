//! Bodies as JSON values. Takes all that the grammar allows: what a value can't hold (a lone surrogate, a number
//! beyond any range) becomes something that no field takes, so that it is a fault of that field, not of the body.

use domain::error::{Error, ErrorCode};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Parses a body.
///
/// # Errors
/// `malformed_json`, with the position.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).or_else(|error| {
        let repaired = std::str::from_utf8(body).ok().and_then(repaired);
        repaired.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| malformed(&error))
    })
}

fn malformed(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    Error::new(ErrorCode::MalformedJson, format!("The body is not valid JSON: see line {line}, column {column}."))
}

/// The text with lone surrogates as NUL, which no text may have, and endless numbers as a very large one, which no
/// number field takes; `None` when there are none.
fn repaired(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => {
                rest.find(|c: char| !matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')).unwrap_or(rest.len())
            }
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(token);
        let replaced = match first {
            '"' => without_lone_surrogates(token),
            _ => is_endless(token).then(|| "1e308".to_owned()),
        };
        changed |= replaced.is_some();
        out.push_str(replaced.as_deref().unwrap_or(token));
        rest = after;
    }
    changed.then_some(out)
}

/// A number as the grammar has it, beyond the range of any float.
fn is_endless(token: &str) -> bool {
    token.parse::<f64>().is_ok_and(f64::is_infinite) && serde_json::from_str::<IgnoredAny>(token).is_ok()
}

/// Length in bytes of the string that `text` begins with, quotes included; an unfinished one goes to the end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn without_lone_surrogates(string: &str) -> Option<String> {
    let mut out = String::with_capacity(string.len());
    let mut changed = false;
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (unicode_escape(rest), rest.get(6..).and_then(unicode_escape)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                changed = true;
                out.push_str("\\u0000");
                rest = &rest[6..];
                continue;
            }
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The code unit, when `text` begins with a `\uXXXX`.
fn unicode_escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lone_surrogates_are_json_and_read_as_nul() {
        for body in [r#"{"a":"x\ud800y"}"#, r#"{"a":"x\udc00y"}"#, r#"{"a":"x\uDFFFy"}"#] {
            assert_eq!(parse(body.as_bytes()).expect(body), json!({ "a": "x\u{0}y" }), "{body}");
        }
        assert_eq!(parse(br#"["\ud800\ud83d\ude00"]"#).expect("json"), json!(["\u{0}😀"]));
        assert_eq!(parse(br#"["\\ud800", "\ud800"]"#).expect("json"), json!(["\\ud800", "\u{0}"]));
        assert_eq!(parse(br#"{"\ud800": 1}"#).expect("json"), json!({ "\u{0}": 1 }));
    }

    #[test]
    fn endless_numbers_are_json_and_stay_out_of_every_range() {
        let digits = format!("[{}]", "9".repeat(400));
        for body in ["[1e400]", &digits, "[ -1E+999 ]", "[1e400, \"\\ud800\"]"] {
            let value = parse(body.as_bytes()).expect(body);
            assert!(value[0].as_f64().expect("a number").abs() > 1e300, "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let bodies: [&[u8]; 13] = [
            b"",
            b"{",
            b"{\"a\":}",
            b"nul",
            b"{'a':1}",
            b"[1,]",
            b"\"\\ud800",
            b"[1e400",
            b"\xff",
            b"\"\xed\xa0\x80\"",
            b"[01e999]",
            b"[1.e999]",
            b"[\"\\ud80\"]",
        ];
        for body in bodies {
            let error = parse(body).expect_err(&String::from_utf8_lossy(body));
            assert_eq!(error.code(), ErrorCode::MalformedJson);
        }
    }
}
