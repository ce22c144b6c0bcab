//! Amounts as people of a language write them. The currency is always named by its code: `$` is many currencies.

use crate::money::Money;
use crate::user::Locale;

/// The amount with the thousands and decimals of the language, and the currency's own number of decimals:
/// `1.234,50 EUR` for `de`, `1,235 JPY` for `en`. A language that is not known here is written as English.
pub fn money_in(locale: &Locale, money: Money) -> String {
    let (thousands, decimal) = separators(locale);
    let exponent = usize::from(money.currency.exponent());
    let digits = format!("{:0>width$}", money.amount.unsigned_abs(), width = exponent + 1);
    let (whole, minor) = digits.split_at(digits.len() - exponent);
    let mut text = String::from(if money.amount < 0 { "-" } else { "" });
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    if exponent > 0 {
        text.push(decimal);
        text.push_str(minor);
    }
    format!("{text} {}", money.currency)
}

/// Between thousands, and before decimals.
fn separators(locale: &Locale) -> (char, char) {
    match (locale.language(), locale.as_str().rsplit('-').next()) {
        ("de" | "it", Some("CH" | "LI")) => ('\u{2019}', '.'),
        ("es", Some("MX" | "US" | "PR" | "GT" | "PA")) => (',', '.'),
        (
            "de" | "es" | "it" | "nl" | "pt" | "id" | "tr" | "da" | "el" | "hr" | "sl" | "ro" | "sr" | "is" | "vi"
            | "ca" | "gl",
            _,
        ) => ('.', ','),
        (
            "fr" | "ru" | "uk" | "be" | "pl" | "cs" | "sk" | "sv" | "nb" | "nn" | "no" | "fi" | "hu" | "bg" | "et"
            | "lv" | "lt" | "kk",
            _,
        ) => ('\u{a0}', ','),
        _ => (',', '.'),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::money::Currency;

    #[rstest]
    #[case("en", 123_450, Currency::USD, "1,234.50 USD")]
    #[case("en-GB", 5, Currency::EUR, "0.05 EUR")]
    #[case("en", 0, Currency::JPY, "0 JPY")]
    #[case("ja", 1_234_567, Currency::JPY, "1,234,567 JPY")]
    #[case("de", 123_450, Currency::EUR, "1.234,50 EUR")]
    #[case("de-CH", 123_450, Currency::EUR, "1\u{2019}234.50 EUR")]
    #[case("fr", 123_456_789, Currency::EUR, "1\u{a0}234\u{a0}567,89 EUR")]
    #[case("es-MX", 123_450, Currency::USD, "1,234.50 USD")]
    #[case("tlh", 100_000, Currency::USD, "1,000.00 USD")]
    #[case("en", 1_234_567, Currency::KWD, "1,234.567 KWD")]
    #[case("de", -99_999, Currency::EUR, "-999,99 EUR")]
    #[case("en", i64::MIN, Currency::JPY, "-9,223,372,036,854,775,808 JPY")]
    fn amounts_are_written_as_in_the_language(
        #[case] locale: &str,
        #[case] amount: i64,
        #[case] currency: Currency,
        #[case] expected: &str,
    ) {
        assert_eq!(money_in(&Locale::parse(locale).unwrap(), Money::new(amount, currency)), expected);
    }
}
