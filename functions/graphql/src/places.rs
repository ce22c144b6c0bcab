//! Places by name.

use async_graphql::{Context, Object, Result, SimpleObject};
use properties::places::{PlaceOut, PlaceParams};
use serde::Deserialize;
use serde_json::json;

use crate::caller::RequestExt;
use crate::codes::PlaceKind;
use crate::{limits, wire};

/// A place that may be meant.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct Place {
    name: String,
    kind: PlaceKind,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// The region it lies in, where that is known; of a region its own name.
    region: Option<String>,
    latitude: f64,
    longitude: f64,
    /// West, south, east, north; west is greater than east across the antimeridian.
    bbox: Vec<f64>,
}

/// Places.
#[derive(Default)]
pub(crate) struct PlaceQuery;

#[Object]
impl PlaceQuery {
    /// Places that may be meant by what somebody types, the likeliest first. `first` is 1 to 100, 20 unless given.
    #[graphql(complexity = "20 + limits::page_cost(first, child_complexity)")]
    async fn places(&self, ctx: &Context<'_>, query: String, first: Option<i32>) -> Result<Option<Vec<Place>>> {
        let arguments = json!({ "q": query, "limit": first });
        let PlaceParams { query, limit } = wire::read_params("/graphql/places", &arguments)?;
        let places = ctx.services().suggest_places(&query, limit).await?;
        let places: domain::error::Result<Vec<Place>> =
            places.iter().map(|place| wire::object(&PlaceOut::from(place))).collect();
        Ok(Some(places?))
    }
}
