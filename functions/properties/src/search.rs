//! `GET /v1/properties`.

use axum::extract::State;
use domain::error::Invalid;
use domain::geo::BoundingBox;
use domain::id::PropertyId;
use domain::money::{Currency, MAX_AMOUNT_MINOR, Money};
use domain::stay::{Guests, StayDates, parse_date};
use serde::{Deserialize, Serialize};
use services::search::{FoundListing, SearchFilter, SearchHit};
use utoipa::{IntoParams, ToSchema};
use web::fields::{Faulty, Read};
use web::pages::Page;
use web::params::{integer_between, text};
use web::{AppState, FromParams, PageRequest, Params, Problem, Query};

use crate::json::PropertyOut;

/// What to look for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which SearchParams reads")]
pub(crate) struct SearchParamsSchema {
    /// `west,south,east,north` in degrees; may cross the antimeridian.
    bbox: Option<String>,
    /// Arrival; only with `check_out`. Then only what can be booked for these nights is found.
    #[param(format = "date")]
    check_in: Option<String>,
    /// Departure; only with `check_in`.
    #[param(format = "date")]
    check_out: Option<String>,
    /// Adults and children.
    #[param(minimum = 1, maximum = 50)]
    guests: Option<u32>,
    /// ISO 4217: only listings priced in it, and the currency of the price filters (USD unless given).
    currency: Option<String>,
    /// Nightly, in minor units.
    #[param(minimum = 0)]
    min_price: Option<i64>,
    /// Nightly, in minor units.
    #[param(minimum = 0)]
    max_price: Option<i64>,
    /// The order; best first.
    #[param(inline)]
    sort: Option<SortOrder>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Orders of the hits.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the parameter")]
pub(crate) enum SortOrder {
    /// Best first.
    Relevance,
}

/// What to look for, and which page of it.
pub struct SearchParams {
    /// What to look for.
    pub filter: SearchFilter,
    /// Which page of it.
    pub page: PageRequest,
}

impl FromParams for SearchParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let bounding_box = params.optional("bbox", str::parse::<BoundingBox>);
        let check_in = params.optional("check_in", parse_date);
        let check_out = params.optional("check_out", parse_date);
        let guests = params.optional("guests", integer_between(1, Guests::MAX));
        let currency = params.optional("currency", text::<Currency>);
        let min_price = params.optional("min_price", integer_between(0, MAX_AMOUNT_MINOR));
        let max_price = params.optional("max_price", integer_between(0, MAX_AMOUNT_MINOR));
        let sort = params.optional("sort", parse_sort);
        let page = params.page();
        let dates = match (check_in?, check_out?) {
            (None, None) => None,
            (Some(check_in), Some(check_out)) => {
                Some(StayDates::new(check_in, check_out).map_err(|invalid| params.fault("check_out", invalid))?)
            }
            (None, Some(_)) => return Err(go_together(params, "check_in")),
            (Some(_), None) => return Err(go_together(params, "check_out")),
        };
        let (min_price_minor, max_price_minor): (Option<i64>, Option<i64>) = (min_price?, max_price?);
        let is_priced = min_price_minor.or(max_price_minor).is_some();
        sort?;
        let page = page?;
        Ok(Self {
            filter: SearchFilter {
                bounding_box: bounding_box?,
                dates,
                guests: guests?,
                min_price_minor,
                max_price_minor,
                currency: currency?.or(is_priced.then_some(Currency::USD)),
                after: None,
                limit: i64::from(page.limit) + 1,
            },
            page,
        })
    }
}

fn parse_sort(order: &str) -> Result<(), Invalid> {
    if order == "relevance" { Ok(()) } else { Err(Invalid::new("unknown_value", "This must be relevance.")) }
}

fn go_together(params: &mut Params, missing: &str) -> Faulty {
    params.fault(missing, Invalid::new("required", "check_in and check_out go together."))
}

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
    property: PropertyOut,
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
struct Position {
    score: i32,
    property_id: PropertyId,
}

/// Search listings.
#[utoipa::path(
    get,
    path = "/v1/properties",
    tag = "properties",
    operation_id = "searchProperties",
    params(SearchParamsSchema),
    responses((status = 200, description = "A page of listings", body = inline(Page<FoundPropertyOut>)))
)]
pub(crate) async fn search_properties(
    State(app): State<AppState>,
    Query(SearchParams { mut filter, page }): Query<SearchParams>,
) -> Result<Page<FoundPropertyOut>, Problem> {
    let position: Option<Position> = page.position(&app.services).await?;
    filter.after = position.map(|Position { score, property_id }| SearchHit { score, property_id });
    let mut found = app.services.search(&filter).await?;
    // One more than the page was asked for: it tells whether there is another.
    let more = found.len() > page.limit as usize;
    found.truncate(page.limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.hit);
    let next = next.map(|SearchHit { score, property_id }| Position { score, property_id });
    let data = found.iter().map(|found| FoundPropertyOut::of(found, filter.dates)).collect();
    Ok(page.page(&app.services, data, next).await?)
}
