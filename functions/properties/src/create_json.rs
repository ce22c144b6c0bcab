//! The body of `POST /v1/properties`: everything may be left out of a draft, and has a default or comes later.

use domain::amenity::{Amenity, AmenitySet};
use domain::cancellation::CancellationPolicy;
use domain::error::Invalid;
use domain::geo::{Latitude, Longitude, Point};
use domain::money::{Currency, Money, parse_fee_minor, parse_price_minor};
use domain::pricing::ExtraGuestFee;
use domain::property::{
    AddressLine, Bathrooms, CountryCode, Description, Percent, PropertyKind, RoomType, Title, parse_time_of_day,
};
use domain::stay::StayRules;
use domain::time_zone::{TimeZoneName, nearest};
use jiff::civil::{Time, time};
use services::properties::{Place, PropertyDetails, draw_public_point};
use services::property_changes::{NewExtraGuestFee, NewPlace};
use utoipa::ToSchema;
use web::fields::{
    Faulty, Fields, FromFields, Read, boolean, integer_between, integer_with, list, number_with, object, text,
    text_with,
};

/// Longest stay a host can allow, in nights.
pub(crate) const MAX_NIGHTS: i64 = 1_125;

/// Where a property is.
#[derive(ToSchema)]
pub(crate) struct LocationIn {
    #[schema(value_type = f64, minimum = -90, maximum = 90)]
    latitude: Latitude,
    #[schema(value_type = f64, minimum = -180, maximum = 180)]
    longitude: Longitude,
    street: Option<AddressLine>,
    city: AddressLine,
    region: Option<AddressLine>,
    country: CountryCode,
    postal_code: Option<AddressLine>,
}

impl FromFields for LocationIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let latitude = fields.required("latitude", number_with(Latitude::new));
        let longitude = fields.required("longitude", number_with(Longitude::new));
        let street = fields.optional("street", text);
        let city = fields.required("city", text);
        let region = fields.optional("region", text);
        let country = fields.required("country", text);
        let postal_code = fields.optional("postal_code", text);
        Ok(Self {
            latitude: latitude?,
            longitude: longitude?,
            street: street?,
            city: city?,
            region: region?,
            country: country?,
            postal_code: postal_code?,
        })
    }
}

impl LocationIn {
    fn point(&self) -> Point {
        Point { latitude: self.latitude, longitude: self.longitude }
    }

    fn into_place(self) -> Place {
        let public = draw_public_point(self.point());
        Place {
            lat_e6: self.latitude.microdegrees(),
            lng_e6: self.longitude.microdegrees(),
            public_lat_e6: public.latitude.microdegrees(),
            public_lng_e6: public.longitude.microdegrees(),
            street: self.street.map(AddressLine::into_string),
            city: Some(self.city.into_string()),
            region: self.region.map(AddressLine::into_string),
            country: self.country,
            postal_code: self.postal_code.map(AddressLine::into_string),
        }
    }
}

impl LocationIn {
    pub(crate) fn into_new_place(self) -> NewPlace {
        NewPlace {
            point: self.point(),
            street: self.street.map(AddressLine::into_string),
            city: self.city.into_string(),
            region: self.region.map(AddressLine::into_string),
            country: self.country,
            postal_code: self.postal_code.map(AddressLine::into_string),
        }
    }
}

/// What a guest above the threshold costs a night.
#[derive(ToSchema)]
pub(crate) struct ExtraGuestFeeIn {
    /// Guests that cost nothing extra.
    after: u32,
    pub(crate) per_night: Money,
}

impl From<ExtraGuestFeeIn> for NewExtraGuestFee {
    fn from(fee: ExtraGuestFeeIn) -> Self {
        Self { after: fee.after, per_night: fee.per_night }
    }
}

impl FromFields for ExtraGuestFeeIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let after = fields.required("after", integer_between(1, 50));
        let per_night = fields.required("per_night", object);
        Ok(Self { after: after?, per_night: per_night? })
    }
}

/// A draft. All prices are in `currency`, which is that of `base_price` unless given.
#[derive(ToSchema)]
pub struct CreatePropertyIn {
    title: Option<Title>,
    description: Option<Description>,
    /// `apartment` unless given.
    kind: Option<PropertyKind>,
    /// `entire_place` unless given.
    room_type: Option<RoomType>,
    location: Option<LocationIn>,
    /// IANA name; that of the nearest principal place of the country unless given.
    #[schema(value_type = Option<String>)]
    time_zone: Option<TimeZoneName>,
    #[schema(minimum = 1, maximum = 50, default = 2)]
    max_guests: Option<u32>,
    #[schema(minimum = 0, maximum = 50, default = 1)]
    bedrooms: Option<u32>,
    #[schema(minimum = 0, maximum = 100, default = 1)]
    beds: Option<u32>,
    /// 1 unless given.
    bathrooms: Option<Bathrooms>,
    #[schema(value_type = Option<Vec<Amenity>>)]
    amenities: Option<AmenitySet>,
    house_rules: Option<Description>,
    /// `HH:MM`, 15:00 unless given.
    #[schema(value_type = Option<String>)]
    check_in_time: Option<Time>,
    /// `HH:MM`, 11:00 unless given.
    #[schema(value_type = Option<String>)]
    check_out_time: Option<Time>,
    currency: Option<Currency>,
    base_price: Option<Money>,
    weekend_price: Option<Money>,
    weekly_discount_percent: Option<Percent>,
    monthly_discount_percent: Option<Percent>,
    cleaning_fee: Option<Money>,
    extra_guest_fee: Option<ExtraGuestFeeIn>,
    #[schema(minimum = 1, maximum = 1125, default = 1)]
    min_nights: Option<u32>,
    #[schema(minimum = 1, maximum = 1125, default = 365)]
    max_nights: Option<u32>,
    #[schema(minimum = 0, maximum = 720, default = 0)]
    advance_notice_hours: Option<u32>,
    #[schema(minimum = 0, maximum = 7, default = 0)]
    preparation_nights: Option<u32>,
    #[schema(minimum = 1, maximum = 730, default = 365)]
    booking_window_days: Option<u32>,
    #[schema(default = false)]
    instant_book: Option<bool>,
    #[schema(default = false)]
    pets_allowed: Option<bool>,
    /// `flexible` unless given.
    cancellation_policy: Option<CancellationPolicy>,
}

impl FromFields for CreatePropertyIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let title = fields.optional("title", text);
        let description = fields.optional("description", text);
        let kind = fields.optional("kind", text);
        let room_type = fields.optional("room_type", text);
        let location = fields.optional("location", object);
        let time_zone = fields.optional("time_zone", text_with(TimeZoneName::parse));
        let max_guests = fields.optional("max_guests", integer_between(1, 50));
        let bedrooms = fields.optional("bedrooms", integer_between(0, 50));
        let beds = fields.optional("beds", integer_between(0, 100));
        let bathrooms = fields.optional("bathrooms", number_with(Bathrooms::new));
        let amenities = fields.optional("amenities", list(Amenity::ALL.len(), text::<Amenity>));
        let house_rules = fields.optional("house_rules", text);
        let check_in_time = fields.optional("check_in_time", text_with(parse_time_of_day));
        let check_out_time = fields.optional("check_out_time", text_with(parse_time_of_day));
        let prices = Prices::read(fields);
        let weekly_discount_percent = fields.optional("weekly_discount_percent", integer_with(Percent::new));
        let monthly_discount_percent = fields.optional("monthly_discount_percent", integer_with(Percent::new));
        let nights = read_nights(fields);
        let advance_notice_hours = fields.optional("advance_notice_hours", integer_between(0, 720));
        let preparation_nights = fields.optional("preparation_nights", integer_between(0, 7));
        let booking_window_days = fields.optional("booking_window_days", integer_between(1, 730));
        let instant_book = fields.optional("instant_book", boolean);
        let pets_allowed = fields.optional("pets_allowed", boolean);
        let cancellation_policy = fields.optional("cancellation_policy", text);
        let prices = prices?;
        let (min_nights, max_nights) = nights?;
        let amenities = amenities?.map(|all| all.into_iter().fold(AmenitySet::EMPTY, AmenitySet::with));
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
            amenities,
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
            min_nights,
            max_nights,
            advance_notice_hours: advance_notice_hours?,
            preparation_nights: preparation_nights?,
            booking_window_days: booking_window_days?,
            instant_book: instant_book?,
            pets_allowed: pets_allowed?,
            cancellation_policy: cancellation_policy?,
        })
    }
}

/// The fields that must agree on one currency.
struct Prices {
    currency: Option<Currency>,
    base_price: Option<Money>,
    weekend_price: Option<Money>,
    cleaning_fee: Option<Money>,
    extra_guest_fee: Option<ExtraGuestFeeIn>,
}

impl Prices {
    fn read(fields: &mut Fields<'_>) -> Read<Self> {
        let currency = fields.optional("currency", text);
        let base_price = fields.optional("base_price", object);
        let weekend_price = fields.optional("weekend_price", object);
        let cleaning_fee = fields.optional("cleaning_fee", object);
        let extra_guest_fee = fields.optional("extra_guest_fee", object);
        let prices = Self {
            currency: currency?,
            base_price: base_price?,
            weekend_price: weekend_price?,
            cleaning_fee: cleaning_fee?,
            extra_guest_fee: extra_guest_fee?,
        };
        prices.check(fields)?;
        Ok(prices)
    }

    fn check(&self, fields: &Fields<'_>) -> Read<()> {
        let currency = self.currency.or(self.base_price.map(|price| price.currency)).unwrap_or(Currency::USD);
        let per_night = self.extra_guest_fee.as_ref().map(|fee| fee.per_night);
        let amounts = [
            ("base_price", self.base_price, parse_price_minor as fn(i64) -> Result<i64, Invalid>),
            ("weekend_price", self.weekend_price, parse_price_minor),
            ("cleaning_fee", self.cleaning_fee, parse_fee_minor),
            ("extra_guest_fee", per_night, parse_fee_minor),
        ];
        let mut outcome = Ok(());
        for (name, money, parse) in amounts {
            let Some(money) = money else { continue };
            let checked = if money.currency == currency {
                parse(money.amount).map(drop)
            } else {
                let detail = format!("All prices of a property are in one currency, here {currency}.");
                Err(Invalid::new("currency_mismatch", detail))
            };
            if let Err(invalid) = checked {
                outcome = Err(fields.fault(name, invalid));
            }
        }
        outcome
    }
}

fn read_nights(fields: &mut Fields<'_>) -> Result<(Option<u32>, Option<u32>), Faulty> {
    let min_nights = fields.optional("min_nights", integer_between(1, MAX_NIGHTS));
    let max_nights = fields.optional("max_nights", integer_between(1, MAX_NIGHTS));
    let (min_nights, max_nights): (Option<u32>, Option<u32>) = (min_nights?, max_nights?);
    if min_nights.unwrap_or(1) > max_nights.unwrap_or(DEFAULT_MAX_NIGHTS) {
        let invalid = Invalid::new("out_of_range", "max_nights may not be below min_nights.");
        return Err(fields.fault("max_nights", invalid));
    }
    Ok((min_nights, max_nights))
}

const DEFAULT_MAX_NIGHTS: u32 = 365;

impl From<CreatePropertyIn> for PropertyDetails {
    fn from(body: CreatePropertyIn) -> Self {
        let guessed = body.location.as_ref().map(|location| nearest(&location.country, location.point()));
        let time_zone = body
            .time_zone
            .or_else(|| guessed.and_then(|name| TimeZoneName::parse(name).ok()))
            .unwrap_or_else(TimeZoneName::utc);
        Self {
            title: body.title.map(Title::into_string),
            description: body.description.map(Description::into_string),
            kind: body.kind.unwrap_or(PropertyKind::Apartment),
            room_type: body.room_type.unwrap_or(RoomType::EntirePlace),
            place: body.location.map(LocationIn::into_place),
            bedrooms: body.bedrooms.unwrap_or(1),
            beds: body.beds.unwrap_or(1),
            bathrooms: body.bathrooms.unwrap_or(Bathrooms::ONE),
            amenities: body.amenities.unwrap_or(AmenitySet::EMPTY),
            house_rules: body.house_rules.map(Description::into_string),
            check_out_time: body.check_out_time.unwrap_or(time(11, 0, 0, 0)),
            currency: body.currency.or(body.base_price.map(|price| price.currency)).unwrap_or(Currency::USD),
            base_price_minor: body.base_price.map(|price| price.amount),
            weekend_price_minor: body.weekend_price.map(|price| price.amount),
            weekly_discount_percent: body.weekly_discount_percent.unwrap_or(Percent::ZERO),
            monthly_discount_percent: body.monthly_discount_percent.unwrap_or(Percent::ZERO),
            cleaning_fee_minor: body.cleaning_fee.map_or(0, |fee| fee.amount),
            extra_guest_fee: body
                .extra_guest_fee
                .map(|fee| ExtraGuestFee { after: fee.after, per_night_minor: fee.per_night.amount }),
            rules: StayRules {
                min_nights: body.min_nights.unwrap_or(1),
                max_nights: body.max_nights.unwrap_or(DEFAULT_MAX_NIGHTS),
                advance_notice_hours: body.advance_notice_hours.unwrap_or(0),
                booking_window_days: body.booking_window_days.unwrap_or(365),
                max_guests: body.max_guests.unwrap_or(2),
                pets_allowed: body.pets_allowed.unwrap_or(false),
                check_in_time: body.check_in_time.unwrap_or(time(15, 0, 0, 0)),
                time_zone,
                preparation_nights: body.preparation_nights.unwrap_or(0),
            },
            instant_book: body.instant_book.unwrap_or(false),
            cancellation_policy: body.cancellation_policy.unwrap_or(CancellationPolicy::Flexible),
        }
    }
}
