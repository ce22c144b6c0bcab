//! Who somebody is at a provider of OpenID Connect, and whose account that opens here.

use crate::error::{Error, ErrorCode, Invalid, Result};
use crate::user::PersonName;

text_type! {
    /// What a provider is called in addresses: 1 to 32 lower-case letters, digits and hyphens.
    pub struct ProviderId;
    schema = |text| text.pattern(Some("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")).examples(["google"]);
}

impl ProviderId {
    /// Checks; nothing is changed.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_good = (1..=32).contains(&text.len())
            && text.bytes().all(is_inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        let invalid = || Invalid::new("invalid_format", "This must be 1 to 32 of a-z, 0-9 and inner hyphens.");
        is_good.then(|| Self(text.to_owned())).ok_or_else(invalid)
    }
}

/// The account that has the address of somebody new, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Whether the address was ever proven to be the account's.
    pub is_verified: bool,
}

/// What becomes of an identity that is nobody's yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// It gets an account of its own.
    NewAccount,
    /// It opens the account that has its address.
    Link,
    /// So it does, and what the account was opened with until now opens it no longer: nobody knows who chose that.
    TakeOver,
}

/// Whose account an identity opens that is nobody's yet. Addresses count if the provider has verified them, and accounts
/// if they have. Who registers with somebody else's address and waits for them gains nothing.
///
/// # Errors
/// `provider_email_unverified`.
pub fn linking(is_verified_there: bool, holder: Option<Holder>) -> Result<Linking> {
    if !is_verified_there {
        let detail = "The provider has not verified your e-mail address. Verify it there, or sign in with a password.";
        return Err(Error::new(ErrorCode::ProviderEmailUnverified, detail));
    }
    match holder {
        None => Ok(Linking::NewAccount),
        Some(Holder { is_verified: true }) => Ok(Linking::Link),
        Some(Holder { is_verified: false }) => Ok(Linking::TakeOver),
    }
}

/// The names of somebody as a provider tells them: each for itself, or both in one. What is missing has a stand-in.
pub fn names(given: Option<&str>, family: Option<&str>, full: Option<&str>) -> (PersonName, PersonName) {
    let name = |text: Option<&str>| text.and_then(|text| PersonName::parse(text).ok());
    let (first, last) = match full.map(|full| full.trim().rsplit_once(' ')) {
        Some(Some((first, last))) => (Some(first), Some(last)),
        _ => (full, None),
    };
    let (new, member) = PersonName::stand_in();
    (name(given).or_else(|| name(first)).unwrap_or(new), name(family).or_else(|| name(last)).unwrap_or(member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const VERIFIED: Holder = Holder { is_verified: true };
    const NEVER_PROVEN: Holder = Holder { is_verified: false };

    #[test]
    fn an_address_that_the_provider_has_not_verified_opens_nothing() {
        for holder in [None, Some(VERIFIED), Some(NEVER_PROVEN)] {
            assert_eq!(linking(false, holder).unwrap_err().code(), ErrorCode::ProviderEmailUnverified);
        }
    }

    #[test]
    fn who_registered_with_the_address_of_another_is_shut_out_when_they_come() {
        assert_eq!(linking(true, None).unwrap(), Linking::NewAccount);
        assert_eq!(linking(true, Some(VERIFIED)).unwrap(), Linking::Link);
        assert_eq!(linking(true, Some(NEVER_PROVEN)).unwrap(), Linking::TakeOver);
    }

    #[rstest]
    #[case(Some("Ada"), Some("Lovelace"), Some("Countess"), "Ada", "Lovelace")]
    #[case(None, None, Some("Ada King Lovelace"), "Ada King", "Lovelace")]
    #[case(None, None, Some("Ada"), "Ada", "member")]
    #[case(Some(" "), Some("\u{7}"), None, "New", "member")]
    #[case(None, None, None, "New", "member")]
    fn names_are_what_the_provider_tells(
        #[case] given: Option<&str>,
        #[case] family: Option<&str>,
        #[case] full: Option<&str>,
        #[case] first: &str,
        #[case] last: &str,
    ) {
        let names = names(given, family, full);
        assert_eq!((names.0.as_str(), names.1.as_str()), (first, last));
    }

    #[rstest]
    #[case("google", true)]
    #[case("my-company-2", true)]
    #[case("", false)]
    #[case("-x", false)]
    #[case("x-", false)]
    #[case("Google", false)]
    #[case("a/b", false)]
    fn a_provider_is_named_by_a_word_that_addresses_take(#[case] text: &str, #[case] is_good: bool) {
        assert_eq!(ProviderId::parse(text).is_ok(), is_good);
    }
}
