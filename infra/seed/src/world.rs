//! Where listings are: by how many people live somewhere, and far more in a few cities that everybody visits.

use anyhow::{Context as _, Result};
use domain::place::PlaceKind;
use fastrand::Rng;
use store::places::extract::{self, ExtractPlace};

use crate::random::{chance, normal};

/// Cities with so much of a thousand of all listings each: at a million, 20,000 or more.
pub const HOT_CITIES: [(&str, &str, u32); 12] = [
    ("Paris", "FR", 40),
    ("London", "GB", 35),
    ("New York City", "US", 32),
    ("Rome", "IT", 26),
    ("Lisbon", "PT", 26),
    ("Barcelona", "ES", 26),
    ("Tokyo", "JP", 26),
    ("Istanbul", "TR", 25),
    ("Mexico City", "MX", 25),
    ("Amsterdam", "NL", 25),
    ("Cape Town", "ZA", 25),
    FULL_CITY,
];
/// A hot city where during some nights nothing is free.
pub const FULL_CITY: (&str, &str, u32) = ("Sevilla", "ES", 25);
/// The first of those nights, days from today.
pub const FULL_FROM_DAY: i16 = 100;
/// How many they are.
pub const FULL_NIGHTS: i16 = 4;

/// How far around its centre, each way.
const FULL_DEGREES: f64 = 0.8;

const KM_A_DEGREE: f64 = 111.2;

/// All cities of the extract, and how likely a listing is in each.
pub struct World {
    cities: Vec<ExtractPlace>,
    /// Sums of weights up to each city.
    up_to: Vec<f64>,
    /// Latitude and longitude of [`FULL_CITY`].
    full: [f64; 2],
}

impl World {
    /// Reads the extract.
    ///
    /// # Errors
    /// When it is not as expected.
    pub fn read() -> Result<Self> {
        let mut cities: Vec<_> = extract::read().map_err(|error| anyhow::anyhow!("reading the extract: {error:?}"))?;
        cities.retain(|place| place.kind == PlaceKind::City);
        #[expect(clippy::cast_precision_loss, reason = "populations are far below 2^53")]
        let mut weights: Vec<f64> = cities.iter().map(|city| (city.population as f64).powf(0.85)).collect();
        let total: f64 = weights.iter().sum();
        let hot: u32 = HOT_CITIES.iter().map(|(_, _, share)| share).sum();
        for (name, country, share) in HOT_CITIES {
            let known = cities.iter().enumerate().filter(|(_, city)| city.name == name && city.country == country);
            let (at, _) = known.max_by_key(|(_, city)| city.population).with_context(|| format!("no {name}"))?;
            weights[at] = total * f64::from(share) / f64::from(1_000 - hot);
        }
        let mut sum = 0.0;
        let up_to = weights.iter().map(|weight| {
            sum += weight;
            sum
        });
        let mut world = Self { up_to: up_to.collect(), cities, full: [0.0; 2] };
        world.full = world.city(FULL_CITY)?.centre_e6.map(|degrees| f64::from(degrees) / 1e6);
        Ok(world)
    }

    /// The city of that name.
    ///
    /// # Errors
    /// When the extract has none.
    pub fn city(&self, (name, country, _): (&str, &str, u32)) -> Result<&ExtractPlace> {
        let known = self.cities.iter().filter(|city| city.name == name && city.country == country);
        known.max_by_key(|city| city.population).with_context(|| format!("no {name} in {country}"))
    }

    /// Whether a point is in or around [`FULL_CITY`], where during some nights nothing is free.
    pub(crate) fn is_full_at(&self, (lat, lng): (f64, f64)) -> bool {
        (lat - self.full[0]).abs() < FULL_DEGREES && (lng - self.full[1]).abs() < FULL_DEGREES
    }

    /// Some city.
    pub(crate) fn draw(&self, rng: &mut Rng) -> &ExtractPlace {
        let at = rng.f64() * self.up_to.last().copied().unwrap_or(0.0);
        let found = self.up_to.partition_point(|up_to| *up_to <= at);
        &self.cities[found.min(self.cities.len() - 1)]
    }
}

/// Whether it is one of [`HOT_CITIES`].
pub(crate) fn is_hot(city: &ExtractPlace) -> bool {
    HOT_CITIES
        .iter()
        .any(|(name, country, _)| city.name == *name && city.country == *country && city.population > 300_000)
}

/// Latitude and longitude in or around a city: denser towards its centre; around smaller ones, some far out.
pub(crate) fn point_near(rng: &mut Rng, city: &ExtractPlace) -> (f64, f64) {
    let [lat, lng] = city.centre_e6.map(|degrees| f64::from(degrees) / 1e6);
    let [_, south, _, north] = city.box_e6.map(|degrees| f64::from(degrees) / 1e6);
    let radius_km = (north - south) / 2.0 * KM_A_DEGREE;
    let (east_km, north_km) = if !is_hot(city) && chance(rng, 10.0) {
        let (angle, far) = (rng.f64() * std::f64::consts::TAU, 10.0 + rng.f64() * 60.0);
        (angle.cos() * far, angle.sin() * far)
    } else {
        (normal(rng) * radius_km / 2.6, normal(rng) * radius_km / 2.6)
    };
    let new_lat = (lat + north_km / KM_A_DEGREE).clamp(-85.0, 85.0);
    let new_lng = lng + east_km / KM_A_DEGREE / new_lat.to_radians().cos();
    (new_lat, (new_lng + 540.0).rem_euclid(360.0) - 180.0)
}
