//! Which currencies can be charged, and which amounts of them. Facts from Stripe's documentation of currencies.

use crate::error::StripeError;

const SUPPORTED: &str = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp \
    byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd \
    hnl hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd \
    mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub \
    rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf \
    xcd xof xpf yer zar zmw";

const ZERO_DECIMAL: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
const THREE_DECIMAL: &str = "bhd jod kwd omr tnd";
/// Without decimals, yet sent as if they had two.
const TWO_ZERO_DECIMALS: &str = "isk ugx";

/// The largest charge, in minor units.
fn max_amount(currency: &str) -> i64 {
    match currency {
        "idr" => 999_999_999_999,
        "cop" | "huf" | "jpy" | "lbp" => 9_999_999_999,
        "inr" => 999_999_999,
        _ => 99_999_999,
    }
}

fn among(list: &str, currency: &str) -> bool {
    list.split_whitespace().any(|known| known == currency)
}

/// The smallest charge, in minor units.
fn min_amount(currency: &str) -> i64 {
    match currency {
        "usd" | "aud" | "brl" | "cad" | "chf" | "eur" | "inr" | "jpy" | "nzd" | "sgd" => 50,
        "gbp" => 30,
        "aed" | "pln" | "ron" | "myr" => 200,
        "dkk" => 250,
        "nok" | "sek" => 300,
        "hkd" => 400,
        "mxn" | "thb" => 1_000,
        "czk" => 1_500,
        "huf" => 17_500,
        "bgn" => 100,
        // Stripe converts to the account's currency here; the simulator has no rates.
        _ => 1,
    }
}

/// Digits after the point in a shown amount.
fn decimals(currency: &str) -> usize {
    match () {
        () if among(ZERO_DECIMAL, currency) => 0,
        () if among(THREE_DECIMAL, currency) => 3,
        () => 2,
    }
}

/// An amount for people, `12.50 USD`.
pub(crate) fn shown(amount: i64, currency: &str) -> String {
    let decimals = decimals(currency);
    let code = currency.to_uppercase();
    if decimals == 0 {
        return format!("{amount} {code}");
    }
    let digits = format!("{:0>width$}", amount.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest} {code}")
}

/// Where connected accounts can be, and the currency they are paid in there.
const COUNTRIES: &str = "AE:aed AT:eur AU:aud BE:eur BG:eur BR:brl CA:cad CH:chf CY:eur CZ:czk DE:eur DK:dkk EE:eur \
    ES:eur FI:eur FR:eur GB:gbp GI:gbp GR:eur HK:hkd HR:eur HU:huf IE:eur IT:eur JP:jpy LI:chf LT:eur LU:eur LV:eur \
    MT:eur MX:mxn MY:myr NL:eur NO:nok NZ:nzd PL:pln PT:eur RO:ron SE:sek SG:sgd SI:eur SK:eur TH:thb US:usd";

/// The currency of a country where connected accounts can be.
pub(crate) fn of_country(country: &str) -> Result<&'static str, StripeError> {
    let found = COUNTRIES.split_whitespace().filter_map(|pair| pair.split_once(':')).find(|(code, _)| *code == country);
    found.map(|(_, currency)| currency).ok_or_else(|| {
        let message = format!("Country '{country}' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'.");
        StripeError::invalid(message).code("country_unsupported").param("country")
    })
}

/// Refuses a currency that is not written in lower case or cannot be charged.
pub(crate) fn check_currency(currency: &str) -> Result<(), StripeError> {
    if among(SUPPORTED, currency) {
        return Ok(());
    }
    let message = format!(
        "Invalid currency: {currency}. Three-letter ISO codes in lower case are taken. Stripe currently supports these \
         currencies: {SUPPORTED}"
    );
    Err(StripeError::invalid(message).param("currency"))
}

/// Refuses an amount that cannot be charged.
pub(crate) fn check_amount(amount: i64, currency: &str) -> Result<(), StripeError> {
    let least = min_amount(currency);
    if amount < least {
        let message = format!("Amount must be at least {}", shown(least, currency));
        return Err(StripeError::invalid(message).code("amount_too_small").param("amount"));
    }
    let most = max_amount(currency);
    if amount > most {
        let message = format!("Amount must be no more than {}", shown(most, currency));
        return Err(StripeError::invalid(message).code("amount_too_large").param("amount"));
    }
    check_step(amount, currency)
}

/// Amounts are multiples of so many minor units.
pub(crate) fn step(currency: &str) -> i64 {
    match () {
        () if among(THREE_DECIMAL, currency) => 10,
        () if among(TWO_ZERO_DECIMALS, currency) => 100,
        () => 1,
    }
}

/// Refuses an amount between two steps.
pub(crate) fn check_step(amount: i64, currency: &str) -> Result<(), StripeError> {
    let step = step(currency);
    if amount % step != 0 {
        let message = format!("Invalid amount: amounts in {currency} must be evenly divisible by {step}.");
        return Err(StripeError::invalid(message).code("parameter_invalid_integer").param("amount"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_by_the_currency_s_decimals() {
        assert_eq!(shown(5, "usd"), "0.05 USD");
        assert_eq!(shown(12_550, "usd"), "125.50 USD");
        assert_eq!(shown(12_550, "jpy"), "12550 JPY");
        assert_eq!(shown(12_550, "kwd"), "12.550 KWD");
    }

    #[test]
    fn amounts_out_of_bounds_are_refused() {
        let code = |amount, currency| check_amount(amount, currency).err().and_then(|error| error.code);
        assert_eq!(code(49, "usd"), Some("amount_too_small"));
        assert_eq!(code(50, "usd"), None);
        assert_eq!(code(99_999_999, "usd"), None);
        assert_eq!(code(100_000_000, "usd"), Some("amount_too_large"));
        assert_eq!(code(12_345, "kwd"), Some("parameter_invalid_integer"));
        assert_eq!(code(12_350, "isk"), Some("parameter_invalid_integer"));
    }

    #[test]
    fn currencies_are_three_letters_in_lower_case() {
        assert!(check_currency("usd").is_ok());
        for refused in ["USD", "usdx", "", "xyz"] {
            assert!(check_currency(refused).is_err(), "{refused}");
        }
    }
}
