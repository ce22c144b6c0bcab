//! `GET /v1/properties`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use domain::error::Result;
use domain::id::PropertyId;
use domain::money::Money;
use domain::stay::StayDates;
use serde::{Deserialize, Serialize};
use services::cached::area;
use services::search::{FoundListing, SearchHit, SearchRequest};
use utoipa::ToSchema;
use web::kept::KeptAnswer;
use web::pages::Page;
use web::{AppState, PageRequest, Problem, Query, accept};

use crate::geojson::{self, FeatureCollection};
use crate::json::PropertyOut;
pub use crate::search_params::SearchParams;
use crate::search_params::SearchParamsSchema;

/// What the stay asked for costs.
#[derive(Serialize, ToSchema)]
pub struct StayOut {
    nights: u32,
    /// All in: fees and taxes included.
    total: Money,
    /// `total` by the number of nights, rounded half up.
    nightly_average: Money,
}

/// A listing found.
#[derive(Serialize, ToSchema)]
pub struct FoundPropertyOut {
    #[serde(flatten)]
    pub(crate) property: PropertyOut,
    /// Only when dates were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    stay: Option<StayOut>,
}

impl FoundPropertyOut {
    /// What was found, with the price of the stay of these dates.
    pub fn of(found: &FoundListing, dates: Option<StayDates>) -> Self {
        let stay = found.stay.as_ref().zip(dates).map(|(price, dates)| StayOut {
            nights: dates.nights(),
            total: price.total,
            nightly_average: Money::new(
                domain::money::share_half_up(price.total.amount, 1, i64::from(dates.nights())),
                price.total.currency,
            ),
        });
        Self { property: PropertyOut::of(&found.property, false), stay }
    }
}

/// Where a page of hits begins.
#[derive(Serialize, Deserialize)]
pub struct Position {
    key: i64,
    property_id: PropertyId,
}

impl From<SearchHit> for Position {
    fn from(SearchHit { key, property_id }: SearchHit) -> Self {
        Self { key, property_id }
    }
}

impl From<Position> for SearchHit {
    fn from(Position { key, property_id }: Position) -> Self {
        Self { key, property_id }
    }
}

/// Search listings.
///
/// With `Accept: application/geo+json` the same page is a `FeatureCollection` (RFC 7946).
#[utoipa::path(
    get,
    path = "/v1/properties",
    tag = "properties",
    operation_id = "searchProperties",
    params(SearchParamsSchema),
    responses((
        status = 200,
        description = "A page of listings",
        content((Page<FoundPropertyOut> = "application/json"), (FeatureCollection = "application/geo+json"))
    ))
)]
pub(crate) async fn search_properties(
    State(app): State<AppState>,
    headers: HeaderMap,
    Query(params): Query<SearchParams>,
) -> Result<impl IntoResponse, Problem> {
    let as_geojson = accept::prefers(&headers, geojson::MEDIA_TYPE);
    let page = params.page.clone();
    let request = params.into_request(&app.services).await?;
    let name = format!("searchProperties {as_geojson} {}", page.name());
    let part = area(request.filter.area());
    let compute = || async { Ok(answer(&app, &page, request, as_geojson).await?.into_bytes()) };
    let bytes = app.services.cached_when_asked_again(part, &name, compute).await?;
    let headers = [(header::VARY, "Accept"), (header::CACHE_CONTROL, "private, no-cache")];
    Ok((headers, KeptAnswer::from_bytes(&bytes)?))
}

async fn answer(
    app: &AppState,
    page: &PageRequest,
    mut request: SearchRequest,
    as_geojson: bool,
) -> Result<KeptAnswer> {
    request.filter.after = page.position::<Position>(&app.services).await?.map(SearchHit::from);
    let found = app.services.search(&request).await?;
    let data = found.listings.iter().map(|found| FoundPropertyOut::of(found, request.filter.dates)).collect();
    let page = page.page(&app.services, data, found.next.map(Position::from)).await?;
    let link = page.next_link().map(ToOwned::to_owned);
    if as_geojson {
        KeptAnswer::json(geojson::MEDIA_TYPE, link.as_deref(), &FeatureCollection::of(page))
    } else {
        KeptAnswer::json("application/json", link.as_deref(), &page)
    }
}
