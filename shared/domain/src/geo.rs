//! Points, boxes and the quad grid that search is indexed by.
//!
//! Degrees are kept as whole microdegrees (0.11 m), so that equal is equal in every layer. Distances are on a
//! sphere; good to half a per cent, which is all that search needs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::error::Invalid;

/// Levels of the quad grid that are indexed, coarse to fine. Level `n` cuts the world into `2^n · 2^n` cells.
pub const LEVELS: [u8; 6] = [4, 6, 8, 10, 12, 14];
/// The level of a cover that no indexed level can give: its one cell, 0, is the whole world.
pub const WORLD_LEVEL: u8 = 0;
/// How many cells one search statement has branches for.
pub const MAX_COVER_CELLS: usize = 12;
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
    let plain = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| plain(&part)) {
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

/// The point shown instead of `exact`: moved by 150 to 400 m, every spot of that ring as likely as another.
/// Both draws are uniform in `0..1`, made once per property from a good source, and the result is kept.
pub fn public_point(exact: Point, random_bearing: f64, random_distance: f64) -> Point {
    // A metre inside the ring at both ends: rounding to microdegrees moves by up to 8 cm.
    let (near, far) = (PUBLIC_OFFSET_METRES.start() + 1.0, PUBLIC_OFFSET_METRES.end() - 1.0);
    let distance = (near.powi(2) + random_distance.clamp(0.0, 1.0) * (far.powi(2) - near.powi(2))).sqrt();
    destination(exact, random_bearing.clamp(0.0, 1.0) * std::f64::consts::TAU, distance)
}

/// Where one arrives from `start` after `distance` metres along the great circle at `bearing` radians from north.
fn destination(start: Point, bearing: f64, distance: f64) -> Point {
    let (lat, lng) = (start.latitude.degrees().to_radians(), start.longitude.degrees().to_radians());
    let angle = distance / EARTH_RADIUS_METRES;
    let there = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).clamp(-1.0, 1.0).asin();
    let east = (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * there.sin());
    Point::from_radians(there, lng + east)
}

/// The cell of `point` at `level` (0..=31): bits of longitude and latitude interleaved (Z-order), from 0 to `4^level - 1`.
/// The number says nothing of its level: keep the two together.
pub fn cell(point: Point, level: u8) -> i64 {
    interleave(column(point.longitude, level), row(point.latitude, level))
}

/// The cells of `point` at each of [`LEVELS`], in their order.
pub fn cells(point: Point) -> [i64; LEVELS.len()] {
    LEVELS.map(|level| cell(point, level))
}

fn column(longitude: Longitude, level: u8) -> u32 {
    place(i64::from(longitude.0) + 180_000_000, 360_000_000, level)
}

fn row(latitude: Latitude, level: u8) -> u32 {
    place(i64::from(latitude.0) + 90_000_000, 180_000_000, level)
}

/// The far edge of the world belongs to the last cell.
fn place(offset: i64, extent: i64, level: u8) -> u32 {
    let count = 1_i64 << level.min(31);
    ((offset * count) / extent).clamp(0, count - 1) as u32
}

fn interleave(column: u32, row: u32) -> i64 {
    (spread(column) | (spread(row) << 1)) as i64
}

/// Puts a zero between every two bits.
fn spread(bits: u32) -> u64 {
    let mut spread = u64::from(bits);
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555_u64),
    ] {
        spread = (spread | (spread << shift)) & mask;
    }
    spread
}

/// A rectangle of the map, edges included. `west` greater than `east` crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BoundingBox {
    /// Left edge.
    pub west: Longitude,
    /// Lower edge, not above `north`.
    pub south: Latitude,
    /// Right edge.
    pub east: Longitude,
    /// Upper edge.
    pub north: Latitude,
}

impl BoundingBox {
    /// Takes degrees.
    ///
    /// # Errors
    /// `out_of_range`, also when south lies north of north.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, Invalid> {
        let (south, north) = (Latitude::new(south)?, Latitude::new(north)?);
        if south > north {
            return Err(Invalid::new("out_of_range", "The southern edge lies north of the northern one: give west,south,east,north."));
        }
        Ok(Self { west: Longitude::new(west)?, south, east: Longitude::new(east)?, north })
    }

    /// The smallest box that holds every point within `radius_metres` of `centre`.
    pub fn around(centre: Point, radius_metres: f64) -> Self {
        // A tenth of a per cent and a metre more, so that no rounding loses a point.
        let radius = radius_metres.max(0.0) * 1.001 + 1.0;
        let angle = radius / EARTH_RADIUS_METRES;
        let (lat, lng) = (centre.latitude.degrees().to_radians(), centre.longitude.degrees().to_radians());
        let (south, north) = (lat - angle, lat + angle);
        let quarter_turn = std::f64::consts::FRAC_PI_2;
        if south <= -quarter_turn || north >= quarter_turn {
            // A pole is inside: every longitude is.
            let (low, high) = (Point::from_radians(south, 0.0), Point::from_radians(north, 0.0));
            return Self { west: Longitude(-180_000_000), south: low.latitude, east: Longitude(180_000_000), north: high.latitude };
        }
        let spread = (angle.sin() / lat.cos()).clamp(-1.0, 1.0).asin();
        let (low, high) = (Point::from_radians(south, lng - spread), Point::from_radians(north, lng + spread));
        Self { west: low.longitude, south: low.latitude, east: high.longitude, north: high.latitude }
    }

    /// One box, or the two on either side of the antimeridian; each with `west <= east`.
    pub fn split(self) -> Vec<Self> {
        if self.west <= self.east {
            return vec![self];
        }
        vec![Self { east: Longitude(180_000_000), ..self }, Self { west: Longitude(-180_000_000), ..self }]
    }

    /// Whether `point` lies inside, or on an edge.
    pub fn contains(self, point: Point) -> bool {
        let longitude = point.longitude;
        let within = if self.west <= self.east {
            self.west <= longitude && longitude <= self.east
        } else {
            self.west <= longitude || longitude <= self.east
        };
        within && self.south <= point.latitude && point.latitude <= self.north
    }
}

impl FromStr for BoundingBox {
    type Err = Invalid;

    /// Takes `west,south,east,north` in degrees.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let [west, south, east, north] = numbers(text, "west,south,east,north")?;
        Self::new(west, south, east, north)
    }
}

impl fmt::Display for BoundingBox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { west, south, east, north } = self;
        write!(formatter, "{},{},{},{}", west.degrees(), south.degrees(), east.degrees(), north.degrees())
    }
}

/// Cells of one level that together hold every point of some boxes (and more: re-check the boxes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// One of [`LEVELS`], or [`WORLD_LEVEL`] with the single cell 0 when even the coarsest has too many.
    pub level: u8,
    /// Distinct cells, ascending.
    pub cells: Vec<i64>,
}

/// Covers `boxes` (as [`BoundingBox::split`] gives them) at the deepest level that needs at most `max_cells`.
pub fn cover(boxes: &[BoundingBox], max_cells: usize) -> Cover {
    for level in LEVELS.into_iter().rev() {
        let spans: Vec<_> = boxes.iter().flat_map(|boxed| boxed.split()).map(|boxed| span(boxed, level)).collect();
        let most: u64 = spans.iter().map(|(columns, rows)| extent(columns) * extent(rows)).sum();
        // Boxes may share cells, so count exactly where the sum alone does not decide.
        if most > 4 * max_cells as u64 {
            continue;
        }
        let mut cells: Vec<i64> = spans
            .into_iter()
            .flat_map(|(columns, rows)| columns.flat_map(move |column| rows.clone().map(move |row| interleave(column, row))))
            .collect();
        cells.sort_unstable();
        cells.dedup();
        if cells.len() <= max_cells {
            return Cover { level, cells };
        }
    }
    Cover { level: WORLD_LEVEL, cells: vec![0] }
}

type Span = std::ops::RangeInclusive<u32>;

fn span(boxed: BoundingBox, level: u8) -> (Span, Span) {
    (column(boxed.west, level)..=column(boxed.east, level), row(boxed.south, level)..=row(boxed.north, level))
}

fn extent(span: &Span) -> u64 {
    u64::from(span.end() - span.start()) + 1
}
