//! What a host says of a new property.

use async_graphql::InputObject;
use serde::Serialize;

use crate::codes::{CancellationPolicy, PropertyKind, RoomType};
use crate::scalars::{Currency, MoneyInput, TimeOfDay};

/// Where a property is.
#[derive(Serialize, InputObject)]
pub(crate) struct LocationInput {
    latitude: f64,
    longitude: f64,
    street: Option<String>,
    city: String,
    region: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: String,
    postal_code: Option<String>,
}

/// What a guest above the threshold costs a night.
#[derive(Serialize, InputObject)]
pub(crate) struct ExtraGuestFeeInput {
    /// Guests that cost nothing extra.
    after: i32,
    per_night: MoneyInput,
}

/// A draft: everything may be left out, and has a default or comes later. All prices are in `currency`, which is that of
/// `basePrice` unless given.
#[derive(Serialize, InputObject)]
pub(crate) struct CreatePropertyInput {
    title: Option<String>,
    description: Option<String>,
    /// `APARTMENT` unless given.
    kind: Option<PropertyKind>,
    /// `ENTIRE_PLACE` unless given.
    room_type: Option<RoomType>,
    location: Option<LocationInput>,
    /// IANA name; that of the nearest principal place of the country unless given.
    time_zone: Option<String>,
    max_guests: Option<i32>,
    bedrooms: Option<i32>,
    beds: Option<i32>,
    /// In steps of a half.
    bathrooms: Option<f64>,
    amenities: Option<Vec<String>>,
    house_rules: Option<String>,
    /// 15:00 unless given.
    check_in_time: Option<TimeOfDay>,
    /// 11:00 unless given.
    check_out_time: Option<TimeOfDay>,
    currency: Option<Currency>,
    base_price: Option<MoneyInput>,
    weekend_price: Option<MoneyInput>,
    weekly_discount_percent: Option<i32>,
    monthly_discount_percent: Option<i32>,
    cleaning_fee: Option<MoneyInput>,
    extra_guest_fee: Option<ExtraGuestFeeInput>,
    min_nights: Option<i32>,
    max_nights: Option<i32>,
    advance_notice_hours: Option<i32>,
    preparation_nights: Option<i32>,
    booking_window_days: Option<i32>,
    instant_book: Option<bool>,
    pets_allowed: Option<bool>,
    /// `FLEXIBLE` unless given.
    cancellation_policy: Option<CancellationPolicy>,
    pub(crate) idempotency_key: Option<String>,
}
