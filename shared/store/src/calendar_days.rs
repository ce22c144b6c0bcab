//! The table `calendar_days`: what hosts say of single nights. Who writes it has the property's row locked
//! (`FOR UPDATE`), so that a block and a booking of the same night wait for each other.

use std::collections::{BTreeMap, HashMap};

use domain::error::Result;
use domain::id::PropertyId;
use jiff::civil::Date;

use crate::row::{RowExt, unsigned};
use crate::tx::Queries;

/// What a host's calendar says of one stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StayOverrides {
    /// Prices of single nights, minor units of the property's currency.
    pub prices_minor: BTreeMap<Date, i64>,
    /// The shortest stay that may arrive on the day of arrival.
    pub min_nights: Option<u32>,
}

/// What the calendars of these properties say of a stay, in one statement. A property that says nothing has no entry.
pub async fn overrides_of(
    queries: &impl Queries,
    ids: &[PropertyId],
    (check_in, check_out): (Date, Date),
) -> Result<HashMap<PropertyId, StayOverrides>> {
    let sql = "-- calendar_days.overrides_of
               SELECT property_id, night, price_minor, CASE WHEN night = $2 THEN min_nights END AS min_nights
               FROM calendar_days
               WHERE property_id = ANY($1) AND night >= $2 AND night < $3
                   AND (price_minor IS NOT NULL OR (night = $2 AND min_nights IS NOT NULL))";
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut overrides: HashMap<PropertyId, StayOverrides> = HashMap::new();
    for row in queries.rows(sql, &[&ids, &check_in, &check_out]).await? {
        let of_property = overrides.entry(PropertyId::from_uuid(row.read("property_id")?)).or_default();
        if let Some(price_minor) = row.read("price_minor")? {
            of_property.prices_minor.insert(row.read("night")?, price_minor);
        }
        if let Some(min_nights) = row.read::<Option<i16>>("min_nights")? {
            of_property.min_nights = Some(unsigned("min_nights", i64::from(min_nights))?);
        }
    }
    Ok(overrides)
}
