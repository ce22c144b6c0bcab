//! Finding listings.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use properties::map::{ClusterOut, MapParams};
use properties::search::{FoundPropertyOut, Position, SearchParams};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::caller::RequestExt;
use crate::codes::{PropertyKind, RoomType};
use crate::connections::{Item, connect_exactly, with_page};
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

impl BoundingBoxInput {
    fn to_param(&self) -> String {
        let Self { west, south, east, north } = self;
        format!("{west},{south},{east},{north}")
    }
}

/// Around a point.
#[derive(Serialize, InputObject)]
struct NearInput {
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
    /// How far from it: 0.1 to 500, 10 unless given.
    radius_km: Option<f64>,
}

/// Of what `minPrice` and `maxPrice` speak.
#[derive(Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[serde(rename_all = "snake_case")]
enum PricedBy {
    /// The base price of a night.
    Nightly,
    /// The stay, all in; needs dates.
    Total,
}

/// What to look for.
#[derive(Default, Serialize, InputObject)]
struct PropertyFilter {
    /// At most one of it, `near` and `place`.
    #[serde(skip)]
    bounding_box: Option<BoundingBoxInput>,
    #[serde(skip)]
    near: Option<NearInput>,
    /// A city, region or country, slips of the keys forgiven.
    place: Option<String>,
    /// Arrival; only with `checkOut`. Then only what can be booked for these nights is found.
    check_in: Option<Date>,
    /// Departure; only with `checkIn`.
    check_out: Option<Date>,
    /// Adults and children.
    guests: Option<i32>,
    /// Only listings priced in it, and the currency of the price filters (USD unless given).
    currency: Option<Currency>,
    min_price: Option<MinorUnits>,
    max_price: Option<MinorUnits>,
    /// Nightly unless given.
    price: Option<PricedBy>,
    kind: Option<PropertyKind>,
    room_type: Option<RoomType>,
    /// All of these codes.
    #[serde(skip)]
    amenities: Option<Vec<String>>,
    /// At least.
    bedrooms: Option<i32>,
    /// At least.
    beds: Option<i32>,
    /// At least, in halves.
    bathrooms: Option<f64>,
    instant_book: Option<bool>,
    pets_allowed: Option<bool>,
    /// At least, 1 to 5.
    min_rating: Option<f64>,
    host_id: Option<ID>,
}

/// Orders of the hits.
#[derive(Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[serde(rename_all = "snake_case")]
enum PropertySort {
    /// Best first.
    Relevance,
    /// Lowest base price first.
    Price,
    /// Highest base price first.
    #[serde(rename = "-price")]
    PriceDescending,
    /// Best rated first; of equal means the one of more reviews.
    Rating,
    /// Newest first.
    Newest,
    /// Nearest first, from `near` or the middle of `boundingBox`.
    Distance,
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

/// Listings near each other.
#[derive(Deserialize, SimpleObject)]
struct ListingCluster {
    /// Of the middle of their points.
    latitude: f64,
    /// Of the middle of their points.
    longitude: f64,
    count: i32,
    /// The lowest base price of a night, in the currency that most of them have.
    lowest_price: Option<Money>,
    /// The same in each currency there is, that of most listings first.
    lowest_prices: Vec<Money>,
    /// Which it is, where it is one alone and the map is close enough to tell.
    property_id: Option<ID>,
}

/// The search.
#[derive(Default)]
pub(crate) struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Clusters of listings, for a web map of this zoom (0 to 22).
    #[graphql(complexity = "limits::page_cost(Some(20), child_complexity)")]
    async fn listing_clusters(
        &self,
        ctx: &Context<'_>,
        bounding_box: BoundingBoxInput,
        zoom: i32,
    ) -> Result<Option<Vec<ListingCluster>>> {
        let arguments = json!({ "bbox": bounding_box.to_param(), "zoom": zoom });
        let MapParams { bounding_box, zoom } = wire::read_params("/graphql/listingClusters", &arguments)?;
        let clusters = ctx.services().clusters(bounding_box, zoom).await?;
        let clusters: Vec<ClusterOut> = clusters.into_iter().map(ClusterOut::from).collect();
        Ok(Some(wire::object(&clusters)?))
    }

    /// Listings, the best first unless `sort` says otherwise. `first` is 1 to 100, 20 unless given.
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
        let params: SearchParams = wire::read_params(LIST, &arguments).map_err(wire::below_filter)?;
        let services = ctx.services();
        let page = params.page.clone();
        let mut request = params.into_request(services).await.map_err(wire::below_filter)?;
        request.filter.after = page.position::<Position>(services).await?.map(Into::into);
        let is_continued = request.filter.after.is_some();
        let answer = services.search(&request).await?;
        let mut items = Vec::new();
        for found in &answer.listings {
            let Found { property, stay } = wire::object(&FoundPropertyOut::of(found, request.filter.dates))?;
            items.push(Item { position: Position::from(found.hit), node: property, edge: PropertyEdgeFields { stay } });
        }
        Ok(Some(connect_exactly(services, &page, (is_continued, answer.next.is_some()), items).await?))
    }
}

fn arguments(filter: &PropertyFilter, sort: Option<PropertySort>) -> Map<String, Value> {
    let mut arguments = match json!(filter) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if let Some(bounding_box) = &filter.bounding_box {
        arguments.insert("bbox".to_owned(), json!(bounding_box.to_param()));
    }
    if let Some(NearInput { latitude, longitude, radius_km }) = filter.near {
        arguments.insert("near".to_owned(), json!(format!("{latitude},{longitude}")));
        arguments.insert("radius_km".to_owned(), json!(radius_km));
    }
    let amenities = filter.amenities.as_ref().filter(|codes| !codes.is_empty());
    arguments.insert("amenities".to_owned(), json!(amenities.map(|codes| codes.join(","))));
    arguments.insert("sort".to_owned(), json!(sort));
    arguments
}
