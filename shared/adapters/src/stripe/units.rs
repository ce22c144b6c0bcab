//! Amounts as Stripe writes them. Its minor units are ISO 4217's but for three currencies: Iceland's króna and
//! Uganda's shilling have no decimals and are written with two (always zero), Madagascar's ariary has two and is
//! written without. <https://docs.stripe.com/currencies#special-cases>

use domain::error::{Error, Result};
use domain::money::{Currency, Money, share_half_up};

/// One minor unit of ours is `numerator / denominator` of Stripe's.
fn scale(currency: Currency) -> (i64, i64) {
    match currency.code() {
        "ISK" | "UGX" => (100, 1),
        "MGA" => (1, 100),
        _ => (1, 1),
    }
}

/// The currency of Stripe's lower-case code.
pub(super) fn currency(code: &str) -> Result<Currency> {
    code.to_uppercase().parse().map_err(Error::internal)
}

/// The amount in Stripe's units.
///
/// # Errors
/// `internal` for what Stripe has no units for: see [`Currency::payment_step_minor`].
pub(super) fn to_provider(amount: Money) -> Result<i64> {
    let (numerator, denominator) = scale(amount.currency);
    exactly(amount.amount, numerator, denominator)
        .ok_or_else(|| Error::internal(format!("Stripe has no units for {amount}")))
}

/// The money of an amount in Stripe's units.
///
/// # Errors
/// `internal` for a part of a minor unit.
pub(super) fn from_provider(amount: i64, currency: Currency) -> Result<Money> {
    let (numerator, denominator) = scale(currency);
    let minor = exactly(amount, denominator, numerator);
    let minor = minor.ok_or_else(|| Error::internal(format!("{amount} of Stripe's units of {currency} is a part")))?;
    Ok(Money::new(minor, currency))
}

/// The same for fees, which Stripe may work out to a part of a minor unit: the nearest, half up.
pub(super) fn rounded_from_provider(amount: i64, currency: Currency) -> Money {
    let (numerator, denominator) = scale(currency);
    Money::new(share_half_up(amount, denominator, numerator), currency)
}

fn exactly(amount: i64, numerator: i64, denominator: i64) -> Option<i64> {
    let scaled = amount.checked_mul(numerator)?;
    (scaled % denominator == 0).then_some(scaled / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, code.parse().expect("a currency"))
    }

    #[test]
    fn amounts_are_stripes_own_both_ways() {
        for (ours, stripes) in [
            (money(12_550, "USD"), 12_550),
            (money(1_200, "JPY"), 1_200),
            (money(1_250, "KWD"), 1_250),
            (money(1_200, "ISK"), 120_000),
            (money(1_200, "UGX"), 120_000),
            (money(120_000, "MGA"), 1_200),
        ] {
            assert_eq!(to_provider(ours).expect("whole"), stripes, "{ours}");
            assert_eq!(from_provider(stripes, ours.currency).expect("whole"), ours);
        }
    }

    #[test]
    fn what_is_no_whole_unit_is_never_sent_nor_taken_for_another() {
        assert!(to_provider(money(120_050, "MGA")).is_err());
        assert!(to_provider(money(i64::MAX, "ISK")).is_err());
        assert!(from_provider(150, "ISK".parse().expect("a currency")).is_err());
        assert_eq!(rounded_from_provider(150, "ISK".parse().expect("a currency")), money(2, "ISK"));
    }
}
