//! The extract of GeoNames in `data/`, read: see `data/README.md` for where it is from and its licence.

use std::io::Read as _;

use domain::error::{Error, Result};
use domain::place::PlaceKind;

const BYTES: &[u8] = include_bytes!("../../data/places.tsv.gz");

/// One line of the extract.
#[derive(Clone, Debug)]
pub struct ExtractPlace {
    /// What it is.
    pub kind: PlaceKind,
    /// Its usual name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Name of the region it lies in, if known; of a region its own.
    pub region: Option<String>,
    /// Other names and codes.
    pub other_names: Vec<String>,
    /// Latitude and longitude of the centre, microdegrees.
    pub centre_e6: [i32; 2],
    /// West, south, east, north, microdegrees.
    pub box_e6: [i32; 4],
    /// How many people live there.
    pub population: i64,
    /// IANA time zone of the centre.
    pub time_zone: String,
    /// ISO 4217, of the country.
    pub currency: String,
}

/// Tells this extract, and the keys made of it, from others: to be changed by hand when only the keys change.
pub(crate) fn version() -> String {
    let mut crc = flate2::Crc::new();
    crc.update(BYTES);
    format!("1-{:08x}", crc.sum())
}

/// All places of the extract, countries and regions first, in the file's order.
///
/// # Errors
/// Internal: the file is not what this code expects.
pub fn read() -> Result<Vec<ExtractPlace>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(BYTES).read_to_string(&mut text).map_err(Error::internal)?;
    text.lines()
        .map(|line| {
            parse(line).ok_or_else(|| Error::internal(format!("places.tsv.gz has a line like no other: {line}")))
        })
        .collect()
}

fn parse(line: &str) -> Option<ExtractPlace> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [
        kind,
        name,
        country,
        region,
        others,
        latitude,
        longitude,
        west,
        south,
        east,
        north,
        population,
        zone,
        currency,
    ] = columns.as_slice()
    else {
        return None;
    };
    let number = |text: &str| text.parse::<i32>().ok();
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(ExtractPlace {
        kind: kind.parse().ok()?,
        name: (*name).to_owned(),
        country: (*country).to_owned(),
        region: optional(region),
        other_names: others.split('|').filter_map(optional).collect(),
        centre_e6: [number(latitude)?, number(longitude)?],
        box_e6: [number(west)?, number(south)?, number(east)?, number(north)?],
        population: population.parse().ok()?,
        time_zone: (*zone).to_owned(),
        currency: (*currency).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::geo::{BoundingBox, Point};

    #[test]
    fn every_line_is_a_place_inside_its_own_box() {
        let places = read().unwrap();
        assert!(places.len() > 30_000);
        for place in &places {
            let [west, south, east, north] = place.box_e6.map(|edge| f64::from(edge) / 1e6);
            let boxed = BoundingBox::new(west, south, east, north).unwrap();
            let [lat, lng] = place.centre_e6;
            assert!(boxed.contains(Point::from_microdegrees(lat, lng).unwrap()), "{place:?}");
            assert!(domain::property::CountryCode::parse(&place.country).is_ok(), "{place:?}");
            assert!(domain::time_zone::TimeZoneName::parse(&place.time_zone).is_ok(), "{place:?}");
        }
    }

    #[test]
    fn countries_across_the_antimeridian_have_narrow_boxes() {
        let places = read().unwrap();
        for (name, width) in [("Fiji", 6), ("Russia", 175), ("United States", 110), ("New Zealand", 20)] {
            let country = places.iter().find(|place| place.kind == PlaceKind::Country && place.name == name);
            let [west, _, east, _] = country.unwrap().box_e6;
            assert!((i64::from(east) - i64::from(west)).rem_euclid(360_000_000) < width * 1_000_000, "{name}");
        }
    }
}
