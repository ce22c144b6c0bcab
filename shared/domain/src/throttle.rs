//! How often something may be tried: limits by address, by account and over all, in buckets that fill up again evenly
//! (the generic cell rate algorithm). Where buckets are kept is not known here.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::error::Invalid;

/// Where the sign of an attack is seen, each failure costs so many times as much.
const STRAINED_TIMES: i64 = 5;

code_enum! {
    /// What is limited. The names stand in the `RateLimit` headers and in the configuration.
    pub enum Policy {
        /// Calls from one address of whatever is limited here.
        Calls = "calls",
        /// Failed sign-ins to one account from one address.
        Login = "login",
        /// Failed sign-ins from one address.
        LoginAddress = "login_address",
        /// Failed sign-ins to one account, from everywhere: beyond it each address may fail less often.
        LoginAccount = "login_account",
        /// Failed sign-ins, to whatever account from everywhere: likewise.
        LoginAll = "login_all",
        /// Wrong six-digit codes for one account, from everywhere.
        Code = "code",
        /// Registrations from one address.
        Register = "register",
        /// Registrations from everywhere: beyond it each address has fewer.
        RegisterAll = "register_all",
        /// Being told that an address is taken, from one address.
        EmailTaken = "email_taken",
        /// Mails asked for to one account from one address.
        Mail = "mail",
        /// Mails asked for from one address.
        MailAddress = "mail_address",
        /// Mails asked for to one account, from everywhere.
        MailAccount = "mail_account",
        /// Mails asked for from everywhere: beyond it each address may ask less often.
        MailAll = "mail_all",
        /// Wrong refresh tokens and wrong tokens of mails, from one address.
        Token = "token",
        /// Pictures that one person uploads.
        Avatar = "avatar",
    }
}

/// So many times within so many seconds; what is used comes back evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many times.
    pub quota: u32,
    /// Within how many seconds, at most a day.
    pub window_seconds: u32,
}

impl Limit {
    /// Reads `10/900`.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("invalid_format", format!("{text:?} is not a limit such as 10/900."));
        let (quota, window) = text.split_once('/').ok_or_else(invalid)?;
        let quota = quota.parse().ok().filter(|quota| (1..=1_000_000).contains(quota)).ok_or_else(invalid)?;
        let window_seconds = window.parse().ok().filter(|window| (1..=86_400).contains(window)).ok_or_else(invalid)?;
        Ok(Self { quota, window_seconds })
    }

    /// The bucket's size: milliseconds until a full one is empty again.
    pub const fn window_milliseconds(self) -> i64 {
        self.window_seconds as i64 * 1_000
    }

    /// What one time takes of it.
    pub const fn cost_milliseconds(self) -> i64 {
        let cost = self.window_milliseconds() / self.quota as i64;
        if cost > 0 { cost } else { 1 }
    }

    /// What one failure takes of it under an attack: never so much that there is none at all.
    pub const fn strained_cost_milliseconds(self) -> i64 {
        let cost = self.cost_milliseconds() * STRAINED_TIMES;
        let window = self.window_milliseconds();
        if cost < window { cost } else { window }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.quota, self.window_seconds)
    }
}

/// The limit of every policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits(BTreeMap<Policy, Limit>);

impl Default for Limits {
    /// Those for production.
    fn default() -> Self {
        let limit = |policy| {
            let (quota, window_seconds) = match policy {
                Policy::Calls => (300, 60),
                Policy::Login => (10, 900),
                Policy::LoginAddress => (100, 900),
                Policy::LoginAccount => (50, 3_600),
                Policy::LoginAll => (3_000, 900),
                Policy::Code => (30, 3_600),
                Policy::Register => (20, 3_600),
                Policy::RegisterAll => (2_000, 3_600),
                Policy::EmailTaken => (10, 3_600),
                Policy::Mail => (5, 3_600),
                Policy::MailAddress => (20, 3_600),
                Policy::MailAccount => (10, 3_600),
                Policy::MailAll => (2_000, 3_600),
                Policy::Token => (300, 900),
                Policy::Avatar => (20, 3_600),
            };
            Limit { quota, window_seconds }
        };
        Self(Policy::ALL.iter().map(|policy| (*policy, limit(*policy))).collect())
    }
}

impl Limits {
    /// The defaults, but for what `text` says of some: `login=10/900, register=20/3600`.
    ///
    /// # Errors
    /// `invalid_format`, `unknown_value`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut limits = Self::default();
        for entry in text.split([',', ' ', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
            let missing = || Invalid::new("invalid_format", format!("{entry:?} is not a limit such as login=10/900."));
            let (policy, limit) = entry.split_once('=').ok_or_else(missing)?;
            limits.0.insert(policy.parse()?, Limit::parse(limit)?);
        }
        Ok(limits)
    }

    /// The limit of a policy.
    pub fn of(&self, policy: Policy) -> Limit {
        // Every policy is there from `default` on; were one not, the narrowest is the safe one.
        self.0.get(&policy).copied().unwrap_or(Limit { quota: 1, window_seconds: 86_400 })
    }
}

/// Where a request comes from, as far as limits tell addresses apart: an IPv4 address, or the /64 of an IPv6 one, which
/// is what one customer of a provider has at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The network of this address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What is left of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How many more times at once.
    pub times: u32,
    /// Seconds until the bucket is empty, that is until all times are there again.
    pub reset_seconds: u32,
    /// Seconds until the next time; 0 when there is one.
    pub wait_seconds: u32,
}

impl Left {
    /// What is left of a bucket of this size that will be empty at an instant, each time costing so much. All in
    /// milliseconds.
    pub fn of(window: i64, cost: i64, empty_at: i64, now: i64) -> Self {
        let used = (empty_at - now).max(0);
        let seconds =
            |milliseconds: i64| u32::try_from(milliseconds.max(0).saturating_add(999) / 1_000).unwrap_or(u32::MAX);
        let times = (window - used).max(0) / cost.max(1);
        let wait = if times == 0 { used + cost - window } else { 0 };
        Self {
            times: u32::try_from(times).unwrap_or(u32::MAX),
            reset_seconds: seconds(used),
            wait_seconds: seconds(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const LOGIN: Limit = Limit { quota: 10, window_seconds: 900 };

    #[rstest]
    #[case("10/900", Some(LOGIN))]
    #[case("1000000/86400", Some(Limit { quota: 1_000_000, window_seconds: 86_400 }))]
    #[case("0/900", None)]
    #[case("10/0", None)]
    #[case("10/86401", None)]
    #[case("10", None)]
    #[case("-1/5", None)]
    #[case("", None)]
    fn a_limit_is_a_number_in_seconds(#[case] text: &str, #[case] limit: Option<Limit>) {
        assert_eq!(Limit::parse(text).ok(), limit);
    }

    #[test]
    fn what_is_not_named_keeps_its_default() {
        let limits = Limits::parse("calls=5/60, login=3/30").expect("limits");
        assert_eq!(limits.of(Policy::Calls), Limit { quota: 5, window_seconds: 60 });
        assert_eq!(limits.of(Policy::Login), Limit { quota: 3, window_seconds: 30 });
        assert_eq!(limits.of(Policy::Code), Limits::default().of(Policy::Code));
        assert_eq!(Limits::parse("").expect("none"), Limits::default());
        for wrong in ["logins=1/1", "login", "login=1", "login=x/y"] {
            assert!(Limits::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn under_strain_there_is_always_one_try_left_for_whoever_has_failed_in_nothing() {
        for quota in [1, 2, 5, 10, 1_000_000] {
            let limit = Limit { quota, window_seconds: 60 };
            assert!(limit.strained_cost_milliseconds() <= limit.window_milliseconds(), "{quota}");
            assert!(limit.cost_milliseconds() > 0);
        }
        assert_eq!(LOGIN.strained_cost_milliseconds(), 5 * LOGIN.cost_milliseconds());
    }

    #[test]
    fn a_bucket_gives_its_quota_and_then_one_at_a_time() {
        let (window, cost) = (LOGIN.window_milliseconds(), LOGIN.cost_milliseconds());
        let left = |empty_at| Left::of(window, cost, empty_at, 1_000_000);
        assert_eq!(left(0), Left { times: 10, reset_seconds: 0, wait_seconds: 0 });
        assert_eq!(left(1_000_000 + cost), Left { times: 9, reset_seconds: 90, wait_seconds: 0 });
        assert_eq!(left(1_000_000 + window), Left { times: 0, reset_seconds: 900, wait_seconds: 90 });
        assert_eq!(left(1_000_000 + window - 89_001), Left { times: 0, reset_seconds: 811, wait_seconds: 1 });
    }

    #[rstest]
    #[case("192.0.2.7", "192.0.2.7")]
    #[case("::ffff:192.0.2.7", "192.0.2.7")]
    #[case("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    #[case("2001:db8:1:2::", "2001:db8:1:2::")]
    #[case("::1", "::")]
    fn an_ipv6_address_counts_as_its_network(#[case] address: &str, #[case] counted: &str) {
        assert_eq!(ClientAddress::of(address.parse().expect("an address")).to_string(), counted);
    }
}
