//! Points, boxes and the quad grid that search is indexed by.
//!
//! Degrees are kept as whole microdegrees (0.11 m), so that equal is equal in every layer. Distances are on a
//! sphere; good to half a per cent, which is all that search needs.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::error::Invalid;

mod bounding_box;
mod grid;

pub use bounding_box::BoundingBox;
pub use grid::{
    CellRange, Cover, CoverCell, FINEST_LEVEL, LEVELS, MAX_COVER_CELLS, WORLD_LEVEL, ancestor, cell, cell_centre,
    cells_of, count_cells, cover, ranges, shift_to,
};

/// Nearest and farthest that a public point lies from the exact one.
pub const PUBLIC_OFFSET_METRES: std::ops::RangeInclusive<f64> = 150.0..=400.0;

const EARTH_RADIUS_METRES: f64 = 6_371_008.8;
const MICRO: f64 = 1_000_000.0;

macro_rules! degrees {
    ($(#[$doc:meta])* $name:ident, $limit:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i32);

        impl $name {
            /// Takes degrees; kept to six decimals.
            ///
            /// # Errors
            /// `out_of_range`, also for what is not finite.
            pub fn new(degrees: f64) -> Result<Self, Invalid> {
                if degrees.is_finite() && degrees.abs() <= f64::from($limit) {
                    Ok(Self((degrees * MICRO).round() as i32))
                } else {
                    Err(Invalid::new("out_of_range", concat!("A ", $what, " is between -", $limit, " and ", $limit, " degrees.")))
                }
            }

            /// Takes what the database holds.
            ///
            /// # Errors
            /// `out_of_range`.
            pub fn from_microdegrees(microdegrees: i32) -> Result<Self, Invalid> {
                Self::new(f64::from(microdegrees) / MICRO)
            }

            /// Whole millionths of a degree.
            pub const fn microdegrees(self) -> i32 {
                self.0
            }

            /// Degrees, at most six decimals.
            pub fn degrees(self) -> f64 {
                f64::from(self.0) / MICRO
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.degrees())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::Number)
                    .description(Some("degrees, kept to six decimals"))
                    .minimum(Some(-f64::from($limit)))
                    .maximum(Some(f64::from($limit)))
                    .build()
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

degrees! {
    /// Degrees north of the equator (WGS 84).
    Latitude, 90, "latitude"
}
degrees! {
    /// Degrees east of Greenwich (WGS 84).
    Longitude, 180, "longitude"
}

/// A place on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Degrees north.
    pub latitude: Latitude,
    /// Degrees east.
    pub longitude: Longitude,
}

impl Point {
    /// Takes degrees.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, Invalid> {
        Ok(Self { latitude: Latitude::new(latitude)?, longitude: Longitude::new(longitude)? })
    }

    /// Takes what the database holds.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn from_microdegrees(latitude: i32, longitude: i32) -> Result<Self, Invalid> {
        Ok(Self {
            latitude: Latitude::from_microdegrees(latitude)?,
            longitude: Longitude::from_microdegrees(longitude)?,
        })
    }

    /// From radians that may have left the map: over a pole is brought back to it, over the antimeridian wraps.
    fn from_radians(latitude: f64, longitude: f64) -> Self {
        let half_turn = std::f64::consts::PI;
        let wrapped = (longitude + half_turn).rem_euclid(2.0 * half_turn) - half_turn;
        let micro = |radians: f64, limit: f64| (radians.to_degrees().clamp(-limit, limit) * MICRO).round() as i32;
        Self { latitude: Latitude(micro(latitude, 90.0)), longitude: Longitude(micro(wrapped, 180.0)) }
    }
}

impl FromStr for Point {
    type Err = Invalid;

    /// Takes `lat,lng`, as in `near=`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let [latitude, longitude] = numbers(text, "lat,lng")?;
        Self::new(latitude, longitude)
    }
}

/// Exactly `N` decimal numbers with commas between.
fn numbers<const N: usize>(text: &str, shape: &str) -> Result<[f64; N], Invalid> {
    let invalid = || Invalid::new("invalid_format", format!("This must be {N} decimal numbers: {shape}."));
    let plain =
        |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if !parts.iter().all(plain) {
        return Err(invalid());
    }
    let parsed: Result<Vec<f64>, _> = parts.into_iter().map(str::parse).collect();
    parsed.ok().and_then(|values| values.try_into().ok()).ok_or_else(invalid)
}

/// Metres between two points along the sphere.
pub fn haversine_metres(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.latitude.degrees().to_radians(), b.latitude.degrees().to_radians());
    let d_lat = (lat_b - lat_a) / 2.0;
    let d_lng = (b.longitude.degrees() - a.longitude.degrees()).to_radians() / 2.0;
    let h = d_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * d_lng.sin().powi(2);
    2.0 * EARTH_RADIUS_METRES * h.min(1.0).sqrt().asin()
}

/// How far, and which way, a property's public point lies from its exact one. Drawn once a property and never told:
/// it moves with the property, so that whoever sees many places of it learns no more than from one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublicOffset {
    /// Radians clockwise from north.
    pub bearing_radians: f64,
    /// 150 to 400.
    pub metres: f64,
}

impl PublicOffset {
    /// Every spot of the ring as likely as another. Both draws are uniform in `0..1`, from a good source.
    pub fn draw(random_bearing: f64, random_distance: f64) -> Self {
        // A metre inside the ring at both ends: rounding to microdegrees moves by up to 8 cm.
        let (near, far) = (PUBLIC_OFFSET_METRES.start() + 1.0, PUBLIC_OFFSET_METRES.end() - 1.0);
        let metres = (near.powi(2) + random_distance.clamp(0.0, 1.0) * (far.powi(2) - near.powi(2))).sqrt();
        Self { bearing_radians: random_bearing.clamp(0.0, 1.0) * std::f64::consts::TAU, metres }
    }

    /// The offset that leads from one point to the other.
    pub fn between(exact: Point, public: Point) -> Self {
        let radians = |degrees: f64| degrees.to_radians();
        let (lat_a, lat_b) = (radians(exact.latitude.degrees()), radians(public.latitude.degrees()));
        let d_lng = radians(public.longitude.degrees() - exact.longitude.degrees());
        let east = d_lng.sin() * lat_b.cos();
        let north = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * d_lng.cos();
        Self { bearing_radians: east.atan2(north), metres: haversine_metres(exact, public) }
    }

    /// The point shown instead of `exact`: always the same for the same.
    pub fn applied_to(self, exact: Point) -> Point {
        destination(exact, self.bearing_radians, self.metres)
    }
}

/// Where one arrives from `start` after `distance` metres along the great circle at `bearing` radians from north.
fn destination(start: Point, bearing: f64, distance: f64) -> Point {
    let (lat, lng) = (start.latitude.degrees().to_radians(), start.longitude.degrees().to_radians());
    let angle = distance / EARTH_RADIUS_METRES;
    let there = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).clamp(-1.0, 1.0).asin();
    let east = (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * there.sin());
    Point::from_radians(there, lng + east)
}

#[cfg(test)]
mod tests;
