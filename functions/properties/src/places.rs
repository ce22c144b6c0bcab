//! `GET /v1/places`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::geo::{Latitude, Longitude};
use domain::place::{PlaceKind, PlaceQuery};
use serde::Serialize;
use services::places::Place;
use utoipa::{IntoParams, ToSchema};
use web::fields::Read;
use web::params::integer_between;
use web::{AppState, FromParams, Params, Problem, Query};

/// What to look for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which PlaceParams reads")]
pub(crate) struct PlaceParamsSchema {
    /// A name or its beginning, slips of the keys forgiven; after a comma what it lies in (`Springfield, Illinois`).
    #[param(min_length = 1, max_length = 100)]
    q: String,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// What to look for, and how many at most.
pub struct PlaceParams {
    /// What to look for.
    pub query: PlaceQuery,
    /// How many at most.
    pub limit: usize,
}

impl FromParams for PlaceParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let query = params.required("q", PlaceQuery::parse);
        let limit: Read<Option<u16>> = params.optional("limit", integer_between(1, 100));
        Ok(Self { query: query?, limit: limit?.unwrap_or(20).into() })
    }
}

/// A place that may be meant.
#[derive(Serialize, ToSchema)]
pub struct PlaceOut {
    name: String,
    kind: PlaceKind,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// The region it lies in, where that is known; of a region its own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    latitude: Latitude,
    longitude: Longitude,
    /// West, south, east, north: what to search to search the place. West is greater than east across the antimeridian.
    #[schema(value_type = Vec<f64>, min_items = 4, max_items = 4)]
    bbox: [f64; 4],
}

impl From<&Place> for PlaceOut {
    fn from(place: &Place) -> Self {
        let bounds = place.bounding_box;
        Self {
            name: place.name.clone(),
            kind: place.kind,
            country: place.country.clone(),
            region: place.region.clone(),
            latitude: place.centre.latitude,
            longitude: place.centre.longitude,
            bbox: [bounds.west.degrees(), bounds.south.degrees(), bounds.east.degrees(), bounds.north.degrees()],
        }
    }
}

/// Places that may be meant, the likeliest first.
#[derive(Serialize, ToSchema)]
pub struct PlacesOut {
    data: Vec<PlaceOut>,
}

/// Suggest places while somebody types.
#[utoipa::path(
    get,
    path = "/v1/places",
    tag = "properties",
    operation_id = "suggestPlaces",
    params(PlaceParamsSchema),
    responses((status = 200, description = "Places that may be meant", body = PlacesOut))
)]
pub(crate) async fn suggest_places(
    State(app): State<AppState>,
    Query(PlaceParams { query, limit }): Query<PlaceParams>,
) -> Result<impl IntoResponse, Problem> {
    let places = app.services.suggest_places(&query, limit).await?;
    let data = places.iter().map(PlaceOut::from).collect();
    // They change with a release, or when somebody lists in a place that nobody knew of.
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(PlacesOut { data })))
}
