//! What an account is made of. Hashing passwords and proving addresses are done elsewhere.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use crate::error::Invalid;
use crate::text::{self, Lines};

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

/// Passwords that are tried first by everybody who tries.
static COMMON_PASSWORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("../data/common_passwords.txt").lines().filter(|line| !line.starts_with('#')).collect());

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
            _ if COMMON_PASSWORDS.contains(text.to_lowercase().as_str()) => {
                Err(Invalid::new("password_too_common", "This is one of the passwords that are guessed first."))
            }
            _ => Ok(Self(text.to_owned())),
        }
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
