//! What a host changes of a property that is there: its fields, one by one, and its end. Bookings made before keep what
//! was agreed.

use domain::amenity::AmenitySet;
use domain::cancellation::CancellationPolicy;
use domain::error::{Error, ErrorCode, FieldError, Invalid, Result};
use domain::geo::{Point, PublicOffset};
use domain::id::PropertyId;
use domain::money::{Currency, Money};
use domain::pricing::ExtraGuestFee;
use domain::property::{Bathrooms, CountryCode, Percent, PropertyKind, PropertyStatus, RoomType};
use domain::time_zone::{TimeZoneName, nearest};
use jiff::civil::Time;
use store::properties::{Place, PropertyDetails};
use store::tx::Tx;

use crate::actor::Actor;
use crate::properties::{PropertyView, draw_offset, index, move_to, own_property, require_ready};

/// Where a host says the property is.
#[derive(Clone, Debug)]
pub struct NewPlace {
    /// The very place.
    pub point: Point,
    /// Street and number.
    pub street: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or similar.
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: CountryCode,
    /// Postal code.
    pub postal_code: Option<String>,
}

/// The fee for guests above a threshold, in whatever currency it came.
#[derive(Clone, Copy, Debug)]
pub struct NewExtraGuestFee {
    /// Guests that cost nothing extra.
    pub after: u32,
    /// A night and guest.
    pub per_night: Money,
}

/// What changes: `None` leaves a field as it is, `Some(None)` empties one that may be empty. Each value is good by itself.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `PropertyDetails` and its rules")]
pub struct PropertyPatch {
    pub title: Option<Option<String>>,
    pub description: Option<Option<String>>,
    pub kind: Option<PropertyKind>,
    pub room_type: Option<RoomType>,
    pub place: Option<Option<NewPlace>>,
    pub time_zone: Option<TimeZoneName>,
    pub max_guests: Option<u32>,
    pub bedrooms: Option<u32>,
    pub beds: Option<u32>,
    pub bathrooms: Option<Bathrooms>,
    pub amenities: Option<AmenitySet>,
    pub house_rules: Option<Option<String>>,
    pub check_in_time: Option<Time>,
    pub check_out_time: Option<Time>,
    pub currency: Option<Currency>,
    pub base_price: Option<Option<Money>>,
    pub weekend_price: Option<Option<Money>>,
    pub weekly_discount_percent: Option<Percent>,
    pub monthly_discount_percent: Option<Percent>,
    pub cleaning_fee: Option<Money>,
    pub extra_guest_fee: Option<Option<NewExtraGuestFee>>,
    pub min_nights: Option<u32>,
    pub max_nights: Option<u32>,
    pub advance_notice_hours: Option<u32>,
    pub preparation_nights: Option<u32>,
    pub booking_window_days: Option<u32>,
    pub instant_book: Option<bool>,
    pub pets_allowed: Option<bool>,
    pub cancellation_policy: Option<CancellationPolicy>,
}

/// Changes a property; `is_as_seen` may refuse when it is no longer the one the caller has seen.
///
/// # Errors
/// `validation_failed` with every field that does not fit the others; `not_ready` when a listed property would lack what
/// listing needs; those of `is_as_seen`; `forbidden`, `not_found`.
pub async fn update(
    tx: &Tx,
    actor: &Actor,
    id: PropertyId,
    patch: &PropertyPatch,
    is_as_seen: impl Fn(&PropertyView) -> Result<()>,
) -> Result<PropertyView> {
    let seen = PropertyView { property: own_property(tx, actor, id).await?, exact_place: true };
    is_as_seen(&seen)?;
    let details = &seen.property.details;
    let faults = faults(tx, id, patch, details).await?;
    if !faults.is_empty() {
        return Err(Error::validation(faults));
    }
    let mut changed = merged(patch, details);
    if let Some(place) = &patch.place {
        changed.rules.time_zone = patch.time_zone.clone().unwrap_or_else(|| time_zone_there(details, place.as_ref()));
        changed.place = move_place(tx, id, details.place.as_ref(), place.as_ref()).await?;
    }
    let is_listed = seen.property.status == PropertyStatus::Listed;
    if is_listed {
        // Photos change by calls of their own, which see to it that one stays.
        require_ready(&changed, true)?;
    }
    if changed == *details {
        return Ok(seen);
    }
    let property = store::properties::update(tx, id, &changed).await?;
    if is_listed {
        index(tx, &property).await?;
    }
    Ok(PropertyView { property, exact_place: true })
}

/// Deletes a property in the eyes of everybody; bookings of the past keep it.
///
/// # Errors
/// `bookings_to_come`; those of `is_as_seen`; `forbidden`, `not_found`.
pub async fn archive(
    tx: &Tx,
    actor: &Actor,
    id: PropertyId,
    is_as_seen: impl Fn(&PropertyView) -> Result<()>,
) -> Result<()> {
    let seen = PropertyView { property: own_property(tx, actor, id).await?, exact_place: true };
    is_as_seen(&seen)?;
    if store::bookings::any_to_come(tx, id).await? {
        let detail =
            "Somebody is staying, or will: end or cancel these bookings first. Until then, unlist the property.";
        return Err(Error::new(ErrorCode::BookingsToCome, detail));
    }
    store::listing_search::delete(tx, id).await?;
    move_to(tx, &seen.property, PropertyStatus::Archived).await.map(drop)
}

/// What of the patch does not fit the rest of the property.
async fn faults(tx: &Tx, id: PropertyId, patch: &PropertyPatch, details: &PropertyDetails) -> Result<Vec<FieldError>> {
    let mut faults = currency_faults(patch, details);
    let changes_currency = merged_currency(patch, details) != details.currency;
    if changes_currency && store::properties::has_calendar_prices(tx, id).await? {
        let detail = format!("Nights of the calendar have prices in {}: take them away first.", details.currency);
        faults.push(FieldError::new("/currency", Invalid::new("currency_mismatch", detail)));
    }
    let min_nights = patch.min_nights.unwrap_or(details.rules.min_nights);
    let max_nights = patch.max_nights.unwrap_or(details.rules.max_nights);
    if min_nights > max_nights {
        let field = if patch.max_nights.is_some() { "/max_nights" } else { "/min_nights" };
        let detail = format!("At most {max_nights} nights are fewer than at least {min_nights}.");
        faults.push(FieldError::new(field, Invalid::new("out_of_range", detail)));
    }
    Ok(faults)
}

/// The currency of all prices after the patch. A draft without a price takes that of its first.
fn merged_currency(patch: &PropertyPatch, details: &PropertyDetails) -> Currency {
    let of_first_price = patch.base_price.flatten().filter(|_| details.base_price_minor.is_none());
    patch.currency.or(of_first_price.map(|price| price.currency)).unwrap_or(details.currency)
}

fn currency_faults(patch: &PropertyPatch, details: &PropertyDetails) -> Vec<FieldError> {
    let currency = merged_currency(patch, details);
    let per_night = patch.extra_guest_fee.map(|fee| fee.map(|fee| fee.per_night));
    let prices = [
        ("/base_price", patch.base_price, details.base_price_minor.is_some()),
        ("/weekend_price", patch.weekend_price, details.weekend_price_minor.is_some()),
        ("/cleaning_fee", patch.cleaning_fee.map(Some), details.cleaning_fee_minor > 0),
        ("/extra_guest_fee", per_night, details.extra_guest_fee.is_some()),
    ];
    let mismatch = |(pointer, given, is_set): (&str, Option<Option<Money>>, bool)| {
        let detail = match given {
            Some(Some(money)) if money.currency != currency => {
                format!("All prices of a property are in one currency, here {currency}.")
            }
            None if is_set && details.currency != currency => {
                format!("This price is in {}: with another currency, give it anew in {currency}.", details.currency)
            }
            _ => return None,
        };
        Some(FieldError::new(pointer, Invalid::new("currency_mismatch", detail)))
    };
    prices.into_iter().filter_map(mismatch).collect()
}

/// The details with the patch applied, but for the place.
fn merged(patch: &PropertyPatch, details: &PropertyDetails) -> PropertyDetails {
    let patch = patch.clone();
    let mut merged = PropertyDetails { currency: merged_currency(&patch, details), ..details.clone() };
    let rules = &mut merged.rules;
    set(&mut rules.time_zone, patch.time_zone);
    set(&mut rules.max_guests, patch.max_guests);
    set(&mut rules.min_nights, patch.min_nights);
    set(&mut rules.max_nights, patch.max_nights);
    set(&mut rules.advance_notice_hours, patch.advance_notice_hours);
    set(&mut rules.preparation_nights, patch.preparation_nights);
    set(&mut rules.booking_window_days, patch.booking_window_days);
    set(&mut rules.pets_allowed, patch.pets_allowed);
    set(&mut rules.check_in_time, patch.check_in_time);
    set(&mut merged.title, patch.title);
    set(&mut merged.description, patch.description);
    set(&mut merged.kind, patch.kind);
    set(&mut merged.room_type, patch.room_type);
    set(&mut merged.bedrooms, patch.bedrooms);
    set(&mut merged.beds, patch.beds);
    set(&mut merged.bathrooms, patch.bathrooms);
    set(&mut merged.amenities, patch.amenities);
    set(&mut merged.house_rules, patch.house_rules);
    set(&mut merged.check_out_time, patch.check_out_time);
    set(&mut merged.base_price_minor, patch.base_price.map(minor));
    set(&mut merged.weekend_price_minor, patch.weekend_price.map(minor));
    set(&mut merged.weekly_discount_percent, patch.weekly_discount_percent);
    set(&mut merged.monthly_discount_percent, patch.monthly_discount_percent);
    set(&mut merged.cleaning_fee_minor, patch.cleaning_fee.map(|fee| fee.amount));
    let extra = |fee: NewExtraGuestFee| ExtraGuestFee { after: fee.after, per_night_minor: fee.per_night.amount };
    set(&mut merged.extra_guest_fee, patch.extra_guest_fee.map(|fee| fee.map(extra)));
    set(&mut merged.instant_book, patch.instant_book);
    set(&mut merged.cancellation_policy, patch.cancellation_policy);
    merged
}

fn set<T>(field: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *field = value;
    }
}

fn minor(money: Option<Money>) -> Option<i64> {
    money.map(|money| money.amount)
}

/// The zone after a move: guessed anew, unless the host had said another than would have been guessed.
fn time_zone_there(details: &PropertyDetails, to: Option<&NewPlace>) -> TimeZoneName {
    let was_guessed = match &details.place {
        Some(place) => {
            exact(place).is_ok_and(|point| details.rules.time_zone.as_str() == nearest(&place.country, point))
        }
        None => details.rules.time_zone == TimeZoneName::utc(),
    };
    to.filter(|_| was_guessed)
        .and_then(|to| TimeZoneName::parse(nearest(&to.country, to.point)).ok())
        .unwrap_or_else(|| details.rules.time_zone.clone())
}

/// The place after a move. Its public point moves alongside by the property's own offset, which is noted at the first
/// move and never drawn again; an exact point that stays keeps its public one.
async fn move_place(tx: &Tx, id: PropertyId, from: Option<&Place>, to: Option<&NewPlace>) -> Result<Option<Place>> {
    let offset = match (store::properties::public_offset(tx, id).await?, from) {
        (Some(offset), _) => offset,
        (None, Some(place)) => PublicOffset::between(exact(place)?, public(place)?),
        (None, None) => draw_offset(),
    };
    store::properties::set_public_offset(tx, id, offset).await?;
    let Some(to) = to else { return Ok(None) };
    let public = match from {
        Some(place) if exact(place)? == to.point => public(place)?,
        _ => offset.applied_to(to.point),
    };
    Ok(Some(Place {
        lat_e6: to.point.latitude.microdegrees(),
        lng_e6: to.point.longitude.microdegrees(),
        public_lat_e6: public.latitude.microdegrees(),
        public_lng_e6: public.longitude.microdegrees(),
        street: to.street.clone(),
        city: Some(to.city.clone()),
        region: to.region.clone(),
        country: to.country.clone(),
        postal_code: to.postal_code.clone(),
    }))
}

fn exact(place: &Place) -> Result<Point> {
    Point::from_microdegrees(place.lat_e6, place.lng_e6).map_err(Error::internal)
}

fn public(place: &Place) -> Result<Point> {
    Point::from_microdegrees(place.public_lat_e6, place.public_lng_e6).map_err(Error::internal)
}
