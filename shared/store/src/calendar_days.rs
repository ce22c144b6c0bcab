//! The table `calendar_days`: what hosts say of single nights. Who writes it has the property's row locked
//! (`FOR UPDATE`), so that a block and a booking of the same night wait for each other.

use std::collections::{BTreeMap, HashMap};

use domain::calendar::{NightSettings, NightTaken, Preparation};
use domain::error::{Error, Result};
use domain::id::{BookingId, FeedId, PropertyId};
use jiff::civil::Date;
use tokio_postgres::Row;

use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

/// A night as it stands: what the host says, and who has it.
#[derive(Clone, Debug)]
pub struct Night {
    /// The date of its evening.
    pub night: Date,
    /// What the host says of it.
    pub settings: NightSettings,
    /// What takes it.
    pub taken: NightTaken,
    /// The booking that holds it.
    pub booking_id: Option<BookingId>,
    /// The feed by which it is known to be taken on another site; one of them, if there are several.
    pub feed_id: Option<FeedId>,
}

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

/// Every night from `from` to the one before `to`, in order, in one statement; holds that ran out take nothing.
pub async fn nights(queries: &impl Queries, property_id: PropertyId, (from, to): (Date, Date)) -> Result<Vec<Night>> {
    let sql = "-- calendar_days.nights
               WITH held AS MATERIALIZED (
                   SELECT id, check_in, check_out, held_until FROM bookings
                   WHERE property_id = $1 AND check_in < $3 AND held_until > $2
                       AND status IN ('pending_payment', 'pending_host', 'confirmed')
                       AND (hold_expires_at IS NULL OR hold_expires_at > app_now())
                   UNION ALL
                   SELECT booking_id, check_in, check_out, held_until FROM booking_changes
                   WHERE property_id = $1 AND check_in < $3 AND held_until > $2 AND hold_expires_at > app_now()
               ), booked AS (
                   -- A stay and its change may share nights.
                   SELECT held.check_in + n AS night, held.id, bool_and(held.check_in + n >= held.check_out) AS is_preparation
                   FROM held, generate_series(0, held.held_until - held.check_in - 1) n
                   GROUP BY 1, 2
               ), imported AS (
                   SELECT DISTINCT ON (i.check_in + n) i.check_in + n AS night, i.feed_id
                   FROM imported_stays i,
                       generate_series(greatest($2 - i.check_in, 0), least($3, i.check_out) - i.check_in - 1) n
                   WHERE i.property_id = $1 AND i.check_in < $3 AND i.check_out > $2
                   ORDER BY i.check_in + n, i.feed_id
               )
               SELECT $2::date + n AS night, coalesce(d.blocked, false) AS blocked, d.price_minor, d.min_nights, d.note,
                   b.id AS booking_id, coalesce(b.is_preparation, false) AS is_preparation, i.feed_id
               FROM generate_series(0, $3::date - $2::date - 1) n
                   LEFT JOIN calendar_days d ON d.property_id = $1 AND d.night = $2::date + n
                       AND d.night >= $2 AND d.night < $3
                   LEFT JOIN booked b ON b.night = $2::date + n
                   LEFT JOIN imported i ON i.night = $2::date + n
               ORDER BY n";
    queries.rows(sql, &[&property_id.uuid(), &from, &to]).await?.iter().map(night_from_row).collect()
}

fn night_from_row(row: &Row) -> Result<Night> {
    let booking_id = row.read::<Option<uuid::Uuid>>("booking_id")?.map(BookingId::from_uuid);
    let feed_id = row.read::<Option<uuid::Uuid>>("feed_id")?.map(FeedId::from_uuid);
    let is_preparation = row.read("is_preparation")?;
    Ok(Night {
        night: row.read("night")?,
        settings: settings_from_row(row)?,
        taken: NightTaken { booking: booking_id.map(|_| Preparation(is_preparation)), imported: feed_id.is_some() },
        booking_id,
        feed_id,
    })
}

fn settings_from_row(row: &Row) -> Result<NightSettings> {
    let min_nights = row.read::<Option<i16>>("min_nights")?;
    Ok(NightSettings {
        blocked: row.read("blocked")?,
        price_minor: row.read("price_minor")?,
        min_nights: min_nights.map(|nights| unsigned("min_nights", i64::from(nights))).transpose()?,
        note: row.read("note")?,
    })
}

/// What the host says of these nights; those of which nothing is said are left out.
pub async fn settings_of(tx: &Tx, property_id: PropertyId, nights: &[Date]) -> Result<BTreeMap<Date, NightSettings>> {
    let sql = "-- calendar_days.settings_of
               SELECT night, blocked, price_minor, min_nights, note FROM calendar_days
               WHERE property_id = $1 AND night = ANY($2)";
    let rows = tx.rows(sql, &[&property_id.uuid(), &nights]).await?;
    rows.iter().map(|row| Ok((row.read("night")?, settings_from_row(row)?))).collect()
}

/// Keeps what the host says of nights; rows that would say what they say already are left alone. Lock the property
/// first.
pub async fn upsert(tx: &Tx, property_id: PropertyId, nights: &BTreeMap<Date, NightSettings>) -> Result<()> {
    let sql = "-- calendar_days.upsert
               INSERT INTO calendar_days AS kept (property_id, night, blocked, price_minor, min_nights, note)
               SELECT $1, * FROM unnest($2::date[], $3::boolean[], $4::bigint[], $5::smallint[], $6::text[])
               ON CONFLICT (property_id, night) DO UPDATE
               SET blocked = EXCLUDED.blocked, price_minor = EXCLUDED.price_minor, min_nights = EXCLUDED.min_nights,
                   note = EXCLUDED.note
               WHERE (kept.blocked, kept.price_minor, kept.min_nights, kept.note) IS DISTINCT FROM
                   (EXCLUDED.blocked, EXCLUDED.price_minor, EXCLUDED.min_nights, EXCLUDED.note)";
    let dates: Vec<Date> = nights.keys().copied().collect();
    let blocked: Vec<bool> = nights.values().map(|settings| settings.blocked).collect();
    let prices: Vec<Option<i64>> = nights.values().map(|settings| settings.price_minor).collect();
    let small = |nights: u32| i16::try_from(nights).map_err(Error::internal);
    let min_nights: Vec<Option<i16>> =
        nights.values().map(|settings| settings.min_nights.map(small).transpose()).collect::<Result<_>>()?;
    let notes: Vec<Option<&str>> = nights.values().map(|settings| settings.note.as_deref()).collect();
    tx.execute(sql, &[&property_id.uuid(), &dates, &blocked, &prices, &min_nights, &notes]).await?;
    Ok(())
}

/// Forgets what the host said of these nights. Lock the property first.
pub async fn delete(tx: &Tx, property_id: PropertyId, nights: &[Date]) -> Result<()> {
    let sql = "-- calendar_days.delete\nDELETE FROM calendar_days WHERE property_id = $1 AND night = ANY($2)";
    tx.execute(sql, &[&property_id.uuid(), &nights]).await?;
    Ok(())
}
