//! Listings on a map: GeoJSON (RFC 7946).

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
