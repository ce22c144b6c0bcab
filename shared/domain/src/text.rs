//! What holds for every text a client sends: lengths count characters, NUL and control characters are refused.
//! Types with a meaning of their own live with their subject.

use crate::error::Invalid;

/// Which control characters a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// None at all.
    Single,
    /// Line breaks and tabs.
    Many,
}

/// Trims `text` and checks it: `min..=max` characters, and no control characters beyond `lines`.
///
/// # Errors
/// `required`, `text_too_short`, `text_too_long` or `invalid_characters`.
pub fn checked(text: &str, min: usize, max: usize, lines: Lines) -> Result<String, Invalid> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && !(lines == Lines::Many && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(invalid_characters());
    }
    let length = text.chars().count();
    if length == 0 && min > 0 {
        return Err(Invalid::new("required", "This may not be empty."));
    }
    if length < min {
        return Err(Invalid::new(
            "text_too_short",
            format!("This has {length} characters; at least {min} are needed."),
        ));
    }
    if length > max {
        return Err(Invalid::new("text_too_long", format!("This has {length} characters; at most {max} are allowed.")));
    }
    Ok(text.to_owned())
}

/// NUL or another control character where none may be.
pub(crate) fn invalid_characters() -> Invalid {
    Invalid::new("invalid_characters", "Control characters are not allowed here.")
}

/// A value that is none of `known`.
pub(crate) fn unknown_value(known: &[&str]) -> Invalid {
    Invalid::new("unknown_value", format!("This must be one of: {}.", known.join(", ")))
}

/// A whole number that must lie in `min..=max`.
///
/// # Errors
/// `out_of_range`.
pub fn whole_number(value: i64, min: i64, max: i64) -> Result<i64, Invalid> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Invalid::new("out_of_range", format!("This must be a whole number from {min} to {max}.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nul\0", Lines::Many)]
    #[case("escape \u{1b}[0m", Lines::Many)]
    #[case("c1 \u{85}x", Lines::Many)]
    #[case("a\nb", Lines::Single)]
    #[case("a\tb", Lines::Single)]
    fn control_characters_are_refused(#[case] text: &str, #[case] lines: Lines) {
        assert_eq!(checked(text, 0, 100, lines).unwrap_err().code, "invalid_characters");
    }

    #[test]
    fn line_breaks_and_tabs_are_text_in_long_texts() {
        assert_eq!(checked(" a\r\n\tb ", 1, 100, Lines::Many).as_deref(), Ok("a\r\n\tb"));
    }

    #[rstest]
    #[case("", Err("required"))]
    #[case(" \u{3000} ", Err("required"))]
    #[case("a", Err("text_too_short"))]
    #[case("ab", Ok("ab"))]
    #[case(" éé日 ", Ok("éé日"))]
    #[case("abcd", Err("text_too_long"))]
    fn lengths_count_characters_after_trimming(#[case] text: &str, #[case] expected: Result<&str, &str>) {
        assert_eq!(checked(text, 2, 3, Lines::Single).as_deref().map_err(|invalid| invalid.code), expected);
    }

    #[test]
    fn whole_numbers_include_both_bounds() {
        assert_eq!(whole_number(1, 1, 3), Ok(1));
        assert_eq!(whole_number(3, 1, 3), Ok(3));
        assert_eq!(whole_number(0, 1, 3).unwrap_err().code, "out_of_range");
        assert_eq!(whole_number(4, 1, 3).unwrap_err().code, "out_of_range");
    }
}
