//! The table `properties`.

use std::collections::BTreeMap;

use domain::amenity::AmenitySet;
use domain::cancellation::CancellationPolicy;
use domain::error::{Error, Result};
use domain::id::{PropertyId, UserId};
use domain::money::Currency;
use domain::pricing::{ExtraGuestFee, RateCard};
use domain::property::{Bathrooms, CountryCode, Percent, PropertyKind, PropertyStatus, RoomType};
use domain::review::{PropertyRating, ReviewCategory, Stars, Tally};
use domain::stay::StayRules;
use jiff::Timestamp;
use jiff::civil::Time;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

use crate::photos::Photo;
use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

mod details;

pub use details::{has_calendar_prices, insert, public_offset, set_public_offset, update};

/// Where a property is: the exact point and the one shown to strangers, in microdegrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Exact latitude.
    pub lat_e6: i32,
    /// Exact longitude.
    pub lng_e6: i32,
    /// Latitude everybody sees.
    pub public_lat_e6: i32,
    /// Longitude everybody sees.
    pub public_lng_e6: i32,
    /// Street and number.
    pub street: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// State, province or similar.
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: CountryCode,
    /// Postal code.
    pub postal_code: Option<String>,
}

/// What a host says of a property: everything but identity, state and what others wrote about it.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyDetails {
    /// Headline.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Kind of building.
    pub kind: PropertyKind,
    /// What of it the guest gets.
    pub room_type: RoomType,
    /// Where it is.
    pub place: Option<Place>,
    /// Number of bedrooms.
    pub bedrooms: u32,
    /// Number of beds.
    pub beds: u32,
    /// Number of bathrooms, in steps of a half.
    pub bathrooms: Bathrooms,
    /// What there is.
    pub amenities: AmenitySet,
    /// The house's rules.
    pub house_rules: Option<String>,
    /// Local time by which guests leave, 11:00 unless set.
    pub check_out_time: Time,
    /// Currency of all prices below.
    pub currency: Currency,
    /// Price of a night, minor units; a draft may lack it.
    pub base_price_minor: Option<i64>,
    /// Price of a Friday or Saturday night, minor units.
    pub weekend_price_minor: Option<i64>,
    /// Percent off from 7 nights.
    pub weekly_discount_percent: Percent,
    /// Percent off from 28 nights.
    pub monthly_discount_percent: Percent,
    /// Once a stay, minor units.
    pub cleaning_fee_minor: i64,
    /// Per night and guest above a threshold.
    pub extra_guest_fee: Option<ExtraGuestFee>,
    /// What a stay must keep to; has the check-in time and the time zone.
    pub rules: StayRules,
    /// Whether paying confirms, or the host's answer.
    pub instant_book: bool,
    /// What cancelling gives back.
    pub cancellation_policy: CancellationPolicy,
}

/// A property.
#[derive(Clone, Debug)]
pub struct Property {
    /// Identity.
    pub id: PropertyId,
    /// Whose it is.
    pub host_id: UserId,
    /// Where it stands between draft and archive.
    pub status: PropertyStatus,
    /// What the host says of it.
    pub details: PropertyDetails,
    /// What guests' published reviews come to.
    pub rating: PropertyRating,
    /// Its photos in order, whatever their state.
    pub photos: Vec<Photo>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Property {
    /// The prices a stay is computed from; none while the draft has no price.
    pub fn rate_card(&self) -> Option<RateCard> {
        let details = &self.details;
        Some(RateCard {
            currency: details.currency,
            base_price_minor: details.base_price_minor?,
            weekend_price_minor: details.weekend_price_minor,
            weekly_discount_percent: details.weekly_discount_percent,
            monthly_discount_percent: details.monthly_discount_percent,
            cleaning_fee_minor: details.cleaning_fee_minor,
            extra_guest_fee: details.extra_guest_fee,
        })
    }
}

pub(crate) const COLUMNS: &str = "id, host_id, status, title, description, kind, room_type, lat_e6, lng_e6, public_lat_e6, \
    public_lng_e6, street, city, region, country::text, postal_code, time_zone, max_guests, bedrooms, beds, \
    bathrooms_halves, amenities, house_rules, check_in_time, check_out_time, currency::text, base_price_minor, \
    weekend_price_minor, weekly_discount_percent, monthly_discount_percent, cleaning_fee_minor, extra_guest_after, \
    extra_guest_per_night_minor, min_nights, max_nights, advance_notice_hours, preparation_nights, \
    booking_window_days, instant_book, pets_allowed, cancellation_policy, created_at, updated_at, rating_count, \
    rating_sum, cleanliness_count, cleanliness_sum, accuracy_count, accuracy_sum, check_in_count, check_in_sum, \
    communication_count, communication_sum, location_count, location_sum, value_count, value_sum, \
    (SELECT jsonb_agg(jsonb_build_object('id', photo.id, 'status', photo.status, 'caption', photo.caption, \
        'width', photo.width, 'height', photo.height, 'base_url', photo.base_url, 'rejection', photo.rejection, \
        'created_at', photo.created_at) ORDER BY photo.sort_order, photo.id) \
     FROM photos photo WHERE photo.property_id = properties.id AND photo.status <> 'deleted') AS photos";

/// The property of this id, in whatever state.
pub async fn find(queries: &impl Queries, id: PropertyId) -> Result<Option<Property>> {
    let sql = format!("-- properties.find\nSELECT {COLUMNS} FROM properties WHERE id = $1");
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The same, and nobody changes it until this transaction ends.
pub async fn find_for_update(tx: &Tx, id: PropertyId) -> Result<Option<Property>> {
    let sql = format!("-- properties.find_for_update\nSELECT {COLUMNS} FROM properties WHERE id = $1 FOR UPDATE");
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The same for who books it: bookings don't wait for each other here, but for who changes the calendar
/// ([`find_for_update`]), and the other way round.
pub async fn find_for_booking(tx: &Tx, id: PropertyId) -> Result<Option<Property>> {
    let sql = format!("-- properties.find_for_booking\nSELECT {COLUMNS} FROM properties WHERE id = $1 FOR KEY SHARE");
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The properties of these ids, in no order.
pub async fn find_many(queries: &impl Queries, ids: &[PropertyId]) -> Result<Vec<Property>> {
    let sql = format!("-- properties.find_many\nSELECT {COLUMNS} FROM properties WHERE id = ANY($1)");
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids]).await?.iter().map(from_row).collect()
}

/// The same, each with whether this user has a confirmed stay there, now or to come.
pub async fn find_many_for_guest(
    queries: &impl Queries,
    ids: &[PropertyId],
    guest_id: Option<UserId>,
) -> Result<Vec<(Property, bool)>> {
    let sql = format!(
        "-- properties.find_many_for_guest
         SELECT {COLUMNS}, id IN (SELECT property_id FROM bookings
                                  WHERE guest_id = $2 AND property_id = ANY($1) AND status = 'confirmed') AS confirmed
         FROM properties WHERE id = ANY($1)"
    );
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = queries.rows(&sql, &[&ids, &guest_id.map(|id| id.uuid())]).await?;
    rows.iter().map(|row| Ok((from_row(row)?, row.read("confirmed")?))).collect()
}

/// Moves a property from the state it was read in to another; gives none when the state has changed meanwhile.
pub async fn set_status(tx: &Tx, id: PropertyId, from: PropertyStatus, to: PropertyStatus) -> Result<Option<Property>> {
    let sql = format!(
        "-- properties.set_status
         UPDATE properties SET status = $3, updated_at = app_now() WHERE id = $1 AND status = $2 RETURNING {COLUMNS}"
    );
    tx.row(&sql, &[&id.uuid(), &from.as_str(), &to.as_str()]).await?.as_ref().map(from_row).transpose()
}

/// Counts a guest's review that this transaction publishes; gives the property as it then is.
pub async fn add_rating(
    tx: &Tx,
    id: PropertyId,
    rating: Stars,
    categories: &BTreeMap<ReviewCategory, Stars>,
) -> Result<Property> {
    count_rating(tx, id, (rating, categories), '+').await
}

/// Counts a guest's review no longer; gives the property as it then is.
pub async fn subtract_rating(
    tx: &Tx,
    id: PropertyId,
    rating: Stars,
    categories: &BTreeMap<ReviewCategory, Stars>,
) -> Result<Property> {
    count_rating(tx, id, (rating, categories), '-').await
}

async fn count_rating(
    tx: &Tx,
    id: PropertyId,
    (rating, categories): (Stars, &BTreeMap<ReviewCategory, Stars>),
    sign: char,
) -> Result<Property> {
    let mut stars = vec![i32::from(rating.get())];
    let mut counted = vec![format!("rating_count = rating_count {sign} 1, rating_sum = rating_sum {sign} $2")];
    // In the categories' order, whichever they are: so there are few statements.
    for category in ReviewCategory::ALL {
        let given = categories.get(category).map_or(0, |stars| i32::from(stars.get()));
        stars.push(given);
        let at = stars.len() + 1;
        counted.push(format!(
            "{category}_count = {category}_count {sign} least(${at}::int, 1), \
             {category}_sum = {category}_sum {sign} ${at}::int"
        ));
    }
    let sql = format!(
        "-- properties.count_rating\nUPDATE properties SET {} WHERE id = $1 RETURNING {COLUMNS}",
        counted.join(", ")
    );
    let id = id.uuid();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&id];
    params.extend(stars.iter().map(|stars| stars as &(dyn ToSql + Sync)));
    let row = tx.row(&sql, &params).await?;
    from_row(&row.ok_or_else(|| Error::internal("a review is of a property that is not there"))?)
}

pub(crate) fn from_row(row: &Row) -> Result<Property> {
    let number = |column: &str| unsigned(column, i64::from(row.read::<i16>(column)?));
    let percent = |column: &str| Percent::new(i64::from(row.read::<i16>(column)?)).map_err(Error::internal);
    let extra_guest_fee = match (
        row.read::<Option<i16>>("extra_guest_after")?,
        row.read::<Option<i64>>("extra_guest_per_night_minor")?,
    ) {
        (Some(after), Some(per_night_minor)) => {
            Some(ExtraGuestFee { after: unsigned("extra_guest_after", i64::from(after))?, per_night_minor })
        }
        _ => None,
    };
    Ok(Property {
        id: PropertyId::from_uuid(row.read("id")?),
        host_id: UserId::from_uuid(row.read("host_id")?),
        status: row.parse("status")?,
        details: PropertyDetails {
            title: row.read("title")?,
            description: row.read("description")?,
            kind: row.parse("kind")?,
            room_type: row.parse("room_type")?,
            place: place_from_row(row)?,
            bedrooms: number("bedrooms")?,
            beds: number("beds")?,
            bathrooms: Bathrooms::from_halves(i64::from(row.read::<i16>("bathrooms_halves")?))
                .map_err(Error::internal)?,
            amenities: AmenitySet::from_bits(row.read("amenities")?),
            house_rules: row.read("house_rules")?,
            check_out_time: row.read("check_out_time")?,
            currency: row.parse("currency")?,
            base_price_minor: row.read("base_price_minor")?,
            weekend_price_minor: row.read("weekend_price_minor")?,
            weekly_discount_percent: percent("weekly_discount_percent")?,
            monthly_discount_percent: percent("monthly_discount_percent")?,
            cleaning_fee_minor: row.read("cleaning_fee_minor")?,
            extra_guest_fee,
            rules: StayRules {
                min_nights: number("min_nights")?,
                max_nights: number("max_nights")?,
                advance_notice_hours: number("advance_notice_hours")?,
                booking_window_days: number("booking_window_days")?,
                max_guests: number("max_guests")?,
                pets_allowed: row.read("pets_allowed")?,
                check_in_time: row.read("check_in_time")?,
                time_zone: row.parse("time_zone")?,
                preparation_nights: number("preparation_nights")?,
            },
            instant_book: row.read("instant_book")?,
            cancellation_policy: row.parse("cancellation_policy")?,
        },
        rating: rating_from_row(row)?,
        photos: row.read::<Option<Json<Vec<Photo>>>>("photos")?.map(|Json(photos)| photos).unwrap_or_default(),
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}

fn rating_from_row(row: &Row) -> Result<PropertyRating> {
    let number = |column: &str| unsigned(column, i64::from(row.read::<i32>(column)?));
    let tally = |name: &str| -> Result<Tally> {
        Ok(Tally { count: number(&format!("{name}_count"))?, sum: number(&format!("{name}_sum"))? })
    };
    let mut rating = PropertyRating { overall: tally("rating")?, by_category: BTreeMap::new() };
    for category in ReviewCategory::ALL {
        let tally = tally(category.as_str())?;
        if tally.count > 0 {
            rating.by_category.insert(*category, tally);
        }
    }
    Ok(rating)
}

fn place_from_row(row: &Row) -> Result<Option<Place>> {
    let Some(lat_e6) = row.read::<Option<i32>>("lat_e6")? else { return Ok(None) };
    Ok(Some(Place {
        lat_e6,
        lng_e6: row.read("lng_e6")?,
        public_lat_e6: row.read("public_lat_e6")?,
        public_lng_e6: row.read("public_lng_e6")?,
        street: row.read("street")?,
        city: row.read("city")?,
        region: row.read("region")?,
        country: row.parse("country")?,
        postal_code: row.read("postal_code")?,
    }))
}
