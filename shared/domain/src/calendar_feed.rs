//! Calendars of other sites: what a host may name as one, what may be wrong with it, and (in `import`) which nights it
//! takes. Nothing here reads the network.

mod content_lines;
#[cfg(test)]
mod fuzz;
mod import;
mod moments;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::Invalid;
use crate::public_address::is_public;
use crate::text::{Lines, checked};

pub use import::{ImportedCalendar, ImportedStay, NotACalendar, import};

/// The largest calendar that is read, in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The most stays that are taken from one calendar: more than there are nights in the years looked at.
pub const MAX_STAYS: usize = 2_000;

/// The most feeds a property may have.
pub const MAX_FEEDS: usize = 20;

/// Redirects that are followed.
pub const MAX_REDIRECTS: usize = 3;

/// The longest address, in characters.
const MAX_URL_LENGTH: usize = 2_048;

text_type! {
    /// What the host calls a feed, such as the other site's name.
    pub struct FeedName;
    schema = |text| text.min_length(Some(1)).max_length(Some(80));
}

impl FeedName {
    /// Takes 1 to 80 characters on one line.
    ///
    /// # Errors
    /// Those of [`crate::text::checked`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        checked(text, 1, 80, Lines::Single).map(Self)
    }
}

code_enum! {
    /// Why a calendar could not be read the last time.
    pub enum FeedFault {
        /// Its address, or one it redirects to, is not one that may be asked.
        AddressNotAllowed = "address_not_allowed",
        /// Nobody knows the name of its host.
        NameNotFound = "name_not_found",
        /// The host does not answer, or not over TLS with a good certificate.
        Unreachable = "unreachable",
        /// The answer took too long.
        TimedOut = "timed_out",
        /// The answer is larger than [`MAX_BYTES`].
        TooLarge = "too_large",
        /// It redirects more than [`MAX_REDIRECTS`] times.
        TooManyRedirects = "too_many_redirects",
        /// The host answers with another status than 200.
        Refused = "refused",
        /// The answer is no calendar, or only half of one.
        NotACalendar = "not_a_calendar",
    }
}

code_enum! {
    /// What was left out or changed of a calendar that was read.
    pub enum FeedWarning {
        /// Events without dates that make sense: they keep the nights they had.
        UnreadableEvents = "unreadable_events",
        /// Events that repeat: only their first dates are taken.
        RecurringEvents = "recurring_events_not_repeated",
        /// Stays far in the future or very long: what lies beyond the years looked at is not taken.
        DatesCutShort = "dates_cut_short",
        /// More stays than [`MAX_STAYS`]: the last are not taken.
        TooManyEvents = "too_many_events",
    }
}

/// An origin (scheme, IP address and port) that may be read though it is none of the public internet: for tests and
/// local stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedOrigin(url::Origin);

impl TrustedOrigin {
    /// Takes `http://127.0.0.1:8080` or the like. A name would have to be looked up, so it is none.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("invalid_format", "This must be an origin, such as http://127.0.0.1:8080.");
        let url = Url::parse(text).map_err(|_unparseable| invalid())?;
        let is_address = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
        if !is_address || url.path() != "/" || url.query().is_some() || !["http", "https"].contains(&url.scheme()) {
            return Err(invalid());
        }
        Ok(Self(url.origin()))
    }
}

/// The address of a calendar that may be asked: https at port 443 of a host that is not plainly one of ours. Where a
/// name leads is checked when it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedUrl(Url);

impl FeedUrl {
    /// Takes an address; whatever `trusted` names goes without further questions.
    ///
    /// # Errors
    /// `invalid_format`, `text_too_long`, `https_required`, `userinfo_not_allowed`, `port_not_allowed`,
    /// `address_not_allowed`.
    pub fn parse(text: &str, trusted: Option<&TrustedOrigin>) -> Result<Self, Invalid> {
        Self::check(parse(text)?, trusted)
    }

    /// Where a redirect leads.
    ///
    /// # Errors
    /// As [`FeedUrl::parse`].
    pub fn redirected(&self, location: &str, trusted: Option<&TrustedOrigin>) -> Result<Self, Invalid> {
        let next =
            self.0.join(location).map_err(|_unparseable| Invalid::new("invalid_format", "This is no address."))?;
        Self::parse(next.as_str(), trusted)
    }

    /// The address in the form in which it is kept and asked.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn check(mut url: Url, trusted: Option<&TrustedOrigin>) -> Result<Self, Invalid> {
        url.set_fragment(None);
        if trusted.is_some_and(|trusted| trusted.0 == url.origin()) {
            return Ok(Self(url));
        }
        if url.scheme() != "https" {
            return Err(Invalid::new("https_required", "The address must begin with https://."));
        }
        if url.port().is_some() {
            return Err(Invalid::new("port_not_allowed", "The address may not name a port: https is at 443."));
        }
        // A name with the root's dot is the same name, and would pass by the endings below.
        if let Some(name) = url.host_str().and_then(|host| host.strip_suffix('.')).map(str::to_owned) {
            url.set_host(Some(&name)).map_err(|_unparseable| not_allowed())?;
        }
        let may_be_asked = match url.host() {
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            Some(Host::Domain(name)) => is_public_name(name),
            None => false,
        };
        if may_be_asked { Ok(Self(url)) } else { Err(not_allowed()) }
    }
}

/// Takes what is an address at all, without a user's name in it; where it may lead is for [`FeedUrl`] to say.
///
/// # Errors
/// `invalid_format`, `text_too_long`, `userinfo_not_allowed`.
pub fn well_formed(text: &str) -> Result<String, Invalid> {
    parse(text).map(String::from)
}

fn parse(text: &str) -> Result<Url, Invalid> {
    let text = checked(text, 1, MAX_URL_LENGTH, Lines::Single)?;
    let url = Url::parse(&text).map_err(|_unparseable| {
        Invalid::new("invalid_format", "This must be an address, such as https://example.com/calendar.ics.")
    })?;
    if url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err(Invalid::new("userinfo_not_allowed", "The address may not hold a user name or a password."))
}

fn not_allowed() -> Invalid {
    Invalid::new("address_not_allowed", "The address must lead to the public internet.")
}

/// Whether a name can be one of the public internet at all: two labels or more, none empty, and not ending as local
/// names do.
fn is_public_name(name: &str) -> bool {
    const LOCAL: [&str; 7] = ["localhost", "local", "internal", "intranet", "lan", "home", "arpa"];
    let labels: Vec<&str> = name.split('.').collect();
    labels.len() > 1
        && labels.iter().all(|label| !label.is_empty())
        && labels.last().is_some_and(|ending| !LOCAL.contains(ending))
}
