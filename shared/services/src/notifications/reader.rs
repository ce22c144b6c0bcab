//! How the reader of a mail reads: language, amounts, dates and clocks.

use domain::date_text::{date_in, instant_in, time_in};
use domain::money::Money;
use domain::money_text::money_in;
use domain::time_zone::TimeZoneName;
use domain::user::Locale;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use store::users::User;

use crate::mail_templates::Language;

/// The reader of a mail.
#[derive(Debug)]
pub(super) struct Reader {
    language: Language,
    /// The person's own where mails are written in its language; else plain English, so that a mail is all of a piece.
    locale: Locale,
    time_zone: Option<TimeZoneName>,
}

impl Reader {
    /// By the person's locale, without its region where only the language is known, else in English.
    pub(super) fn of(person: &User) -> Self {
        Self::new(&person.locale, person.time_zone.clone())
    }

    fn new(locale: &Locale, time_zone: Option<TimeZoneName>) -> Self {
        let (language, locale) = match Language::of_tag(locale.language()) {
            Some(language) => (language, locale.clone()),
            None => (Language::English, Locale::default()),
        };
        Self { language, locale, time_zone }
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    pub(super) fn money(&self, money: Money) -> String {
        money_in(&self.locale, money)
    }

    pub(super) fn date(&self, date: Date) -> String {
        date_in(&self.locale, date)
    }

    pub(super) fn time(&self, time: Time) -> String {
        time_in(&self.locale, time)
    }

    /// By the reader's clocks; by those of the place it is about while nobody has said which the reader's are.
    pub(super) fn instant(&self, instant: Timestamp, zone_of_the_place: &TimeZoneName) -> String {
        instant_in(&self.locale, self.time_zone.as_ref().unwrap_or(zone_of_the_place), instant)
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use jiff::civil::date;

    use super::*;

    fn reader(tag: &str, zone: Option<&str>) -> Reader {
        Reader::new(&Locale::parse(tag).expect("a locale"), zone.map(|zone| zone.parse().expect("a zone")))
    }

    #[test]
    fn a_language_without_translations_is_english_throughout() {
        let (amount, day) = (Money::new(123_450, Currency::EUR), date(2027, 3, 1));
        for (tag, language, money, date) in [
            ("fr-CA", Language::French, "1\u{a0}234,50 EUR", "lundi 1er mars 2027"),
            ("de-CH", Language::German, "1\u{2019}234.50 EUR", "Montag, 1. März 2027"),
            ("es-419", Language::Spanish, "1.234,50 EUR", "lunes 1 de marzo de 2027"),
            ("en-GB", Language::English, "1,234.50 EUR", "Monday 1 March 2027"),
            ("pt-PT", Language::English, "1,234.50 EUR", "Monday, March 1, 2027"),
        ] {
            let reader = reader(tag, None);
            assert_eq!((reader.language(), reader.money(amount).as_str()), (language, money), "{tag}");
            assert_eq!(reader.date(day), date, "{tag}");
        }
    }

    #[test]
    fn instants_are_shown_by_the_readers_clocks_else_by_those_of_the_place() {
        let (at, place) =
            ("2027-03-01T12:00:00Z".parse().expect("an instant"), "Europe/Paris".parse().expect("a zone"));
        let here = reader("en", None).instant(at, &place);
        assert_eq!(here, "Monday, March 1, 2027 at 1:00 PM (Europe/Paris)");
        let there = reader("en", Some("Asia/Tokyo")).instant(at, &place);
        assert_eq!(there, "Monday, March 1, 2027 at 9:00 PM (Asia/Tokyo)");
    }
}
