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
            Err(Invalid::new("unknown_value", "This must be a country's two upper-case letters (ISO 3166-1), such as FR."))
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
        u8::try_from(halves).map(|halves| Self { halves }).map_err(|error| Invalid::new("out_of_range", error.to_string()))
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
}

/// The fields a listing still lacks before it can be published, by their names on the wire; empty when it is ready.
pub fn missing_for_listing(listing: &ListingReadiness) -> Vec<&'static str> {
    [("title", listing.title), ("location", listing.location), ("base_price", listing.base_price)]
        .into_iter()
        .filter(|(_, present)| !present)
        .map(|(field, _)| field)
        .collect()
}
