//! Listings on a map: GeoJSON (RFC 7946).

use axum::http::{HeaderMap, header};
use domain::id::PropertyId;
use serde::Serialize;
use utoipa::ToSchema;
use web::pages::Page;

use crate::search::FoundPropertyOut;

/// The media type of GeoJSON.
pub(crate) const MEDIA_TYPE: &str = "application/geo+json";

/// A page of listings as features. `next_cursor` is a foreign member.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeatureCollection {
    #[serde(rename = "type")]
    #[schema(example = "FeatureCollection")]
    kind: &'static str,
    features: Vec<Feature>,
    /// For `?cursor=`; null on the last page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A listing at its public point.
#[derive(Serialize, ToSchema)]
pub(crate) struct Feature {
    #[serde(rename = "type")]
    #[schema(example = "Feature")]
    kind: &'static str,
    id: PropertyId,
    geometry: PointGeometry,
    properties: FoundPropertyOut,
}

/// A position: longitude, then latitude.
#[derive(Serialize, ToSchema)]
pub(crate) struct PointGeometry {
    #[serde(rename = "type")]
    #[schema(example = "Point")]
    kind: &'static str,
    coordinates: [f64; 2],
}

impl PointGeometry {
    pub(crate) const fn at(longitude: f64, latitude: f64) -> Self {
        Self { kind: "Point", coordinates: [longitude, latitude] }
    }
}

impl FeatureCollection {
    pub(crate) fn of(page: Page<FoundPropertyOut>) -> Self {
        // A listed property has a place.
        let feature = |found: FoundPropertyOut| {
            let (longitude, latitude) = found.property.coordinates()?;
            let geometry = PointGeometry::at(longitude, latitude);
            Some(Feature { kind: "Feature", id: found.property.id(), geometry, properties: found })
        };
        let features = page.data.into_iter().filter_map(feature).collect();
        Self { kind: "FeatureCollection", features, next_cursor: page.next_cursor }
    }
}

/// Whether the caller asks for GeoJSON by name and doesn't like plain JSON better.
pub(crate) fn is_preferred(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (mut geojson, mut json) = (0.0, 0.0);
    for range in accepted {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        match media_type.as_str() {
            MEDIA_TYPE => geojson = quality.unwrap_or(0.0),
            "application/json" => json = quality.unwrap_or(0.0),
            _ => {}
        }
    }
    geojson > 0.0 && geojson >= json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geojson_is_for_who_asks_for_it_by_name() {
        for (accept, expected) in [
            ("application/geo+json", true),
            ("Application/Geo+JSON; q=0.5, */*;q=0.1", true),
            ("application/json, application/geo+json;q=0.9", false),
            ("application/geo+json;q=0", false),
            ("application/json", false),
            ("*/*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            assert_eq!(is_preferred(&headers), expected, "{accept}");
        }
        assert!(!is_preferred(&HeaderMap::new()));
    }
}
