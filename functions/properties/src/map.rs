//! `GET /v1/properties/map`.

use axum::Json;
use axum::extract::State;
use domain::geo::{BoundingBox, Latitude, Longitude};
use domain::id::PropertyId;
use domain::money::Money;
use serde::Serialize;
use services::map::Cluster;
use utoipa::{IntoParams, ToSchema};
use web::fields::Read;
use web::params::integer_between;
use web::{AppState, FromParams, Params, Problem, Query};

/// Of which part of the map.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which MapParams reads")]
pub(crate) struct MapParamsSchema {
    /// `west,south,east,north` in degrees; may cross the antimeridian.
    bbox: String,
    /// As of web maps: 0 is the whole world in one tile of 256 pixels, each next one twice as large.
    #[param(minimum = 0, maximum = 22)]
    zoom: u8,
}

/// Of which part of the map, and how close.
pub struct MapParams {
    /// Of which part of the map.
    pub bounding_box: BoundingBox,
    /// As of web maps.
    pub zoom: u8,
}

impl FromParams for MapParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let bounding_box = params.required("bbox", str::parse::<BoundingBox>);
        let zoom = params.required("zoom", integer_between(0, 22));
        Ok(Self { bounding_box: bounding_box?, zoom: zoom? })
    }
}

/// Listings near each other.
#[derive(Serialize, ToSchema)]
pub struct ClusterOut {
    /// Of the middle of their points.
    #[schema(value_type = f64)]
    latitude: Latitude,
    /// Of the middle of their points.
    #[schema(value_type = f64)]
    longitude: Longitude,
    count: i64,
    /// The lowest base price of a night, in the currency that most of them have.
    #[schema(required)]
    lowest_price: Option<Money>,
    /// The same in each currency there is, that of most listings first.
    lowest_prices: Vec<Money>,
    /// Which it is, where it is one alone and the map is close enough to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    property_id: Option<PropertyId>,
}

impl From<Cluster> for ClusterOut {
    fn from(cluster: Cluster) -> Self {
        Self {
            latitude: cluster.at.latitude,
            longitude: cluster.at.longitude,
            count: cluster.count,
            lowest_price: cluster.lowest_prices.first().copied(),
            lowest_prices: cluster.lowest_prices,
            property_id: cluster.only,
        }
    }
}

/// What a map shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClustersOut {
    data: Vec<ClusterOut>,
}

/// Clusters of listings, for a map.
#[utoipa::path(
    get,
    path = "/v1/properties/map",
    tag = "properties",
    operation_id = "mapProperties",
    params(MapParamsSchema),
    responses((status = 200, description = "The clusters", body = ClustersOut))
)]
pub(crate) async fn map_properties(
    State(app): State<AppState>,
    Query(MapParams { bounding_box, zoom }): Query<MapParams>,
) -> Result<Json<ClustersOut>, Problem> {
    let clusters = app.services.clusters(bounding_box, zoom).await?;
    Ok(Json(ClustersOut { data: clusters.into_iter().map(ClusterOut::from).collect() }))
}
