//! Places people name when they look for somewhere to stay: how names become search keys, how what was typed is
//! split, and how well a name answers it. Where places come from and how they are found is `store`'s.

use std::collections::BTreeSet;

use crate::error::Invalid;
use crate::text::{self, Lines};

/// The longest text that is looked for.
pub const MAX_QUERY_CHARACTERS: usize = 100;
/// What a region's population counts of: who types "New York" means the city.
pub const REGION_SHARE: f64 = 0.05;
/// What a population counts of under a name that is not the first.
pub const OTHER_NAME_SHARE: f64 = 0.5;

code_enum! {
    /// What a place is.
    pub enum PlaceKind {
        /// A city, town or village.
        City = "city",
        /// A state, province or the like.
        Region = "region",
        /// A country.
        Country = "country",
    }
}

/// A name as search compares it: lower-case ASCII letters and digits, one space between words. Letters of other
/// scripts are written in Latin ones; empty where nothing is left.
pub fn search_key(name: &str) -> String {
    let latin = deunicode::deunicode(name).to_ascii_lowercase().replace(['\'', '`'], "");
    let words = latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// How likely a name means its place, among places it fits equally well.
#[expect(clippy::cast_precision_loss, reason = "populations are far below 2^53")]
pub fn weight(kind: PlaceKind, population: i64, is_first_name: bool) -> f64 {
    let people = population.max(1_000) as f64;
    let share = if kind == PlaceKind::Region { REGION_SHARE } else { 1.0 };
    people * share * if is_first_name { 1.0 } else { OTHER_NAME_SHARE }
}

/// What somebody looks for: a name, and after commas what it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceQuery {
    /// Key of the name.
    pub name: String,
    /// Keys of regions or countries.
    pub within: Vec<String>,
}

impl PlaceQuery {
    /// Takes 1 to 100 characters, such as `Lisbn`, `Paris, FR` or `Springfield, Illinois`.
    ///
    /// # Errors
    /// `required`, `text_too_long`, `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text::checked(text, 1, MAX_QUERY_CHARACTERS, Lines::Single)?;
        let mut keys = text.split(',').map(search_key).filter(|key| !key.is_empty());
        Ok(Self { name: keys.next().unwrap_or_default(), within: keys.collect() })
    }

    /// Names that differ from the one looked for by two neighbouring letters in the other order: the slip that leaves
    /// short names the least alike.
    pub fn transposed(&self) -> Vec<String> {
        let letters = self.name.as_bytes();
        let swapped = (1..letters.len().min(12)).filter(|at| letters[at - 1] != letters[*at]).map(|at| {
            let mut letters = letters.to_vec();
            letters.swap(at - 1, at);
            // Keys are ASCII: nothing is lost.
            String::from_utf8_lossy(&letters).into_owned()
        });
        swapped.collect()
    }

    /// How well a place of this key and [`weight`] answers: larger is better; none is not at all.
    ///
    /// The same name before a beginning, that before a slip or two; then the more people live there.
    pub fn score(&self, key: &str, weight: f64) -> Option<f64> {
        Some(self.likeness(key)? + 0.06 * weight.max(1.0).log10())
    }

    fn likeness(&self, key: &str) -> Option<f64> {
        let wanted = self.name.as_str();
        if wanted.is_empty() {
            return None;
        }
        if key == wanted {
            return Some(1.4);
        }
        if key.starts_with(wanted) {
            return Some(1.0);
        }
        let allowed = match wanted.len() {
            0..=3 => 0,
            4..=5 => 1,
            6..=9 => 2,
            _ => 3,
        };
        let slips = |other: &str| {
            let slips = strsim::osa_distance(wanted, other);
            #[expect(clippy::cast_precision_loss, reason = "three at most")]
            (slips <= allowed).then_some(slips as f64 * 0.2)
        };
        if let Some(off) = slips(key) {
            return Some(0.9 - off);
        }
        // Keys are ASCII: every index is a letter's.
        if let Some(off) = key.get(..wanted.len()).and_then(slips) {
            return Some(0.6 - off);
        }
        // "Paris France" begins with what it means.
        if wanted.strip_prefix(key).is_some_and(|rest| rest.starts_with(' ')) {
            return Some(0.55);
        }
        let words = |text: &'_ str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        let (of_key, of_wanted) = (words(key), words(wanted));
        (of_key.is_subset(&of_wanted) || of_wanted.is_subset(&of_key)).then_some(0.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("München", "munchen")]
    #[case("København", "kobenhavn")]
    #[case("Saint-Étienne", "saint etienne")]
    #[case("St. John's", "st johns")]
    #[case("  L'Aquila  ", "laquila")]
    #[case("Москва", "moskva")]
    #[case("Łódź", "lodz")]
    #[case("%_\\", "")]
    fn keys_are_plain_letters(#[case] name: &str, #[case] key: &str) {
        assert_eq!(search_key(name), key);
    }

    #[rstest]
    #[case("Lisbon, Portugal", "lisbon", &["portugal"])]
    #[case("Springfield,Illinois , US", "springfield", &["illinois", "us"])]
    #[case("Paris,", "paris", &[])]
    #[case(", Paris", "paris", &[])]
    #[case("!?", "", &[])]
    fn what_follows_a_comma_is_what_it_lies_in(#[case] text: &str, #[case] name: &str, #[case] within: &[&str]) {
        let query = PlaceQuery::parse(text).unwrap();
        assert_eq!((query.name.as_str(), query.within), (name, within.iter().map(|key| (*key).to_owned()).collect()));
    }

    #[test]
    fn a_query_has_1_to_100_characters() {
        assert_eq!(PlaceQuery::parse(" ").unwrap_err().code, "required");
        assert!(PlaceQuery::parse(&"é".repeat(100)).is_ok());
        assert_eq!(PlaceQuery::parse(&"é".repeat(101)).unwrap_err().code, "text_too_long");
        assert_eq!(PlaceQuery::parse("Paris\nTexas").unwrap_err().code, "invalid_characters");
    }

    #[rstest]
    #[case("paris", ("paris", 2.1e6), ("paris", 25e3))]
    #[case("paris", ("paris", 25e3), ("parish", 9e6))]
    #[case("lisb", ("lisbon", 5e5), ("lisburn", 45e3))]
    #[case("prais", ("paris", 2.1e6), ("praia", 1e5))]
    #[case("new yrok", ("new york", 4.4e6), ("new rochelle", 8e4))]
    #[case("york", ("york", 1.5e5), ("new york", 4.4e6))]
    #[case("paris france", ("paris", 2.1e6), ("france", 6.7e7))]
    fn the_better_answer_comes_first(#[case] wanted: &str, #[case] better: (&str, f64), #[case] worse: (&str, f64)) {
        let query = PlaceQuery::parse(wanted).unwrap();
        assert!(query.score(better.0, better.1) > query.score(worse.0, worse.1));
    }

    #[rstest]
    #[case("rom", "rum")]
    #[case("rome", "bern")]
    #[case("xqzvkw", "paris")]
    fn what_is_too_different_is_no_answer(#[case] wanted: &str, #[case] key: &str) {
        assert_eq!(PlaceQuery::parse(wanted).unwrap().score(key, 1e7), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_comparison(text in ".{1,100}", name in ".{0,30}") {
            if let Ok(query) = PlaceQuery::parse(&text) {
                let key = search_key(&name);
                query.score(&key, 1e6);
                prop_assert!(query.transposed().iter().all(|other| other != &query.name));
                prop_assert_eq!(search_key(&key), key);
            }
        }
    }
}
