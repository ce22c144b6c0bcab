//! Finding listings.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use domain::id::PropertyId;
use properties::search::{FoundPropertyOut, SearchParams};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use services::search::SearchHit;

use crate::caller::RequestExt;
use crate::connections::{Item, connect, with_page};
use crate::properties::Property;
use crate::scalars::{Currency, Date, MinorUnits, Money};
use crate::{limits, wire};

/// What cursors of this list belong to.
const LIST: &str = "/graphql/properties";

/// Degrees; west may be east of east, across the antimeridian.
#[derive(Serialize, InputObject)]
struct BoundingBoxInput {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

/// What to look for.
#[derive(Default, Serialize, InputObject)]
struct PropertyFilter {
    #[serde(skip)]
    bounding_box: Option<BoundingBoxInput>,
    /// Arrival; only with `checkOut`. Then only what can be booked for these nights is found.
    check_in: Option<Date>,
    /// Departure; only with `checkIn`.
    check_out: Option<Date>,
    /// Adults and children.
    guests: Option<i32>,
    /// Only listings priced in it, and the currency of the price filters (USD unless given).
    currency: Option<Currency>,
    /// Nightly.
    min_price: Option<MinorUnits>,
    /// Nightly.
    max_price: Option<MinorUnits>,
}

/// Orders of the hits; best first.
#[derive(Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[serde(rename_all = "snake_case")]
enum PropertySort {
    Relevance,
}

/// What the stay asked for costs.
#[derive(Deserialize, SimpleObject)]
struct StayPrice {
    nights: i32,
    /// All in: fees and taxes included.
    total: Money,
    /// `total` by the number of nights, rounded half up.
    nightly_average: Money,
}

/// What an edge of a search says besides.
#[derive(SimpleObject)]
struct PropertyEdgeFields {
    /// The price of the stay; only when dates were given.
    stay: Option<StayPrice>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    property: Property,
    stay: Option<StayPrice>,
}

/// Where a page of hits begins.
#[derive(Serialize, Deserialize)]
struct Position {
    score: i32,
    property_id: PropertyId,
}

/// The search.
#[derive(Default)]
pub(crate) struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Listings, best first. `first` is 1 to 100, 20 unless given.
    #[graphql(complexity = "limits::page_cost(first, child_complexity)")]
    async fn properties(
        &self,
        ctx: &Context<'_>,
        filter: Option<PropertyFilter>,
        sort: Option<PropertySort>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Connection<String, Property, EmptyFields, PropertyEdgeFields>>> {
        let arguments = with_page(arguments(&filter.unwrap_or_default(), sort), first, after);
        let SearchParams { mut filter, page } = wire::read_params(LIST, &arguments).map_err(wire::below_filter)?;
        let services = ctx.services();
        let position: Option<Position> = page.position(services).await?;
        let is_continued = position.is_some();
        filter.after = position.map(|Position { score, property_id }| SearchHit { score, property_id });
        let mut items = Vec::new();
        for found in services.search(&filter).await? {
            let Found { property, stay } = wire::object(&FoundPropertyOut::of(&found, filter.dates))?;
            let SearchHit { score, property_id } = found.hit;
            let position = Position { score, property_id };
            items.push(Item { position, node: property, edge: PropertyEdgeFields { stay } });
        }
        Ok(Some(connect(services, &page, is_continued, items).await?))
    }
}

fn arguments(filter: &PropertyFilter, sort: Option<PropertySort>) -> Map<String, Value> {
    let mut arguments = match json!(filter) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if let Some(BoundingBoxInput { west, south, east, north }) = filter.bounding_box {
        arguments.insert("bbox".to_owned(), json!(format!("{west},{south},{east},{north}")));
    }
    arguments.insert("sort".to_owned(), json!(sort));
    arguments
}
