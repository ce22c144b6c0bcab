//! The body of `PATCH /v1/properties/{id}`: what is left out stays, null empties what may be empty.

use domain::amenity::{Amenity, AmenitySet};
use domain::cancellation::CancellationPolicy;
use domain::error::Invalid;
use domain::money::{Currency, Money, parse_fee_minor, parse_price_minor};
use domain::property::{Bathrooms, Description, Percent, PropertyKind, RoomType, Title, parse_time_of_day};
use domain::time_zone::TimeZoneName;
use jiff::civil::Time;
use services::property_changes::PropertyPatch;
use utoipa::ToSchema;
use web::fields::{
    Fields, FromFields, Read, boolean, integer_between, integer_with, list, number_with, object, text, text_with,
};

use crate::create_json::{ExtraGuestFeeIn, LocationIn, MAX_NIGHTS};

/// What changes of a property; what is left out stays. All prices are in `currency`.
#[derive(ToSchema)]
pub struct UpdatePropertyIn {
    /// Null empties it, unless the property is listed.
    #[schema(value_type = Option<Title>)]
    title: Option<Option<Title>>,
    /// Null empties it.
    #[schema(value_type = Option<Description>)]
    description: Option<Option<Description>>,
    kind: Option<PropertyKind>,
    room_type: Option<RoomType>,
    /// The whole of it. Null empties it, unless the property is listed.
    #[schema(value_type = Option<LocationIn>)]
    location: Option<Option<LocationIn>>,
    /// IANA name.
    #[schema(value_type = Option<String>)]
    time_zone: Option<TimeZoneName>,
    #[schema(minimum = 1, maximum = 50)]
    max_guests: Option<u32>,
    #[schema(minimum = 0, maximum = 50)]
    bedrooms: Option<u32>,
    #[schema(minimum = 0, maximum = 100)]
    beds: Option<u32>,
    bathrooms: Option<Bathrooms>,
    #[schema(value_type = Option<Vec<Amenity>>)]
    amenities: Option<AmenitySet>,
    /// Null empties it.
    #[schema(value_type = Option<Description>)]
    house_rules: Option<Option<Description>>,
    /// `HH:MM`.
    #[schema(value_type = Option<String>)]
    check_in_time: Option<Time>,
    /// `HH:MM`.
    #[schema(value_type = Option<String>)]
    check_out_time: Option<Time>,
    /// Another one takes all prices anew.
    currency: Option<Currency>,
    /// Null empties it, unless the property is listed.
    #[schema(value_type = Option<Money>)]
    base_price: Option<Option<Money>>,
    /// Null empties it.
    #[schema(value_type = Option<Money>)]
    weekend_price: Option<Option<Money>>,
    weekly_discount_percent: Option<Percent>,
    monthly_discount_percent: Option<Percent>,
    cleaning_fee: Option<Money>,
    /// Null empties it.
    #[schema(value_type = Option<ExtraGuestFeeIn>)]
    extra_guest_fee: Option<Option<ExtraGuestFeeIn>>,
    #[schema(minimum = 1, maximum = 1125)]
    min_nights: Option<u32>,
    #[schema(minimum = 1, maximum = 1125)]
    max_nights: Option<u32>,
    #[schema(minimum = 0, maximum = 720)]
    advance_notice_hours: Option<u32>,
    #[schema(minimum = 0, maximum = 7)]
    preparation_nights: Option<u32>,
    #[schema(minimum = 1, maximum = 730)]
    booking_window_days: Option<u32>,
    instant_book: Option<bool>,
    pets_allowed: Option<bool>,
    cancellation_policy: Option<CancellationPolicy>,
}

impl FromFields for UpdatePropertyIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let title = fields.clearable("title", text);
        let description = fields.clearable("description", text);
        let kind = fields.changed("kind", text);
        let room_type = fields.changed("room_type", text);
        let location = fields.clearable("location", object);
        let time_zone = fields.changed("time_zone", text_with(TimeZoneName::parse));
        let max_guests = fields.changed("max_guests", integer_between(1, 50));
        let bedrooms = fields.changed("bedrooms", integer_between(0, 50));
        let beds = fields.changed("beds", integer_between(0, 100));
        let bathrooms = fields.changed("bathrooms", number_with(Bathrooms::new));
        let amenities = fields.changed("amenities", list(Amenity::ALL.len(), text::<Amenity>));
        let house_rules = fields.clearable("house_rules", text);
        let check_in_time = fields.changed("check_in_time", text_with(parse_time_of_day));
        let check_out_time = fields.changed("check_out_time", text_with(parse_time_of_day));
        let prices = Prices::read(fields);
        let weekly_discount_percent = fields.changed("weekly_discount_percent", integer_with(Percent::new));
        let monthly_discount_percent = fields.changed("monthly_discount_percent", integer_with(Percent::new));
        let min_nights = fields.changed("min_nights", integer_between(1, MAX_NIGHTS));
        let max_nights = fields.changed("max_nights", integer_between(1, MAX_NIGHTS));
        let advance_notice_hours = fields.changed("advance_notice_hours", integer_between(0, 720));
        let preparation_nights = fields.changed("preparation_nights", integer_between(0, 7));
        let booking_window_days = fields.changed("booking_window_days", integer_between(1, 730));
        let instant_book = fields.changed("instant_book", boolean);
        let pets_allowed = fields.changed("pets_allowed", boolean);
        let cancellation_policy = fields.changed("cancellation_policy", text);
        let prices = prices?;
        Ok(Self {
            title: title?,
            description: description?,
            kind: kind?,
            room_type: room_type?,
            location: location?,
            time_zone: time_zone?,
            max_guests: max_guests?,
            bedrooms: bedrooms?,
            beds: beds?,
            bathrooms: bathrooms?,
            amenities: amenities?.map(|all| all.into_iter().fold(AmenitySet::EMPTY, AmenitySet::with)),
            house_rules: house_rules?,
            check_in_time: check_in_time?,
            check_out_time: check_out_time?,
            currency: prices.currency,
            base_price: prices.base_price,
            weekend_price: prices.weekend_price,
            weekly_discount_percent: weekly_discount_percent?,
            monthly_discount_percent: monthly_discount_percent?,
            cleaning_fee: prices.cleaning_fee,
            extra_guest_fee: prices.extra_guest_fee,
            min_nights: min_nights?,
            max_nights: max_nights?,
            advance_notice_hours: advance_notice_hours?,
            preparation_nights: preparation_nights?,
            booking_window_days: booking_window_days?,
            instant_book: instant_book?,
            pets_allowed: pets_allowed?,
            cancellation_policy: cancellation_policy?,
        })
    }
}

/// The prices, each good by itself; whether they agree is seen when they meet the others of the property.
struct Prices {
    currency: Option<Currency>,
    base_price: Option<Option<Money>>,
    weekend_price: Option<Option<Money>>,
    cleaning_fee: Option<Money>,
    extra_guest_fee: Option<Option<ExtraGuestFeeIn>>,
}

impl Prices {
    fn read(fields: &mut Fields<'_>) -> Read<Self> {
        let currency = fields.changed("currency", text);
        let base_price = fields.clearable("base_price", object);
        let weekend_price = fields.clearable("weekend_price", object);
        let cleaning_fee = fields.changed("cleaning_fee", object);
        let extra_guest_fee = fields.clearable("extra_guest_fee", object::<ExtraGuestFeeIn>);
        let per_night = extra_guest_fee.as_ref().ok().and_then(|fee| fee.as_ref()?.as_ref().map(|fee| fee.per_night));
        let given = |price: &Read<Option<Option<Money>>>| price.ok().flatten().flatten();
        let amounts = [
            ("base_price", given(&base_price), parse_price_minor as fn(i64) -> Result<i64, Invalid>),
            ("weekend_price", given(&weekend_price), parse_price_minor),
            ("cleaning_fee", cleaning_fee.ok().flatten(), parse_fee_minor),
            ("extra_guest_fee", per_night, parse_fee_minor),
        ];
        let mut checked = Ok(());
        for (name, money, parse) in amounts {
            if let Some(Err(invalid)) = money.map(|money| parse(money.amount)) {
                checked = Err(fields.fault(name, invalid));
            }
        }
        checked?;
        Ok(Self {
            currency: currency?,
            base_price: base_price?,
            weekend_price: weekend_price?,
            cleaning_fee: cleaning_fee?,
            extra_guest_fee: extra_guest_fee?,
        })
    }
}

impl From<UpdatePropertyIn> for PropertyPatch {
    fn from(body: UpdatePropertyIn) -> Self {
        Self {
            title: body.title.map(|title| title.map(Title::into_string)),
            description: body.description.map(|text| text.map(Description::into_string)),
            kind: body.kind,
            room_type: body.room_type,
            place: body.location.map(|location| location.map(LocationIn::into_new_place)),
            time_zone: body.time_zone,
            max_guests: body.max_guests,
            bedrooms: body.bedrooms,
            beds: body.beds,
            bathrooms: body.bathrooms,
            amenities: body.amenities,
            house_rules: body.house_rules.map(|text| text.map(Description::into_string)),
            check_in_time: body.check_in_time,
            check_out_time: body.check_out_time,
            currency: body.currency,
            base_price: body.base_price,
            weekend_price: body.weekend_price,
            weekly_discount_percent: body.weekly_discount_percent,
            monthly_discount_percent: body.monthly_discount_percent,
            cleaning_fee: body.cleaning_fee,
            extra_guest_fee: body.extra_guest_fee.map(|fee| fee.map(Into::into)),
            min_nights: body.min_nights,
            max_nights: body.max_nights,
            advance_notice_hours: body.advance_notice_hours,
            preparation_nights: body.preparation_nights,
            booking_window_days: body.booking_window_days,
            instant_book: body.instant_book,
            pets_allowed: body.pets_allowed,
            cancellation_policy: body.cancellation_policy,
        }
    }
}
