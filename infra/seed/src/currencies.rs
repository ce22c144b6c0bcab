//! What a dollar is about worth, so that made-up prices look like prices. No rate for anybody to rely on.

use domain::money::Currency;

/// Units of the currency for a US dollar, roughly.
const UNITS_FOR_A_DOLLAR: &[(&str, f64)] = &[
    ("AED", 3.67),
    ("ARS", 1400.0),
    ("AUD", 1.52),
    ("BDT", 121.0),
    ("BGN", 1.68),
    ("BHD", 0.376),
    ("BOB", 6.91),
    ("BRL", 5.4),
    ("CAD", 1.38),
    ("CHF", 0.8),
    ("CLP", 950.0),
    ("CNY", 7.15),
    ("COP", 4000.0),
    ("CRC", 505.0),
    ("CZK", 21.0),
    ("DKK", 6.4),
    ("DOP", 62.0),
    ("DZD", 130.0),
    ("EGP", 48.0),
    ("EUR", 0.86),
    ("GBP", 0.75),
    ("GEL", 2.7),
    ("GHS", 11.0),
    ("GTQ", 7.65),
    ("HKD", 7.8),
    ("HUF", 335.0),
    ("IDR", 16400.0),
    ("ILS", 3.35),
    ("INR", 88.0),
    ("ISK", 123.0),
    ("JMD", 160.0),
    ("JOD", 0.709),
    ("JPY", 149.0),
    ("KES", 129.0),
    ("KRW", 1400.0),
    ("KWD", 0.306),
    ("KZT", 530.0),
    ("LKR", 302.0),
    ("MAD", 9.1),
    ("MXN", 18.5),
    ("MYR", 4.2),
    ("NGN", 1480.0),
    ("NOK", 10.0),
    ("NPR", 141.0),
    ("NZD", 1.72),
    ("OMR", 0.385),
    ("PEN", 3.5),
    ("PHP", 58.0),
    ("PKR", 282.0),
    ("PLN", 3.65),
    ("QAR", 3.64),
    ("RON", 4.35),
    ("RSD", 101.0),
    ("RUB", 81.0),
    ("SAR", 3.75),
    ("SEK", 9.4),
    ("SGD", 1.29),
    ("THB", 32.4),
    ("TND", 2.92),
    ("TRY", 41.8),
    ("TWD", 30.5),
    ("TZS", 2450.0),
    ("UAH", 41.5),
    ("UGX", 3480.0),
    ("USD", 1.0),
    ("UYU", 39.8),
    ("VND", 26300.0),
    ("XAF", 565.0),
    ("XOF", 565.0),
    ("ZAR", 17.3),
];

/// The currency, or the dollar where prices in it would be guesswork, and how many of its minor units a dollar buys.
pub(crate) fn priced_in(code: &str) -> (Currency, f64) {
    let known = UNITS_FOR_A_DOLLAR.iter().find(|(known, _)| *known == code);
    match known.and_then(|(code, units)| Some((Currency::parse(code).ok()?, *units))) {
        Some((currency, units)) => (currency, units * 10_f64.powi(i32::from(currency.exponent()))),
        None => (Currency::USD, 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_is_of_a_currency_people_pay_in() {
        for (code, _) in UNITS_FOR_A_DOLLAR {
            assert_eq!(priced_in(code).0.code(), *code);
        }
        assert_eq!(priced_in("XYZ").0, Currency::USD);
        assert_eq!(priced_in("JPY").1, 149.0);
    }
}
