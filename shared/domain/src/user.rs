//! What an account is made of. Hashing passwords and proving addresses are done elsewhere.

use crate::error::Invalid;
use crate::text::{self, Lines};

mod password;

pub use password::Password;

code_enum! {
    /// What an account may do.
    pub enum Role {
        /// Everything a guest and host may.
        User = "user",
        /// That, and what the product's own people may.
        Admin = "admin",
    }
}

text_type! {
    /// An e-mail address as its owner writes it. Two that differ in case only are one: compare [`Email::key`].
    pub struct Email;
    schema = |text| text
        .format(Some(utoipa::openapi::SchemaFormat::Custom("email".to_owned())))
        .max_length(Some(254))
        .examples(["ada@example.com"]);
}

impl Email {
    /// Trims and checks: one `@`, at most 254 bytes (RFC 5321), ASCII (what the mail service delivers), no quoted
    /// local parts, a domain of at least two labels.
    ///
    /// # Errors
    /// `required`, `text_too_long`, `invalid_characters` or `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let address = text::checked(text, 1, 254, Lines::Single)?;
        let invalid = || Invalid::new("invalid_format", "This must be an e-mail address, such as ada@example.com.");
        let (local, domain) = address.split_once('@').ok_or_else(invalid)?;
        if is_local_part(local) && is_domain(domain) { Ok(Self(address)) } else { Err(invalid()) }
    }

    /// What is the same for the same mailbox however it is written: lower case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// An unquoted local part of RFC 5321: atoms with single dots between, at most 64 bytes.
fn is_local_part(local: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.len() <= 64 && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let numeric = |label: &&str| label.bytes().all(|byte| byte.is_ascii_digit());
    labels.len() >= 2 && labels.iter().all(|part| label(part)) && !labels.last().is_some_and(numeric)
}

text_type! {
    /// A first or last name: 1 to 80 characters.
    pub struct PersonName;
    schema = |text| text.min_length(Some(1)).max_length(Some(80));
}

impl PersonName {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 80, Lines::Single).map(Self)
    }

    /// The first and last name of somebody who has told none.
    pub fn stand_in() -> (Self, Self) {
        (Self("New".to_owned()), Self("member".to_owned()))
    }
}

text_type! {
    /// What a person says of themselves: 1 to 2,000 characters, line breaks included.
    pub struct Bio;
    schema = |text| text.min_length(Some(1)).max_length(Some(2_000));
}

impl Bio {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 2_000, Lines::Many).map(Self)
    }
}

text_type! {
    /// A telephone number as E.164 has it: `+`, then 7 to 15 digits, the first not 0.
    pub struct Phone;
    schema = |text| text.pattern(Some("^\\+[1-9][0-9]{6,14}$")).examples(["+33123456789"]);
}

impl Phone {
    /// Takes digits after a `+`, without spaces or marks.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let shaped = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if shaped {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("invalid_format", "This must be an international number, such as +33123456789."))
        }
    }
}

text_type! {
    /// A language people read, by BCP 47: `en`, `fr`, `en-GB`, `es-419`, `zh-Hant-TW`. Kept in its usual case.
    pub struct Locale;
    schema = |text| text.pattern(Some("^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$")).examples(["en-GB"]);
}

impl Locale {
    /// Takes a language, then perhaps a script, then perhaps a region. That they exist is not checked.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let invalid = || Invalid::new("invalid_format", "This must be a language tag, such as en or en-GB.");
        let mut parts = text.split('-').peekable();
        let language = parts.next().filter(|part| matches!(part.len(), 2 | 3) && letters(part)).ok_or_else(invalid)?;
        let mut tag = language.to_ascii_lowercase();
        if let Some(script) = parts.next_if(|part| part.len() == 4 && letters(part)) {
            let (first, rest) = script.split_at(1);
            tag.extend(["-", &first.to_ascii_uppercase(), &rest.to_ascii_lowercase()]);
        }
        let is_region = |part: &str| (part.len() == 2 && letters(part)) || (part.len() == 3 && digits(part));
        if let Some(region) = parts.next_if(|part| is_region(part)) {
            tag.extend(["-", &region.to_ascii_uppercase()]);
        }
        if parts.next().is_some() { Err(invalid()) } else { Ok(Self(tag)) }
    }

    /// The language alone: `en` of `en-GB`.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("ada@example.com")]
    #[case("Ada.Lovelace+roost@mail.example.co.uk")]
    #[case("a@b.cd")]
    #[case("o'hara_1@xn--bcher-kva.example")]
    #[case("1@2.example")]
    fn addresses_are_kept_as_given(#[case] text: &str) {
        assert_eq!(Email::parse(&format!("  {text} ")).map(Email::into_string), Ok(text.to_owned()));
    }

    #[rstest]
    #[case("", "required")]
    #[case("ada", "invalid_format")]
    #[case("@example.com", "invalid_format")]
    #[case("ada@", "invalid_format")]
    #[case("ada@example", "invalid_format")]
    #[case("ada@@example.com", "invalid_format")]
    #[case("ada@b@example.com", "invalid_format")]
    #[case("ada lovelace@example.com", "invalid_format")]
    #[case(".ada@example.com", "invalid_format")]
    #[case("ada..b@example.com", "invalid_format")]
    #[case("ada@-example.com", "invalid_format")]
    #[case("ada@example..com", "invalid_format")]
    #[case("ada@127.0.0.1", "invalid_format")]
    #[case("ada@[127.0.0.1]", "invalid_format")]
    #[case("\"ada\"@example.com", "invalid_format")]
    #[case("Ada <ada@example.com>", "invalid_format")]
    #[case("adá@example.com", "invalid_format")]
    #[case("ada\0@example.com", "invalid_characters")]
    #[case("ada@example.com\r\nBcc: x@example.com", "invalid_characters")]
    fn what_is_no_address_is_refused(#[case] text: &str, #[case] code: &str) {
        assert_eq!(Email::parse(text).unwrap_err().code, code);
    }

    #[test]
    fn addresses_have_up_to_254_characters_and_64_before_the_at() {
        let address =
            |local: usize, domain: usize| format!("{}@{}.com", "a".repeat(local), vec!["b"; domain].join("."));
        assert_eq!(address(64, 93).len(), 254);
        assert!(Email::parse(&address(64, 93)).is_ok());
        assert_eq!(Email::parse(&address(65, 1)).unwrap_err().code, "invalid_format");
        assert_eq!(Email::parse(&address(64, 94)).unwrap_err().code, "text_too_long");
    }

    #[test]
    fn case_makes_no_other_address() {
        assert_eq!(Email::parse("Ada@Example.COM").unwrap().key(), Email::parse("ada@example.com").unwrap().key());
    }

    #[rstest]
    #[case("Ada", true)]
    #[case("José María", true)]
    #[case("李", true)]
    #[case(" ", false)]
    #[case("A\nB", false)]
    fn names_are_any_text_of_a_line(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(PersonName::parse(text).is_ok(), valid);
        assert!(PersonName::parse(&"a".repeat(80)).is_ok() && PersonName::parse(&"a".repeat(81)).is_err());
    }

    #[rstest]
    #[case("+33123456789", true)]
    #[case("+1234567", true)]
    #[case("+123456789012345", true)]
    #[case("+123456", false)]
    #[case("+1234567890123456", false)]
    #[case("+0123456789", false)]
    #[case("33123456789", false)]
    #[case("+33 1 23 45 67 89", false)]
    #[case("+٣٣١٢٣٤٥٦٧", false)]
    #[case("", false)]
    fn telephone_numbers_are_international(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(Phone::parse(text).is_ok(), valid);
    }

    #[rstest]
    #[case("en", Some("en"))]
    #[case("EN-gb", Some("en-GB"))]
    #[case("es-419", Some("es-419"))]
    #[case("zh-hant-tw", Some("zh-Hant-TW"))]
    #[case("fil", Some("fil"))]
    #[case("e", None)]
    #[case("engl", None)]
    #[case("en_GB", None)]
    #[case("en-", None)]
    #[case("en-GB-x", None)]
    #[case("en-GB-GB", None)]
    #[case("1n", None)]
    #[case("", None)]
    fn locales_are_language_script_and_region(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(Locale::parse(text).ok().as_ref().map(Locale::as_str), expected);
    }

    #[test]
    fn a_locale_has_a_language() {
        assert_eq!(Locale::parse("en-GB").unwrap().language(), "en");
        assert_eq!(Locale::default().language(), "en");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_taken_is_taken_again(text: String) {
            if let Ok(locale) = Locale::parse(&text) {
                prop_assert_eq!(Locale::parse(locale.as_str()), Ok(locale));
            }
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
            prop_assert!(Phone::parse(&text).is_err() || text.starts_with('+'));
        }
    }
}
