//! How a property looks on the wire, to its host and to everybody else.

use std::collections::BTreeMap;

use domain::amenity::Amenity;
use domain::cancellation::CancellationPolicy;
use domain::id::{PropertyId, UserId};
use domain::money::{Currency, Money};
use domain::photo::PhotoStatus;
use domain::property::{Bathrooms, CountryCode, Percent, PropertyKind, PropertyStatus, RoomType, format_time_of_day};
use domain::review::{PropertyRating, ReviewCategory};
use jiff::Timestamp;
use serde::Serialize;
use services::properties::{Place, Property, PropertyView};
use utoipa::ToSchema;

use crate::photos::json::PhotoOut;

/// Where a property is. Only its host and guests with a confirmed booking get the street and the exact point;
/// everybody else gets a point 150 to 400 m away, always the same.
#[derive(Serialize, ToSchema)]
pub struct LocationOut {
    latitude: f64,
    longitude: f64,
    /// Whether this is the very place.
    exact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    #[schema(required)]
    city: Option<String>,
    #[schema(required)]
    region: Option<String>,
    country: CountryCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
}

/// What a guest above the threshold costs a night.
#[derive(Serialize, ToSchema)]
pub struct ExtraGuestFeeOut {
    /// Guests that cost nothing extra.
    after: u32,
    per_night: Money,
}

/// What guests say, in numbers.
#[derive(Serialize, ToSchema)]
pub struct RatingOut {
    /// Null while there is none.
    #[schema(required)]
    average: Option<f64>,
    count: u32,
    /// Of those that somebody rated.
    #[schema(value_type = BTreeMap<String, f64>)]
    by_category: BTreeMap<ReviewCategory, f64>,
}

impl From<&PropertyRating> for RatingOut {
    fn from(rating: &PropertyRating) -> Self {
        Self { average: rating.overall.average(), count: rating.overall.count, by_category: rating.averages() }
    }
}

/// A property.
#[derive(Serialize, ToSchema)]
pub struct PropertyOut {
    id: PropertyId,
    host_id: UserId,
    status: PropertyStatus,
    #[schema(required)]
    title: Option<String>,
    #[schema(required)]
    description: Option<String>,
    kind: PropertyKind,
    room_type: RoomType,
    #[schema(required)]
    location: Option<LocationOut>,
    /// IANA name; stay dates are dates in this zone.
    time_zone: String,
    max_guests: u32,
    bedrooms: u32,
    beds: u32,
    bathrooms: Bathrooms,
    amenities: Vec<Amenity>,
    #[schema(required)]
    house_rules: Option<String>,
    /// In order; those that are ready, and to the host the others too.
    photos: Vec<PhotoOut>,
    /// `HH:MM`, local time.
    check_in_time: String,
    /// `HH:MM`, local time.
    check_out_time: String,
    /// Of all prices of the property.
    currency: Currency,
    #[schema(required)]
    base_price: Option<Money>,
    #[schema(required)]
    weekend_price: Option<Money>,
    weekly_discount_percent: Percent,
    monthly_discount_percent: Percent,
    cleaning_fee: Money,
    #[schema(required)]
    extra_guest_fee: Option<ExtraGuestFeeOut>,
    min_nights: u32,
    max_nights: u32,
    advance_notice_hours: u32,
    preparation_nights: u32,
    booking_window_days: u32,
    instant_book: bool,
    pets_allowed: bool,
    cancellation_policy: CancellationPolicy,
    rating: RatingOut,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&PropertyView> for PropertyOut {
    fn from(view: &PropertyView) -> Self {
        Self::of(&view.property, view.exact_place)
    }
}

impl PropertyOut {
    pub(crate) const fn id(&self) -> PropertyId {
        self.id
    }

    /// Longitude and latitude, as they are shown.
    pub(crate) fn coordinates(&self) -> Option<(f64, f64)> {
        self.location.as_ref().map(|location| (location.longitude, location.latitude))
    }

    /// The property, with its exact place or the one for everybody.
    pub fn of(property: &Property, exact_place: bool) -> Self {
        let details = &property.details;
        let money = |amount| Money::new(amount, details.currency);
        Self {
            id: property.id,
            host_id: property.host_id,
            status: property.status,
            title: details.title.clone(),
            description: details.description.clone(),
            kind: details.kind,
            room_type: details.room_type,
            location: details.place.as_ref().map(|place| location(place, exact_place)),
            time_zone: details.rules.time_zone.as_str().to_owned(),
            max_guests: details.rules.max_guests,
            bedrooms: details.bedrooms,
            beds: details.beds,
            bathrooms: details.bathrooms,
            amenities: details.amenities.iter().collect(),
            house_rules: details.house_rules.clone(),
            photos: PhotoOut::all(
                property.photos.iter().filter(|photo| exact_place || photo.status == PhotoStatus::Ready),
            ),
            check_in_time: format_time_of_day(details.rules.check_in_time),
            check_out_time: format_time_of_day(details.check_out_time),
            currency: details.currency,
            base_price: details.base_price_minor.map(money),
            weekend_price: details.weekend_price_minor.map(money),
            weekly_discount_percent: details.weekly_discount_percent,
            monthly_discount_percent: details.monthly_discount_percent,
            cleaning_fee: money(details.cleaning_fee_minor),
            extra_guest_fee: details
                .extra_guest_fee
                .map(|fee| ExtraGuestFeeOut { after: fee.after, per_night: money(fee.per_night_minor) }),
            min_nights: details.rules.min_nights,
            max_nights: details.rules.max_nights,
            advance_notice_hours: details.rules.advance_notice_hours,
            preparation_nights: details.rules.preparation_nights,
            booking_window_days: details.rules.booking_window_days,
            instant_book: details.instant_book,
            pets_allowed: details.rules.pets_allowed,
            cancellation_policy: details.cancellation_policy,
            rating: RatingOut::from(&property.rating),
            created_at: property.created_at,
            updated_at: property.updated_at,
        }
    }
}

fn location(place: &Place, exact: bool) -> LocationOut {
    let (lat_e6, lng_e6) =
        if exact { (place.lat_e6, place.lng_e6) } else { (place.public_lat_e6, place.public_lng_e6) };
    LocationOut {
        latitude: f64::from(lat_e6) / 1e6,
        longitude: f64::from(lng_e6) / 1e6,
        exact,
        street: place.street.clone().filter(|_| exact),
        city: place.city.clone(),
        region: place.region.clone(),
        country: place.country.clone(),
        postal_code: place.postal_code.clone().filter(|_| exact),
    }
}
