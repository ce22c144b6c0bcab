//! Rectangles of the map.

use std::fmt;
use std::str::FromStr;

use super::{EARTH_RADIUS_METRES, Latitude, Longitude, Point, numbers};
use crate::error::Invalid;

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
    /// All of the map.
    pub const WORLD: Self = Self {
        west: Longitude(-180_000_000),
        south: Latitude(-90_000_000),
        east: Longitude(180_000_000),
        north: Latitude(90_000_000),
    };

    /// Takes degrees.
    ///
    /// # Errors
    /// `out_of_range`, also when south lies north of north.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, Invalid> {
        let (south, north) = (Latitude::new(south)?, Latitude::new(north)?);
        if south > north {
            return Err(Invalid::new(
                "out_of_range",
                "The southern edge lies north of the northern one: give west,south,east,north.",
            ));
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
            return Self {
                west: Longitude(-180_000_000),
                south: low.latitude,
                east: Longitude(180_000_000),
                north: high.latitude,
            };
        }
        let spread = (angle.sin() / lat.cos()).clamp(-1.0, 1.0).asin();
        let (low, high) = (Point::from_radians(south, lng - spread), Point::from_radians(north, lng + spread));
        Self { west: low.longitude, south: low.latitude, east: high.longitude, north: high.latitude }
    }

    /// The smallest box that holds both this one and `other`, the short way round.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        const TURN: i64 = 360_000_000;
        let edge = |longitude: Longitude| i64::from(longitude.microdegrees());
        let width = |west: i64, east: i64| (east - west).rem_euclid(TURN);
        let (south, north) = (self.south.min(other.south), self.north.max(other.north));
        // From the west of one to the east of one, whichever is the narrowest that holds both.
        let (wests, easts) = ([self.west, other.west], [self.east, other.east]);
        let holds = |west: Longitude, east: Longitude| {
            let whole = width(edge(west), edge(east));
            [self, other].into_iter().all(|part| {
                let from = width(edge(west), edge(part.west));
                from <= whole && from + width(edge(part.west), edge(part.east)) <= whole
            })
        };
        let all = wests.into_iter().flat_map(|west| easts.into_iter().map(move |east| (west, east)));
        let narrowest = all
            .filter(|(west, east)| holds(*west, *east))
            .min_by_key(|(west, east)| width(edge(*west), edge(*east)))
            .unwrap_or((Longitude(-180_000_000), Longitude(180_000_000)));
        Self { west: narrowest.0, south, east: narrowest.1, north }
    }

    /// One box, or the two on either side of the antimeridian; each with `west <= east`.
    pub fn split(self) -> Vec<Self> {
        if self.west <= self.east {
            return vec![self];
        }
        vec![Self { east: Longitude(180_000_000), ..self }, Self { west: Longitude(-180_000_000), ..self }]
    }

    /// The point in the middle, also of a box across the antimeridian.
    pub fn centre(self) -> Point {
        let width = (i64::from(self.east.0) - i64::from(self.west.0)).rem_euclid(360_000_000);
        let middle = i64::from(self.west.0) + if self.east == self.west { 0 } else { width / 2 };
        let wrapped = (middle + 180_000_000).rem_euclid(360_000_000) - 180_000_000;
        let width_is_all = self == Self { south: self.south, north: self.north, ..Self::WORLD };
        Point {
            latitude: Latitude(self.south.0 + (self.north.0 - self.south.0) / 2),
            longitude: Longitude(if width_is_all { 0 } else { wrapped as i32 }),
        }
    }

    /// Its four corners.
    pub fn corners(self) -> [Point; 4] {
        let corner = |latitude, longitude| Point { latitude, longitude };
        [
            corner(self.south, self.west),
            corner(self.south, self.east),
            corner(self.north, self.west),
            corner(self.north, self.east),
        ]
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
