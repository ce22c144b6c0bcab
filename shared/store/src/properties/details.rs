//! What a host says of a property, written: the columns of [`PropertyDetails`], and what is kept behind them.

use domain::error::{Error, Result};
use domain::geo::PublicOffset;
use domain::id::{PropertyId, UserId};
use tokio_postgres::types::ToSql;

use super::{COLUMNS, Property, PropertyDetails, from_row};
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// Inserts a draft.
pub async fn insert(tx: &Tx, id: PropertyId, host_id: UserId, details: &PropertyDetails) -> Result<Property> {
    let columns = columns(details);
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let places: Vec<String> = (3..columns.len() + 3).map(|place| format!("${place}")).collect();
    let sql = format!(
        "-- properties.insert
         INSERT INTO properties (id, host_id, {}) VALUES ($1, $2, {}) RETURNING {COLUMNS}",
        names.join(", "),
        places.join(", ")
    );
    let (id, host_id) = (id.uuid(), host_id.uuid());
    let row = tx.row(&sql, &params(&[&id, &host_id], &columns)).await?;
    from_row(&row.ok_or_else(|| Error::internal("INSERT … RETURNING gave no row"))?)
}

/// Replaces what the host says of a property that is there and locked.
pub async fn update(tx: &Tx, id: PropertyId, details: &PropertyDetails) -> Result<Property> {
    let columns = columns(details);
    let set: Vec<String> = (2..).zip(&columns).map(|(place, (name, _))| format!("{name} = ${place}")).collect();
    let sql = format!(
        "-- properties.update
         UPDATE properties SET updated_at = app_now(), {} WHERE id = $1 RETURNING {COLUMNS}",
        set.join(", ")
    );
    let id = id.uuid();
    let row = tx.row(&sql, &params(&[&id], &columns)).await?;
    from_row(&row.ok_or_else(|| Error::internal("a locked property is gone"))?)
}

/// Whether nights to come have prices of their own.
pub async fn has_calendar_prices(tx: &Tx, id: PropertyId) -> Result<bool> {
    let sql = "-- properties.has_calendar_prices
               SELECT EXISTS (SELECT 1 FROM calendar_days d JOIN properties p ON p.id = d.property_id
                              WHERE d.property_id = $1 AND d.price_minor IS NOT NULL
                                  AND d.night >= (app_now() AT TIME ZONE p.time_zone)::date) AS any";
    tx.row(sql, &[&id.uuid()]).await?.map_or(Ok(false), |row| row.read("any"))
}

/// The offset of the public point, once it was noted.
pub async fn public_offset(tx: &Tx, id: PropertyId) -> Result<Option<PublicOffset>> {
    let sql = "-- properties.public_offset
               SELECT public_offset_bearing_radians, public_offset_metres FROM properties
               WHERE id = $1 AND public_offset_metres IS NOT NULL";
    let row = tx.row(sql, &[&id.uuid()]).await?;
    let offset = row.map(|row| {
        let bearing_radians = row.read("public_offset_bearing_radians")?;
        Ok(PublicOffset { bearing_radians, metres: row.read("public_offset_metres")? })
    });
    offset.transpose()
}

/// Notes the offset of the public point, unless that was done.
pub async fn set_public_offset(tx: &Tx, id: PropertyId, offset: PublicOffset) -> Result<()> {
    let sql = "-- properties.set_public_offset
               UPDATE properties SET public_offset_bearing_radians = $2, public_offset_metres = $3
               WHERE id = $1 AND public_offset_metres IS NULL";
    tx.execute(sql, &[&id.uuid(), &offset.bearing_radians, &offset.metres]).await?;
    Ok(())
}

/// The columns of the details and their values.
fn columns(details: &PropertyDetails) -> Vec<(&'static str, Value<'_>)> {
    fn value<'a>(value: impl ToSql + Sync + Send + 'a) -> Value<'a> {
        Box::new(value)
    }
    let place = details.place.as_ref();
    let rules = &details.rules;
    vec![
        ("title", value(&details.title)),
        ("description", value(&details.description)),
        ("kind", value(details.kind.as_str())),
        ("room_type", value(details.room_type.as_str())),
        ("lat_e6", value(place.map(|place| place.lat_e6))),
        ("lng_e6", value(place.map(|place| place.lng_e6))),
        ("public_lat_e6", value(place.map(|place| place.public_lat_e6))),
        ("public_lng_e6", value(place.map(|place| place.public_lng_e6))),
        ("street", value(place.and_then(|place| place.street.as_deref()))),
        ("city", value(place.and_then(|place| place.city.as_deref()))),
        ("region", value(place.and_then(|place| place.region.as_deref()))),
        ("country", value(place.map(|place| place.country.as_str()))),
        ("postal_code", value(place.and_then(|place| place.postal_code.as_deref()))),
        ("time_zone", value(rules.time_zone.as_str())),
        ("max_guests", value(small(rules.max_guests))),
        ("bedrooms", value(small(details.bedrooms))),
        ("beds", value(small(details.beds))),
        ("bathrooms_halves", value(i16::from(details.bathrooms.halves()))),
        ("amenities", value(details.amenities.bits())),
        ("house_rules", value(&details.house_rules)),
        ("check_in_time", value(rules.check_in_time)),
        ("check_out_time", value(details.check_out_time)),
        ("currency", value(details.currency.code())),
        ("base_price_minor", value(details.base_price_minor)),
        ("weekend_price_minor", value(details.weekend_price_minor)),
        ("weekly_discount_percent", value(i16::from(details.weekly_discount_percent.get()))),
        ("monthly_discount_percent", value(i16::from(details.monthly_discount_percent.get()))),
        ("cleaning_fee_minor", value(details.cleaning_fee_minor)),
        ("extra_guest_after", value(details.extra_guest_fee.map(|fee| small(fee.after)))),
        ("extra_guest_per_night_minor", value(details.extra_guest_fee.map(|fee| fee.per_night_minor))),
        ("min_nights", value(small(rules.min_nights))),
        ("max_nights", value(small(rules.max_nights))),
        ("advance_notice_hours", value(small(rules.advance_notice_hours))),
        ("preparation_nights", value(small(rules.preparation_nights))),
        ("booking_window_days", value(small(rules.booking_window_days))),
        ("instant_book", value(details.instant_book)),
        ("pets_allowed", value(rules.pets_allowed)),
        ("cancellation_policy", value(details.cancellation_policy.as_str())),
    ]
}

fn params<'a>(
    first: &[&'a (dyn ToSql + Sync)],
    columns: &'a [(&'static str, Value<'_>)],
) -> Vec<&'a (dyn ToSql + Sync)> {
    let values = columns.iter().map(|(_, value)| &**value as &(dyn ToSql + Sync));
    first.iter().copied().chain(values).collect()
}

/// Domain limits keep these numbers far below the column's bound.
fn small(value: u32) -> i16 {
    i16::try_from(value).unwrap_or(i16::MAX)
}
