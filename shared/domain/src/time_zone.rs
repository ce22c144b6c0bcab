//! IANA time zones: checked names, and a good guess for a point. The zone decides what day it is at a property.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};

use crate::error::Invalid;
use crate::geo::{Point, haversine_metres};
use crate::property::CountryCode;

/// The data compiled in, so that every function of a release decides alike, whatever the machine has.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone of the IANA database, under the database's own spelling. Never a fixed offset such as `+02:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZoneName {
    name: String,
    zone: TimeZone,
}

impl TimeZoneName {
    /// Takes a name of the IANA database; upper and lower case are the same.
    ///
    /// # Errors
    /// `unknown_value`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("unknown_value", "This must be an IANA time zone, such as Europe/Paris.");
        let zone = DATABASE.get(name).map_err(|_unknown| invalid())?;
        let name = zone.iana_name().ok_or_else(invalid)?.to_owned();
        // What jiff answers for a zone that nobody knows; it behaves as UTC.
        if name == "Etc/Unknown" {
            return Err(invalid());
        }
        Ok(Self { name, zone })
    }

    /// Universal time: for a property whose place is not known yet.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The name, such as `Europe/Paris`.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The zone's rules.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What day it is there at `now`.
    pub fn date_at(&self, now: Timestamp) -> civil::Date {
        self.zone.to_datetime(now).date()
    }

    /// The instant at which clocks there show `time` on `date`. A time that the clocks skip counts as the one after
    /// the gap, one that comes twice as the first; a date at the very ends of the calendar as its last instant.
    pub fn instant(&self, date: civil::Date, time: civil::Time) -> Timestamp {
        let end = if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        self.zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().unwrap_or(end)
    }
}

impl std::fmt::Display for TimeZoneName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.name)
    }
}

impl std::str::FromStr for TimeZoneName {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::parse(name)
    }
}

impl serde::Serialize for TimeZoneName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> serde::Deserialize<'de> for TimeZoneName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for TimeZoneName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("IANA time zone"))
            .examples(["Europe/Paris"])
            .build()
            .into()
    }
}

impl utoipa::ToSchema for TimeZoneName {}

/// A place whose zone is known.
struct Anchor {
    country: &'static str,
    point: Point,
    zone: &'static str,
}

/// The zones' principal places, and more places of large countries: the nearest principal place alone would put
/// Atlanta into a county of Indiana.
static ANCHORS: LazyLock<Vec<Anchor>> = LazyLock::new(|| {
    let zones = rows(include_str!("../data/zone.tab")).filter_map(|mut columns| {
        let country = columns.next()?;
        let point = iso_6709(columns.next()?)?;
        Some(Anchor { country, point, zone: columns.next()? })
    });
    let places = rows(include_str!("../data/time_zone_places.tsv")).filter_map(|mut columns| {
        let country = columns.next()?;
        let latitude = columns.next()?.parse().ok()?;
        let longitude = columns.next()?.parse().ok()?;
        Some(Anchor { country, point: Point::new(latitude, longitude).ok()?, zone: columns.next()? })
    });
    zones.chain(places).collect()
});

fn rows(table: &'static str) -> impl Iterator<Item = std::str::Split<'static, char>> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split('\t'))
}

/// Reads `±DDMM±DDDMM` or `±DDMMSS±DDDMMSS`.
fn iso_6709(text: &str) -> Option<Point> {
    let middle = text.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'))?.0;
    let (latitude, longitude) = text.split_at(middle);
    Point::new(sexagesimal(latitude, 2)?, sexagesimal(longitude, 3)?).ok()
}

fn sexagesimal(text: &str, degree_digits: usize) -> Option<f64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (degrees, rest) = digits.split_at_checked(degree_digits)?;
    let (minutes, seconds) = rest.split_at_checked(2)?;
    let seconds: f64 = if seconds.is_empty() { 0.0 } else { seconds.parse().ok()? };
    let value = degrees.parse::<f64>().ok()? + minutes.parse::<f64>().ok()? / 60.0 + seconds / 3600.0;
    Some(if sign == "-" { -value } else { value })
}

/// The zone of the nearest known place of `country`, else of any country. A guess near borders between zones: a host
/// may set another.
pub fn nearest(country: &CountryCode, point: Point) -> &'static str {
    let closest =
        |a: &&Anchor, b: &&Anchor| haversine_metres(a.point, point).total_cmp(&haversine_metres(b.point, point));
    ANCHORS
        .iter()
        .filter(|anchor| anchor.country == country.as_str())
        .min_by(closest)
        .or_else(|| ANCHORS.iter().min_by(closest))
        .map_or("UTC", |anchor| anchor.zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};
    use rstest::rstest;
    use std::collections::HashSet;

    #[rstest]
    #[case("Europe/Paris", "Europe/Paris")]
    #[case("europe/paris", "Europe/Paris")]
    #[case("America/Argentina/Ushuaia", "America/Argentina/Ushuaia")]
    #[case("Asia/Kolkata", "Asia/Kolkata")]
    #[case("UTC", "UTC")]
    fn names_of_the_database_are_taken_in_its_spelling(#[case] text: &str, #[case] name: &str) {
        assert_eq!(TimeZoneName::parse(text).map(|zone| zone.to_string()), Ok(name.to_owned()));
    }

    #[rstest]
    #[case("")]
    #[case("+02:00")]
    #[case("UTC+2")]
    #[case("CET-1CEST")]
    #[case("Europe/Roost")]
    #[case("Europe")]
    #[case("Etc/Unknown")]
    #[case("../../etc/passwd")]
    #[case("Europe/Paris\0")]
    #[case(" Europe/Paris")]
    fn offsets_and_inventions_are_refused(#[case] text: &str) {
        assert_eq!(TimeZoneName::parse(text).unwrap_err().code, "unknown_value");
    }

    #[rstest]
    #[case::winter(date(2026, 3, 28), time(15, 0, 0, 0), "2026-03-28T14:00:00Z")]
    #[case::summer(date(2026, 3, 29), time(15, 0, 0, 0), "2026-03-29T13:00:00Z")]
    #[case::skipped(date(2026, 3, 29), time(2, 30, 0, 0), "2026-03-29T01:30:00Z")]
    #[case::twice(date(2026, 10, 25), time(2, 30, 0, 0), "2026-10-25T00:30:00Z")]
    fn clocks_there_decide_the_instant(
        #[case] date: civil::Date,
        #[case] time: civil::Time,
        #[case] expected: Timestamp,
    ) {
        assert_eq!(TimeZoneName::parse("Europe/Paris").unwrap().instant(date, time), expected);
    }

    #[test]
    fn the_ends_of_the_calendar_have_an_instant_too() {
        for name in ["Pacific/Kiritimati", "Pacific/Niue"] {
            let zone = TimeZoneName::parse(name).unwrap();
            assert!(
                zone.instant(civil::Date::MAX, civil::Time::MAX) > zone.instant(civil::Date::MIN, civil::Time::MIN)
            );
            zone.date_at(Timestamp::MAX);
            zone.date_at(Timestamp::MIN);
        }
    }

    #[test]
    fn every_zone_of_the_tables_exists_and_belongs_to_its_country() {
        let zones: HashSet<(&str, &str)> = rows(include_str!("../data/zone.tab"))
            .filter_map(|mut columns| Some((columns.next()?, columns.nth(1)?)))
            .collect();
        let lines = [include_str!("../data/zone.tab"), include_str!("../data/time_zone_places.tsv")];
        assert_eq!(ANCHORS.len(), lines.into_iter().map(|table| rows(table).count()).sum::<usize>());
        for anchor in ANCHORS.iter() {
            assert!(TimeZoneName::parse(anchor.zone).is_ok(), "{} is unknown", anchor.zone);
            assert!(zones.contains(&(anchor.country, anchor.zone)), "{} is not of {}", anchor.zone, anchor.country);
            assert!(CountryCode::parse(anchor.country).is_ok(), "{} is no country", anchor.country);
        }
    }

    #[test]
    fn every_place_of_the_table_finds_its_own_zone() {
        for anchor in ANCHORS.iter() {
            let country = CountryCode::parse(anchor.country).unwrap();
            assert_eq!(nearest(&country, anchor.point), anchor.zone);
        }
    }

    #[rstest]
    #[case("FR", 48.86, 2.35, "Europe/Paris")]
    #[case("NL", 52.37, 4.90, "Europe/Amsterdam")]
    #[case("IS", 64.15, -21.94, "Atlantic/Reykjavik")]
    #[case("US", 40.71, -74.01, "America/New_York")]
    #[case("US", 33.64, -84.43, "America/New_York")]
    #[case("US", 41.88, -87.63, "America/Chicago")]
    #[case("US", 39.74, -104.99, "America/Denver")]
    #[case("US", 39.19, -106.82, "America/Denver")]
    #[case("US", 33.45, -112.07, "America/Phoenix")]
    #[case("US", 34.05, -118.24, "America/Los_Angeles")]
    #[case("US", 39.10, -120.03, "America/Los_Angeles")]
    #[case("US", 61.22, -149.90, "America/Anchorage")]
    #[case("US", 21.31, -157.86, "Pacific/Honolulu")]
    #[case("CA", 49.28, -123.12, "America/Vancouver")]
    #[case("MX", 21.16, -86.85, "America/Cancun")]
    #[case("BR", -12.97, -38.50, "America/Bahia")]
    #[case("AU", -33.87, 151.21, "Australia/Sydney")]
    #[case("ID", -8.41, 115.19, "Asia/Makassar")]
    #[case("ES", 28.10, -15.42, "Atlantic/Canary")]
    #[case("PT", 32.65, -16.91, "Atlantic/Madeira")]
    #[case("DE", 53.55, 10.00, "Europe/Berlin")]
    #[case::across_the_antimeridian("FJ", -16.80, -179.99, "Pacific/Fiji")]
    #[case::a_country_without_zones("BV", -54.42, 3.36, "Antarctica/Troll")]
    fn well_known_places_get_their_zone(#[case] country: &str, #[case] lat: f64, #[case] lng: f64, #[case] zone: &str) {
        let country = CountryCode::parse(country).unwrap();
        assert_eq!(nearest(&country, Point::new(lat, lng).unwrap()), zone);
    }

    #[rstest]
    #[case("+4230+00131", 42.5, 1.0 + 31.0 / 60.0)]
    #[case("-720041+0023206", -(72.0 + 41.0 / 3600.0), 2.0 + 32.0 / 60.0 + 6.0 / 3600.0)]
    fn coordinates_of_the_table_are_read(#[case] text: &str, #[case] lat: f64, #[case] lng: f64) {
        assert_eq!(iso_6709(text), Point::new(lat, lng).ok());
    }
}
