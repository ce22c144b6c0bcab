//! Money: whole minor units of an ISO 4217 currency, and the one way of rounding shares of it.
//! Nothing here converts between currencies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use utoipa::ToSchema;

use crate::error::Invalid;
use crate::text::whole_number;

/// The largest price a host may set, in minor units: keeps every sum of a stay far inside `i64`.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// A currency people pay in. Funds, metals and test codes of ISO 4217 are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    iso: iso_currency::Currency,
    exponent: u8,
}

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self { iso: iso_currency::Currency::USD, exponent: 2 };
    /// Euro.
    pub const EUR: Self = Self { iso: iso_currency::Currency::EUR, exponent: 2 };
    /// Japanese yen, which has no minor unit.
    pub const JPY: Self = Self { iso: iso_currency::Currency::JPY, exponent: 0 };
    /// Kuwaiti dinar, of a thousand fils.
    pub const KWD: Self = Self { iso: iso_currency::Currency::KWD, exponent: 3 };

    /// Takes three upper-case letters of ISO 4217. Superseded currencies are taken too: old rows are in them.
    ///
    /// # Errors
    /// `unknown_value`.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("unknown_value", "This must be an ISO 4217 currency code, such as EUR.");
        let iso = iso_currency::Currency::from_code(code).ok_or_else(invalid)?;
        let exponent = iso.exponent().and_then(|exponent| u8::try_from(exponent).ok()).ok_or_else(invalid)?;
        if iso.is_fund() || iso.is_special() {
            return Err(invalid());
        }
        Ok(Self { iso, exponent })
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// How many decimals the minor unit stands for: 0 for JPY, 2 for USD, 3 for KWD.
    pub fn exponent(self) -> u8 {
        self.exponent
    }

    /// The payment provider moves multiples of so many minor units: tens of three-decimal currencies, and whole ariary
    /// of Madagascar's, whose decimals it does not know. <https://docs.stripe.com/currencies>
    pub fn payment_step_minor(self) -> i64 {
        match (self.exponent, self.code()) {
            (3, _) => 10,
            (_, "MGA") => 100,
            _ => 1,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(code: &str) -> Result<Self, Invalid> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("ISO 4217 code"))
            .pattern(Some("^[A-Z]{3}$"))
            .examples(["USD"])
            .build()
            .into()
    }
}

impl ToSchema for Currency {}

/// Why a sum of money can't be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The result does not fit into 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// Two currencies can't be added.
    #[error("{left} and {right} can't be combined")]
    MixedCurrency {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the second.
        right: Currency,
    },
}

/// An amount in minor units of its currency; on the wire `{"amount": 12550, "currency": "USD"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Whole minor units by the ISO 4217 exponent: cents of USD, yen of JPY.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` minor units of `currency`.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// When the currencies differ, or the sum does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with_amount(self.amount.checked_add(other.amount))
    }

    /// The difference.
    ///
    /// # Errors
    /// When the currencies differ, or the difference does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with_amount(self.amount.checked_sub(other.amount))
    }

    /// The amount taken `times` times.
    ///
    /// # Errors
    /// When the product does not fit.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        self.with_amount(self.amount.checked_mul(times))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::MixedCurrency { left: self.currency, right: other.currency })
        }
    }

    fn with_amount(self, amount: Option<i64>) -> Result<Self, MoneyError> {
        amount.map(|amount| Self { amount, ..self }).ok_or(MoneyError::Overflow)
    }
}

/// As people read it: `125.50 USD`, `1200 JPY`, `1.250 KWD`.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount < 0 { "-" } else { "" };
        let units = 10_u64.pow(u32::from(self.currency.exponent()));
        let (whole, minor) = (self.amount.unsigned_abs() / units, self.amount.unsigned_abs() % units);
        let decimals = usize::from(self.currency.exponent());
        match decimals {
            0 => write!(formatter, "{sign}{whole} {}", self.currency),
            _ => write!(formatter, "{sign}{whole}.{minor:0decimals$} {}", self.currency),
        }
    }
}

/// A rate in hundredths of a per cent: 1420 is 14.2 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct BasisPoints(pub u32);

impl BasisPoints {
    /// The share of `amount_minor`, rounded half away from zero.
    pub fn of(self, amount_minor: i64) -> i64 {
        share_half_up(amount_minor, i64::from(self.0), 10_000)
    }
}

/// `amount · numerator / denominator`, rounded half away from zero; exact inside, and kept within `i64` at its ends.
///
/// # Panics
/// When `denominator` is not positive: there is no such share.
pub fn share_half_up(amount: i64, numerator: i64, denominator: i64) -> i64 {
    assert!(denominator > 0, "a share needs a positive denominator");
    let product = i128::from(amount) * i128::from(numerator);
    let denominator = i128::from(denominator);
    let magnitude = (product.abs() * 2 + denominator) / (denominator * 2);
    let rounded = magnitude * product.signum();
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

/// A nightly price a host sets: at least one minor unit, at most [`MAX_AMOUNT_MINOR`].
///
/// # Errors
/// `out_of_range`.
pub fn parse_price_minor(amount_minor: i64) -> Result<i64, Invalid> {
    whole_number(amount_minor, 1, MAX_AMOUNT_MINOR)
}

/// A fee a host sets: may be nothing, at most [`MAX_AMOUNT_MINOR`].
///
/// # Errors
/// `out_of_range`.
pub fn parse_fee_minor(amount_minor: i64) -> Result<i64, Invalid> {
    whole_number(amount_minor, 0, MAX_AMOUNT_MINOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("USD", 2)]
    #[case("JPY", 0)]
    #[case("KWD", 3)]
    #[case("ISK", 0)]
    #[case("HUF", 2)]
    #[case("MGA", 2)]
    #[case("HRK", 2)]
    fn exponents_are_those_of_iso_4217(#[case] code: &str, #[case] exponent: u8) {
        let currency = Currency::parse(code).unwrap();
        assert_eq!((currency.code(), currency.exponent()), (code, exponent));
    }

    #[rstest]
    #[case("usd")]
    #[case("US")]
    #[case("USDX")]
    #[case("")]
    #[case("ÜSD")]
    #[case("AAA")]
    #[case::no_currency("XXX")]
    #[case::testing("XTS")]
    #[case::gold("XAU")]
    #[case::fund("CLF")]
    fn what_nobody_pays_in_is_no_currency(#[case] code: &str) {
        assert_eq!(code.parse::<Currency>().unwrap_err().code, "unknown_value");
    }

    #[test]
    fn the_constants_are_what_parsing_gives() {
        for currency in [Currency::USD, Currency::EUR, Currency::JPY, Currency::KWD] {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
        }
    }

    #[test]
    fn money_is_an_object_of_amount_and_currency() {
        let money = Money::new(12_550, Currency::USD);
        let json = serde_json::json!({"amount": 12550, "currency": "USD"});
        assert_eq!(serde_json::to_value(money).unwrap(), json);
        assert_eq!(serde_json::from_value::<Money>(json).unwrap(), money);
        assert!(serde_json::from_value::<Money>(serde_json::json!({"amount": 1.5, "currency": "USD"})).is_err());
        assert!(serde_json::from_value::<Money>(serde_json::json!({"amount": 1, "currency": "usd"})).is_err());
    }

    #[test]
    fn currencies_do_not_mix() {
        let error = Money::new(1, Currency::USD).checked_add(Money::new(1, Currency::EUR)).unwrap_err();
        assert_eq!(error, MoneyError::MixedCurrency { left: Currency::USD, right: Currency::EUR });
        assert!(Money::new(1, Currency::USD).checked_sub(Money::new(1, Currency::EUR)).is_err());
    }

    #[test]
    fn overflow_is_an_error() {
        let most = Money::new(i64::MAX, Currency::USD);
        assert_eq!(most.checked_add(Money::new(1, Currency::USD)), Err(MoneyError::Overflow));
        assert_eq!(
            Money::new(i64::MIN, Currency::USD).checked_sub(Money::new(1, Currency::USD)),
            Err(MoneyError::Overflow)
        );
        assert_eq!(most.checked_mul(2), Err(MoneyError::Overflow));
    }

    #[rstest]
    #[case(12_550, Currency::USD, "125.50 USD")]
    #[case(-5, Currency::USD, "-0.05 USD")]
    #[case(1_200, Currency::JPY, "1200 JPY")]
    #[case(1_005, Currency::KWD, "1.005 KWD")]
    #[case(i64::MIN, Currency::JPY, "-9223372036854775808 JPY")]
    fn money_reads_with_its_decimals(#[case] amount: i64, #[case] currency: Currency, #[case] text: &str) {
        assert_eq!(Money::new(amount, currency).to_string(), text);
    }

    #[rstest]
    #[case(1, 1, 2, 1)]
    #[case(-1, 1, 2, -1)]
    #[case(3, 1, 2, 2)]
    #[case(1, 1, 3, 0)]
    #[case(2, 1, 3, 1)]
    #[case(10_000, 1_420, 10_000, 1_420)]
    #[case(125, 1_420, 10_000, 18)]
    #[case(0, 5, 7, 0)]
    #[case(5, 0, 7, 0)]
    #[case(i64::MAX, 1, 1, i64::MAX)]
    #[case(i64::MIN, 1, 1, i64::MIN)]
    #[case(i64::MAX, 2, 1, i64::MAX)]
    #[case(i64::MIN, i64::MAX, 1, i64::MIN)]
    fn shares_round_half_away_from_zero(
        #[case] amount: i64,
        #[case] part: i64,
        #[case] whole: i64,
        #[case] share: i64,
    ) {
        assert_eq!(share_half_up(amount, part, whole), share);
    }

    #[test]
    fn prices_are_bounded_and_fees_may_be_nothing() {
        assert_eq!(parse_price_minor(1), Ok(1));
        assert_eq!(parse_price_minor(MAX_AMOUNT_MINOR), Ok(MAX_AMOUNT_MINOR));
        assert!(parse_price_minor(0).is_err());
        assert!(parse_price_minor(MAX_AMOUNT_MINOR + 1).is_err());
        assert_eq!(parse_fee_minor(0), Ok(0));
        assert!(parse_fee_minor(-1).is_err());
    }

    proptest! {
        #[test]
        fn a_share_is_within_half_a_unit_and_odd(
            amount in -1_000_000_000_000_i64..1_000_000_000_000, part in 0_i64..20_000, whole in 1_i64..20_000,
        ) {
            let share = share_half_up(amount, part, whole);
            let twice_off = (i128::from(share) * i128::from(whole) - i128::from(amount) * i128::from(part)).abs() * 2;
            prop_assert!(twice_off <= i128::from(whole));
            prop_assert_eq!(share_half_up(-amount, part, whole), -share);
        }

        #[test]
        fn no_share_panics(amount: i64, part: i64, whole in 1_i64..) {
            share_half_up(amount, part, whole);
        }
    }
}
