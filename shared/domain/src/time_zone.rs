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
    countries: &'static str,
    point: Point,
    zone: &'static str,
}

/// The zones' principal places, and more places of large countries: the nearest principal place alone would put
/// Atlanta into a county of Indiana.
static ANCHORS: LazyLock<Vec<Anchor>> = LazyLock::new(|| {
    let zones = rows(include_str!("../data/zone1970.tab")).filter_map(|mut columns| {
        let countries = columns.next()?;
        let point = iso_6709(columns.next()?)?;
        Some(Anchor { countries, point, zone: columns.next()? })
    });
    let places = rows(include_str!("../data/time_zone_places.tsv")).filter_map(|mut columns| {
        let countries = columns.next()?;
        let latitude = columns.next()?.parse().ok()?;
        let longitude = columns.next()?.parse().ok()?;
        Some(Anchor { countries, point: Point::new(latitude, longitude).ok()?, zone: columns.next()? })
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
    let of_country = |anchor: &&Anchor| anchor.countries.split(',').any(|code| code == country.as_str());
    let closest = |a: &&Anchor, b: &&Anchor| {
        haversine_metres(a.point, point).total_cmp(&haversine_metres(b.point, point))
    };
    ANCHORS
        .iter()
        .filter(of_country)
        .min_by(closest)
        .or_else(|| ANCHORS.iter().min_by(closest))
        .map_or("UTC", |anchor| anchor.zone)
}
