//! The query of a search: what to look for, where, and in which order.

use domain::amenity::AmenitySet;
use domain::error::{Error, FieldError, Invalid, Result};
use domain::geo::{BoundingBox, Point};
use domain::id::UserId;
use domain::money::{Currency, MAX_AMOUNT_MINOR};
use domain::place::PlaceQuery;
use domain::property::{Bathrooms, PropertyKind, RoomType};
use domain::stay::{Guests, StayDates, parse_date};
use services::Services;
use services::search::{Circle, SearchFilter, SearchRequest, SortOrder};
use utoipa::{IntoParams, ToSchema};
use web::fields::{Faulty, Read};
use web::params::{boolean, decimal_between, integer_between, list, text};
use web::{FromParams, PageRequest, Params};

/// Around `near`, unless `radius_km` says otherwise.
const DEFAULT_RADIUS_KM: f64 = 10.0;
const MAX_RADIUS_KM: f64 = 500.0;

/// What to look for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which SearchParams reads")]
pub(crate) struct SearchParamsSchema {
    /// `west,south,east,north` in degrees; may cross the antimeridian. At most one of `bbox`, `near` and `place`.
    bbox: Option<String>,
    /// `lat,lng` in degrees.
    near: Option<String>,
    /// A city, region or country, slips of the keys forgiven: `Lisbn`, `Springfield, Illinois`.
    #[param(min_length = 1, max_length = 100)]
    place: Option<String>,
    /// How far from `near`.
    #[param(minimum = 0.1, maximum = 500, default = 10)]
    radius_km: Option<f64>,
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
    /// In minor units.
    #[param(minimum = 0)]
    min_price: Option<i64>,
    /// In minor units.
    #[param(minimum = 0)]
    max_price: Option<i64>,
    /// Of what `min_price` and `max_price` speak; `total` needs dates.
    #[param(inline)]
    price: Option<PricedBy>,
    kind: Option<PropertyKind>,
    room_type: Option<RoomType>,
    /// Codes with commas between: all of them.
    amenities: Option<String>,
    /// At least.
    #[param(minimum = 0, maximum = 50)]
    bedrooms: Option<u32>,
    /// At least.
    #[param(minimum = 0, maximum = 100)]
    beds: Option<u32>,
    /// At least, in halves.
    #[param(minimum = 0, maximum = 50)]
    bathrooms: Option<f64>,
    instant_book: Option<bool>,
    pets_allowed: Option<bool>,
    /// At least, as it is shown.
    #[param(minimum = 1, maximum = 5)]
    min_rating: Option<f64>,
    host_id: Option<UserId>,
    /// The order. Prices compare by their amounts in minor units: give a `currency`. `distance` is from `near`,
    /// the place or the middle of `bbox`, and needs one.
    #[param(inline)]
    sort: Option<SortBy>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Orders of the hits.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the parameter")]
enum SortBy {
    /// Best first.
    Relevance,
    /// Lowest base price first.
    Price,
    /// Highest base price first.
    #[schema(rename = "-price")]
    PriceDescending,
    /// Best rated first; of equal means the one of more reviews.
    Rating,
    /// Newest first.
    Newest,
    /// Nearest first.
    Distance,
}

/// What a price filter is about.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the parameter")]
enum PricedBy {
    /// The base price of a night.
    Nightly,
    /// The stay, all in: discounts, fees and taxes included.
    Total,
}

/// What to look for, and which page of it.
pub struct SearchParams {
    request: SearchRequest,
    place: Option<PlaceQuery>,
    /// Which page of it.
    pub page: PageRequest,
}

impl SearchParams {
    /// What to look for, the place by its box.
    ///
    /// # Errors
    /// `validation_failed` for a place that nothing is called like, `unavailable`.
    pub async fn into_request(self, services: &Services) -> Result<SearchRequest> {
        let mut request = self.request;
        if let Some(place) = &self.place {
            let unknown = || {
                let invalid = Invalid::new("not_found", "There is no place of a name like this.");
                Error::validation(vec![FieldError::new("?place", invalid)])
            };
            let place = services.resolve_place(place).await?.ok_or_else(unknown)?;
            request.filter.bounding_box = Some(place.bounding_box);
            request.filter.centre = Some(place.centre);
        }
        Ok(request)
    }
}

impl FromParams for SearchParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let area = Area::read(params);
        let dates = dates(params);
        let guests = params.optional("guests", integer_between(1, Guests::MAX));
        let price = PriceRange::read(params);
        let kind = params.optional("kind", text::<PropertyKind>);
        let room_type = params.optional("room_type", text::<RoomType>);
        let amenities =
            params.optional("amenities", |codes| AmenitySet::parse(list(100, |code| Ok(code.to_owned()))(codes)?));
        let bedrooms = params.optional("bedrooms", integer_between(0, 50));
        let beds = params.optional("beds", integer_between(0, 100));
        let bathrooms = params.optional("bathrooms", |number| Bathrooms::new(decimal_between(0.0, 50.0)(number)?));
        let instant_book = params.optional("instant_book", boolean);
        let pets_allowed = params.optional("pets_allowed", boolean);
        let min_rating = params.optional("min_rating", decimal_between(1.0, 5.0));
        let host_id = params.optional("host_id", text::<UserId>);
        let sort = params.optional("sort", sort_order);
        let page = params.page();
        let (area, dates, price, sort) = (area?, dates?, price?, sort?.unwrap_or_default());
        if sort == SortOrder::Distance && area.centre.is_none() && area.place.is_none() {
            return Err(params.fault("sort", Invalid::new("required", "Distances need near, bbox or place.")));
        }
        if price.by_total && dates.is_none() {
            return Err(params.fault("check_in", Invalid::new("required", "A total is of dates.")));
        }
        let nightly = |bound: Option<i64>| bound.filter(|_| !price.by_total);
        let total = |bound: Option<i64>| bound.filter(|_| price.by_total);
        let page = page?;
        let filter = SearchFilter {
            bounding_box: area.bounding_box,
            circle: area.circle,
            centre: area.centre,
            dates,
            guests: guests?,
            min_price_minor: nightly(price.min),
            max_price_minor: nightly(price.max),
            max_floor_night_minor: None,
            currency: price.currency,
            kind: kind?,
            room_type: room_type?,
            amenities: amenities?.unwrap_or_default(),
            bedrooms: bedrooms?,
            beds: beds?,
            bathrooms_halves: bathrooms?.map(Bathrooms::halves),
            instant_book: instant_book?,
            pets_allowed: pets_allowed?,
            // From 1.00 to 5.00.
            min_rating_hundredths: min_rating?.map(|stars| (stars * 100.0).round() as u16),
            host_id: host_id?,
            sort,
            after: None,
            limit: i64::from(page.limit),
        };
        let (min_total_minor, max_total_minor) = (total(price.min), total(price.max));
        let request = SearchRequest { filter, min_total_minor, max_total_minor };
        Ok(Self { request, place: area.place, page })
    }
}

/// Where to look, and from where distances are.
struct Area {
    bounding_box: Option<BoundingBox>,
    circle: Option<Circle>,
    centre: Option<Point>,
    place: Option<PlaceQuery>,
}

impl Area {
    fn read(params: &mut Params) -> Read<Self> {
        let bounding_box = params.optional("bbox", str::parse::<BoundingBox>);
        let near = params.optional("near", str::parse::<Point>);
        let place = params.optional("place", PlaceQuery::parse);
        let radius_km = params.optional("radius_km", decimal_between(0.1, MAX_RADIUS_KM));
        let (bounding_box, near, place, radius_km) = (bounding_box?, near?, place?, radius_km?);
        let given = [("bbox", bounding_box.is_some()), ("near", near.is_some()), ("place", place.is_some())];
        if let [_, (too_many, _), ..] = *given.into_iter().filter(|(_, is_given)| *is_given).collect::<Vec<_>>() {
            let invalid = Invalid::new("conflict", "Give at most one of bbox, near and place.");
            return Err(params.fault(too_many, invalid));
        }
        if near.is_none() && radius_km.is_some() {
            return Err(params.fault("radius_km", Invalid::new("required", "A radius is around near: give it too.")));
        }
        let radius_metres = radius_km.unwrap_or(DEFAULT_RADIUS_KM) * 1_000.0;
        Ok(Self {
            bounding_box,
            circle: near.map(|centre| Circle { centre, radius_metres }),
            centre: near.or(bounding_box.map(BoundingBox::centre)),
            place,
        })
    }
}

/// `check_in` and `check_out`, which go together.
pub(crate) fn dates(params: &mut Params) -> Read<Option<StayDates>> {
    let check_in = params.optional("check_in", parse_date);
    let check_out = params.optional("check_out", parse_date);
    match (check_in?, check_out?) {
        (None, None) => Ok(None),
        (Some(check_in), Some(check_out)) => {
            StayDates::new(check_in, check_out).map(Some).map_err(|invalid| params.fault("check_out", invalid))
        }
        (None, Some(_)) => Err(go_together(params, "check_in")),
        (Some(_), None) => Err(go_together(params, "check_out")),
    }
}

fn go_together(params: &mut Params, missing: &str) -> Faulty {
    params.fault(missing, Invalid::new("required", "check_in and check_out go together."))
}

/// What it may cost. A price without a currency is in dollars.
struct PriceRange {
    min: Option<i64>,
    max: Option<i64>,
    by_total: bool,
    currency: Option<Currency>,
}

impl PriceRange {
    fn read(params: &mut Params) -> Read<Self> {
        let currency = params.optional("currency", text::<Currency>);
        let min = params.optional("min_price", integer_between(0, MAX_AMOUNT_MINOR));
        let max = params.optional("max_price", integer_between(0, MAX_AMOUNT_MINOR));
        let by_total = params.optional("price", |price| match price {
            "nightly" => Ok(false),
            "total" => Ok(true),
            _ => Err(Invalid::new("unknown_value", "This must be nightly or total.")),
        });
        let (min, max): (Option<i64>, Option<i64>) = (min?, max?);
        let is_priced = min.or(max).is_some();
        let currency = currency?.or(is_priced.then_some(Currency::USD));
        Ok(Self { min, max, by_total: by_total?.unwrap_or(false), currency })
    }
}

fn sort_order(order: &str) -> std::result::Result<SortOrder, Invalid> {
    match order {
        "relevance" => Ok(SortOrder::Relevance),
        "price" => Ok(SortOrder::Price),
        "-price" => Ok(SortOrder::PriceDescending),
        "rating" => Ok(SortOrder::Rating),
        "newest" => Ok(SortOrder::Newest),
        "distance" => Ok(SortOrder::Distance),
        _ => {
            let orders = "This must be one of relevance, price, -price, rating, newest, distance.";
            Err(Invalid::new("unknown_value", orders))
        }
    }
}
