//! What a property is made of: its states, kinds, amenities, and the limits of what a host may write.
//! Prices and rules of stays have modules of their own.

use jiff::civil::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

pub use crate::amenity::{Amenity, AmenitySet};
pub use crate::geo::{Latitude, Longitude};
pub use crate::time_zone::TimeZoneName;

use crate::error::Invalid;
use crate::text::{self, Lines};

code_enum! {
    /// Where a property stands.
    pub enum PropertyStatus {
        /// Being written; seen by its host alone.
        Draft = "draft",
        /// Found and booked by anybody.
        Listed = "listed",
        /// Taken off by its host.
        Unlisted = "unlisted",
        /// Taken off by an admin.
        Suspended = "suspended",
        /// Deleted by its host; kept for its bookings, never shown.
        Archived = "archived",
    }
}

code_enum! {
    /// What kind of building it is.
    pub enum PropertyKind {
        /// A flat.
        Apartment = "apartment",
        /// A house.
        House = "house",
        /// A guesthouse.
        Guesthouse = "guesthouse",
        /// A hotel.
        Hotel = "hotel",
        /// A boat, a tree house, a castle.
        Unique = "unique",
    }
}

code_enum! {
    /// How much of it a guest has.
    pub enum RoomType {
        /// All of it.
        EntirePlace = "entire_place",
        /// A room of one's own.
        PrivateRoom = "private_room",
        /// A bed in a room with others.
        SharedRoom = "shared_room",
    }
}

text_type! {
    /// A listing's title: 1 to 120 characters.
    pub struct Title;
    schema = |text| text.min_length(Some(1)).max_length(Some(120));
}

impl Title {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 120, Lines::Single).map(Self)
    }
}

text_type! {
    /// A long text of a listing (description, house rules): up to 5,000 characters, line breaks allowed.
    pub struct Description;
    schema = |text| text.max_length(Some(5_000));
}

impl Description {
    /// Trims and checks.
    ///
    /// # Errors
    /// `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 0, 5_000, Lines::Many).map(Self)
    }
}

text_type! {
    /// A line of an address (street, city, region, postal code): 1 to 200 characters.
    pub struct AddressLine;
    schema = |text| text.min_length(Some(1)).max_length(Some(200));
}

impl AddressLine {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 200, Lines::Single).map(Self)
    }
}

text_type! {
    /// A country: ISO 3166-1 alpha-2, upper case.
    pub struct CountryCode;
    schema = |text| text.pattern(Some("^[A-Z]{2}$")).examples(["FR"]);
}

impl CountryCode {
    /// Takes two upper-case letters of the standard's list.
    ///
    /// # Errors
    /// `unknown_value`.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        let known = include_str!("../data/iso3166.tab")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split('\t').next());
        if known.into_iter().any(|country| country == code) {
            Ok(Self(code.to_owned()))
        } else {
            Err(Invalid::new(
                "unknown_value",
                "This must be a country's two upper-case letters (ISO 3166-1), such as FR.",
            ))
        }
    }
}

/// Whole per cent, 0 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(minimum = 0, maximum = 100)]
pub struct Percent(u8);

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes 0 to 100.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn new(percent: i64) -> Result<Self, Invalid> {
        let percent = text::whole_number(percent, 0, 100)?;
        u8::try_from(percent).map(Self).map_err(|error| Invalid::new("out_of_range", error.to_string()))
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A number of bathrooms in halves: 1.5 is one with a bath and one without. 0 to 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bathrooms {
    halves: u8,
}

impl Bathrooms {
    /// One bathroom.
    pub const ONE: Self = Self { halves: 2 };

    const MAX_HALVES: u8 = 100;

    /// Takes a multiple of 0.5.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn new(bathrooms: f64) -> Result<Self, Invalid> {
        let halves = bathrooms * 2.0;
        if (0.0..=f64::from(Self::MAX_HALVES)).contains(&halves) && halves.fract() == 0.0 {
            Ok(Self { halves: halves as u8 })
        } else {
            Err(Invalid::new("out_of_range", "This must be a multiple of 0.5 from 0 to 50."))
        }
    }

    /// Takes what the database holds.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn from_halves(halves: i64) -> Result<Self, Invalid> {
        let halves = text::whole_number(halves, 0, i64::from(Self::MAX_HALVES))?;
        u8::try_from(halves)
            .map(|halves| Self { halves })
            .map_err(|error| Invalid::new("out_of_range", error.to_string()))
    }

    /// Twice the number.
    pub const fn halves(self) -> u8 {
        self.halves
    }
}

impl Serialize for Bathrooms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.halves.is_multiple_of(2) {
            serializer.serialize_u8(self.halves / 2)
        } else {
            serializer.serialize_f64(f64::from(self.halves) / 2.0)
        }
    }
}

impl<'de> Deserialize<'de> for Bathrooms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Bathrooms {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .minimum(Some(0))
            .maximum(Some(50))
            .multiple_of(Some(0.5))
            .build()
            .into()
    }
}

impl ToSchema for Bathrooms {}

/// Takes a time of day as `HH:MM`.
///
/// # Errors
/// `invalid_format`.
pub fn parse_time_of_day(text: &str) -> Result<Time, Invalid> {
    let invalid = || Invalid::new("invalid_format", "This must be a time of day from 00:00 to 23:59, such as 15:00.");
    let number = |digits: &str| match digits.as_bytes() {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => digits.parse::<i8>().ok(),
        _ => None,
    };
    let (hour, minute) = text.split_once(':').ok_or_else(invalid)?;
    let (hour, minute) = (number(hour).ok_or_else(invalid)?, number(minute).ok_or_else(invalid)?);
    Time::new(hour, minute, 0, 0).map_err(|_out_of_range| invalid())
}

/// Writes a time of day as `HH:MM`.
pub fn format_time_of_day(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// What a listing has of what publishing needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListingReadiness {
    /// It has a title.
    pub title: bool,
    /// It has coordinates and a country.
    pub location: bool,
    /// It has a nightly price.
    pub base_price: bool,
    /// It has a photo that was uploaded and not rejected.
    pub photos: bool,
}

/// The fields a listing still lacks before it can be published, by their names on the wire; empty when it is ready.
pub fn missing_for_listing(listing: &ListingReadiness) -> Vec<&'static str> {
    [
        ("title", listing.title),
        ("location", listing.location),
        ("base_price", listing.base_price),
        ("photos", listing.photos),
    ]
    .into_iter()
    .filter(|(_, present)| !present)
    .map(|(field, _)| field)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, Some("required"))]
    #[case(1, None)]
    #[case(120, None)]
    #[case(121, Some("text_too_long"))]
    fn titles_have_1_to_120_characters(#[case] length: usize, #[case] code: Option<&str>) {
        assert_eq!(Title::parse(&"é".repeat(length)).err().map(|invalid| invalid.code), code);
    }

    #[rstest]
    #[case(0, None)]
    #[case(5_000, None)]
    #[case(5_001, Some("text_too_long"))]
    fn descriptions_have_up_to_5000_characters(#[case] length: usize, #[case] code: Option<&str>) {
        assert_eq!(Description::parse(&"日".repeat(length)).err().map(|invalid| invalid.code), code);
    }

    #[test]
    fn texts_are_trimmed_and_hold_no_nul() {
        assert_eq!(Title::parse("  Loft  ").map(Title::into_string), Ok("Loft".to_owned()));
        assert_eq!(Title::parse("Lo\0ft").unwrap_err().code, "invalid_characters");
        assert_eq!(Description::parse("a\0").unwrap_err().code, "invalid_characters");
        assert_eq!(AddressLine::parse("1 Main\nSt").unwrap_err().code, "invalid_characters");
        assert!(Description::parse("First.\n\nSecond.").is_ok());
        assert!(serde_json::from_str::<Title>("\"a\\u0000\"").is_err());
    }

    #[rstest]
    #[case("FR", true)]
    #[case("US", true)]
    #[case("XK", false)]
    #[case("UK", false)]
    #[case("EU", false)]
    #[case("fr", false)]
    #[case("FRA", false)]
    #[case("", false)]
    #[case("#", false)]
    fn countries_are_those_of_iso_3166(#[case] code: &str, #[case] known: bool) {
        assert_eq!(CountryCode::parse(code).is_ok(), known);
    }

    #[rstest]
    #[case(-1, None)]
    #[case(0, Some(0))]
    #[case(100, Some(100))]
    #[case(101, None)]
    #[case(i64::MAX, None)]
    fn per_cent_is_0_to_100(#[case] number: i64, #[case] expected: Option<u8>) {
        assert_eq!(Percent::new(number).ok().map(Percent::get), expected);
    }

    #[rstest]
    #[case(0.0, Some(0))]
    #[case(1.5, Some(3))]
    #[case(50.0, Some(100))]
    #[case(50.5, None)]
    #[case(1.25, None)]
    #[case(-0.5, None)]
    #[case(f64::NAN, None)]
    #[case(f64::INFINITY, None)]
    fn bathrooms_come_in_halves(#[case] number: f64, #[case] halves: Option<u8>) {
        assert_eq!(Bathrooms::new(number).ok().map(Bathrooms::halves), halves);
    }

    #[test]
    fn bathrooms_are_written_as_a_number() {
        assert_eq!(serde_json::to_string(&Bathrooms::new(2.0).unwrap()).unwrap(), "2");
        assert_eq!(serde_json::to_string(&Bathrooms::from_halves(3).unwrap()).unwrap(), "1.5");
        assert_eq!(serde_json::from_str::<Bathrooms>("2").unwrap().halves(), 4);
        assert!(Bathrooms::from_halves(101).is_err());
    }

    #[rstest]
    #[case("00:00", true)]
    #[case("15:00", true)]
    #[case("23:59", true)]
    #[case("24:00", false)]
    #[case("12:60", false)]
    #[case("9:00", false)]
    #[case("09:00:00", false)]
    #[case("+9:00", false)]
    #[case("0900", false)]
    #[case("", false)]
    fn times_of_day_are_hours_and_minutes(#[case] text: &str, #[case] valid: bool) {
        let time = parse_time_of_day(text);
        assert_eq!(time.is_ok(), valid);
        if let Ok(time) = time {
            assert_eq!(format_time_of_day(time), text);
        }
    }

    #[test]
    fn publishing_needs_title_location_price_and_photo() {
        let nothing = ListingReadiness::default();
        assert_eq!(missing_for_listing(&nothing), ["title", "location", "base_price", "photos"]);
        let located = ListingReadiness { location: true, ..nothing };
        assert_eq!(missing_for_listing(&located), ["title", "base_price", "photos"]);
        let ready = ListingReadiness { title: true, location: true, base_price: true, photos: true };
        assert!(missing_for_listing(&ready).is_empty());
    }
}
