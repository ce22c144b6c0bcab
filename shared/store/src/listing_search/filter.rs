//! What a search asks for, and where in its order a page begins.

use domain::amenity::AmenitySet;
use domain::geo::{BoundingBox, Point};
use domain::id::{PropertyId, UserId};
use domain::money::Currency;
use domain::property::{PropertyKind, RoomType};
use domain::stay::StayDates;

/// The order of the hits. Equals are newest first, but under [`SortOrder::Price`] and [`SortOrder::Distance`] oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// The best score first.
    #[default]
    Relevance,
    /// The lowest base price first, by the amount in minor units: ask for one currency to compare like with like.
    Price,
    /// The highest base price first.
    PriceDescending,
    /// The best mean first, of equal means the one of more reviews.
    Rating,
    /// The newest listing first.
    Newest,
    /// What is nearest to the centre first.
    Distance,
}

/// A part of the map around a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circle {
    /// The middle.
    pub centre: Point,
    /// How far a hit may lie from it.
    pub radius_metres: f64,
}

/// What a search is narrowed to; by default to nothing.
#[derive(Clone, Debug)]
pub struct SearchFilter {
    /// A part of the map; none is everywhere.
    pub bounding_box: Option<BoundingBox>,
    /// Only within it, besides.
    pub circle: Option<Circle>,
    /// Only what can be booked for these nights.
    pub dates: Option<StayDates>,
    /// At least for so many adults and children.
    pub guests: Option<u32>,
    /// Nightly price of at least so many minor units of `currency`.
    pub min_price_minor: Option<i64>,
    /// Nightly price of at most so many minor units of `currency`.
    pub max_price_minor: Option<i64>,
    /// No night of it may be sure to cost more than this, with the discounts and overrides there are: a bound on what is
    /// asked of the price of a whole stay.
    pub max_floor_night_minor: Option<i64>,
    /// Only listings priced in it.
    pub currency: Option<Currency>,
    /// Only this kind of building.
    pub kind: Option<PropertyKind>,
    /// Only where the guest gets this much of it.
    pub room_type: Option<RoomType>,
    /// Only with all of these.
    pub amenities: AmenitySet,
    /// At least so many.
    pub bedrooms: Option<u32>,
    /// At least so many.
    pub beds: Option<u32>,
    /// At least so many halves of bathrooms.
    pub bathrooms_halves: Option<u8>,
    /// Whether paying confirms.
    pub instant_book: Option<bool>,
    /// Whether pets may come.
    pub pets_allowed: Option<bool>,
    /// At least this mean of the ratings, in hundredths.
    pub min_rating_hundredths: Option<u16>,
    /// Only of this host.
    pub host_id: Option<UserId>,
    /// The order.
    pub sort: SortOrder,
    /// From where distances are measured; needed by [`SortOrder::Distance`] alone.
    pub centre: Option<Point>,
    /// Only what comes after this hit in the order.
    pub after: Option<SearchHit>,
    /// At most so many.
    pub limit: i64,
}

impl SearchFilter {
    /// What of the map is searched: the box asked for, or the one around the circle; none is everywhere.
    pub fn area(&self) -> Option<BoundingBox> {
        self.bounding_box.or_else(|| self.circle.map(|circle| BoundingBox::around(circle.centre, circle.radius_metres)))
    }
}

impl Default for SearchFilter {
    fn default() -> Self {
        Self {
            bounding_box: None,
            circle: None,
            dates: None,
            guests: None,
            min_price_minor: None,
            max_price_minor: None,
            max_floor_night_minor: None,
            currency: None,
            kind: None,
            room_type: None,
            amenities: AmenitySet::EMPTY,
            bedrooms: None,
            beds: None,
            bathrooms_halves: None,
            instant_book: None,
            pets_allowed: None,
            min_rating_hundredths: None,
            host_id: None,
            sort: SortOrder::Relevance,
            centre: None,
            after: None,
            limit: 20,
        }
    }
}

/// A listing found, and its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// What the list is sorted by: score, minor units, rating key or millimetres; 0 where the id alone is.
    pub key: i64,
    /// The listing.
    pub property_id: PropertyId,
}
