//! Passwords: how long they are, and which are refused.

use std::cmp::Ordering;
use std::fmt;

use crate::error::Invalid;
use crate::text;

/// Passwords that are tried first by everybody who tries: one a line, in lower case, sorted by bytes, so that they are
/// searched as they lie and cost nothing at a start.
const COMMON_PASSWORDS: &str = include_str!("../../data/common_passwords.txt");

/// Whether a text is a line of a text that is sorted so.
fn is_line_of(sorted: &str, text: &str) -> bool {
    let (mut low, mut high) = (0, sorted.len());
    while low < high {
        let middle = low + (high - low) / 2;
        // The lines' bytes: the middle may be inside of a character.
        let bytes = sorted.as_bytes();
        let start = bytes[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = bytes[middle..].iter().position(|byte| *byte == b'\n').map_or(sorted.len(), |at| middle + at);
        match bytes[start..end].cmp(text.as_bytes()) {
            Ordering::Equal => return true,
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
        }
    }
    false
}

/// A password in the clear, on its way to being hashed. Printing it shows nothing; it can't be serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes 8 to 128 characters as they are, spaces at the ends included; refuses the commonest, whatever their case.
    ///
    /// # Errors
    /// `required`, `text_too_short`, `text_too_long`, `invalid_characters` or `password_too_common`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().any(char::is_control) {
            return Err(text::invalid_characters());
        }
        let length = text.chars().count();
        match length {
            0 => Err(Invalid::new("required", "This may not be empty.")),
            1..8 => Err(Invalid::new("text_too_short", "A password has at least 8 characters.")),
            129.. => Err(Invalid::new("text_too_long", "A password has at most 128 characters.")),
            _ if is_line_of(COMMON_PASSWORDS, &text.to_lowercase()) => {
                Err(Invalid::new("password_too_common", "This is one of the passwords that are guessed first."))
            }
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// What was typed at sign-in, held to no rule: whatever does not match is refused the same.
    pub fn attempted(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The clear text, for the hash alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Some("required"))]
    #[case("sevench", Some("text_too_short"))]
    #[case("eight ch", None)]
    #[case("        ", None)]
    #[case("ünïcödé!", None)]
    #[case("password", Some("password_too_common"))]
    #[case("PassWord123", Some("password_too_common"))]
    #[case("1234567890", Some("password_too_common"))]
    #[case("MakeMoney", Some("password_too_common"))]
    #[case("iloveyou1", Some("password_too_common"))]
    #[case("correct horse battery", None)]
    #[case("nul\0inside", Some("invalid_characters"))]
    fn passwords_are_long_and_not_common(#[case] text: &str, #[case] code: Option<&str>) {
        assert_eq!(Password::parse(text).err().map(|invalid| invalid.code), code);
    }

    #[test]
    fn passwords_have_up_to_128_characters() {
        assert!(Password::parse(&"é".repeat(128)).is_ok());
        assert_eq!(Password::parse(&"é".repeat(129)).unwrap_err().code, "text_too_long");
    }

    #[test]
    fn a_password_is_kept_as_given_and_never_printed() {
        let password = Password::parse("  correct horse  ").unwrap();
        assert_eq!(password.expose(), "  correct horse  ");
        assert!(!format!("{password:?}").contains("horse"));
    }

    #[test]
    fn the_list_of_common_passwords_has_ten_thousand_that_would_be_taken_and_each_is_found() {
        let all: Vec<&str> = COMMON_PASSWORDS.lines().collect();
        assert!(all.len() > 10_000);
        assert!(all.is_sorted_by(|one, next| one < next), "sorted by bytes, each once");
        for password in all {
            assert!(password.chars().count() >= 8, "{password} is refused as too short anyway");
            assert_eq!(password.to_lowercase(), password);
            let shouted = Password::parse(&password.to_uppercase());
            assert_eq!(shouted.err().map(|invalid| invalid.code), Some("password_too_common"), "{password}");
        }
    }

    #[rstest]
    #[case("", "a", false)]
    #[case("a", "a", true)]
    #[case("a\n", "a", true)]
    #[case("a\nb\nd\n", "a", true)]
    #[case("a\nb\nd\n", "d", true)]
    #[case("a\nb\nd\n", "c", false)]
    #[case("a\nb\nd\n", "", false)]
    #[case("a\nb\nd\n", "e", false)]
    #[case("a\nb\nd\n", "A", false)]
    #[case("aa\nab\n", "a", false)]
    #[case("aa\nab\n", "a\na", false)]
    #[case("aa\né\nü\n", "é", true)]
    fn lines_of_a_sorted_text_are_found(#[case] sorted: &str, #[case] text: &str, #[case] found: bool) {
        assert_eq!(is_line_of(sorted, text), found);
    }

    proptest! {
        #[test]
        fn what_is_taken_is_kept_as_it_is(text: String) {
            if let Ok(password) = Password::parse(&text) {
                prop_assert_eq!(password.expose(), text.as_str());
            }
        }
    }
}
