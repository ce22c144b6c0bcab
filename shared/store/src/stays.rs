//! Which stays a property has room for: bookings, holds, changes, blocks and imported stays seen as one. Reads only; what a
//! booking may take is decided by `bookings.insert`.

use domain::error::Result;
use domain::id::PropertyId;
use jiff::civil::Date;

use crate::row::RowExt;
use crate::tx::Queries;

/// Everything that takes nights of a property in a range, as `first` and the day `past` its last: what is held,
/// blocked or taken on another site. `$1` is the property.
fn taken(from: &str, until: &str) -> String {
    format!(
        "SELECT check_in AS first, held_until AS past FROM bookings
         WHERE property_id = $1 AND check_in < {until} AND held_until > {from}
             AND status IN ('pending_payment', 'pending_host', 'confirmed')
             AND (hold_expires_at IS NULL OR hold_expires_at > app_now())
         UNION ALL
         SELECT check_in, held_until FROM booking_changes
         WHERE property_id = $1 AND check_in < {until} AND held_until > {from} AND hold_expires_at > app_now()
         UNION ALL
         SELECT night, night + 1 FROM calendar_days
         WHERE property_id = $1 AND night >= {from} AND night < {until} AND blocked
         UNION ALL
         SELECT check_in, check_out FROM imported_stays
         WHERE property_id = $1 AND check_in < {until} AND check_out > {from}"
    )
}

/// Whether all nights of `[check_in, held_until)` are free.
pub async fn are_free(queries: &impl Queries, id: PropertyId, (check_in, held_until): (Date, Date)) -> Result<bool> {
    let sql = format!("-- stays.are_free\nSELECT NOT EXISTS ({}) AS free", taken("$2::date", "$3::date"));
    let row = queries.row(&sql, &[&id.uuid(), &check_in, &held_until]).await?;
    row.map_or(Ok(false), |row| row.read("free"))
}

/// What the nearest stays are looked for by.
#[derive(Clone, Copy, Debug)]
pub struct NearestQuery {
    /// The property.
    pub property_id: PropertyId,
    /// The day of arrival that was wanted; not offered itself.
    pub wanted: Date,
    /// Nights of the stay.
    pub nights: i32,
    /// Nights kept free after it.
    pub preparation_nights: i32,
    /// The first and the last day on which a stay may arrive.
    pub arrivals: (Date, Date),
    /// The shortest stay, on days whose calendar asks for nothing else.
    pub min_nights: i32,
    /// How many days before and after the wanted one are looked at.
    pub within_days: i32,
    /// How many are wanted.
    pub limit: i64,
}

/// The days on which a stay of this length can arrive, nearest to the wanted one first, the earlier among equals.
pub async fn nearest(queries: &impl Queries, query: &NearestQuery) -> Result<Vec<Date>> {
    let sql = format!(
        "-- stays.nearest
         WITH taken AS MATERIALIZED ({})
         SELECT $2::date + shift AS check_in
         FROM generate_series(-$3::int, $3::int) shift
             LEFT JOIN calendar_days d ON d.property_id = $1 AND d.night = $2::date + shift
         WHERE shift <> 0 AND $2::date + shift BETWEEN $6::date AND $7::date
             AND coalesce(d.min_nights, $8::int) <= $4::int
             AND NOT EXISTS (SELECT 1 FROM taken
                             WHERE taken.first < $2::date + shift + $4::int + $5::int AND taken.past > $2::date + shift)
         ORDER BY abs(shift), shift LIMIT $9",
        taken("($2::date - $3::int)", "($2::date + $3::int + $4::int + $5::int)")
    );
    let rows = queries
        .rows(
            &sql,
            &[
                &query.property_id.uuid(),
                &query.wanted,
                &query.within_days,
                &query.nights,
                &query.preparation_nights,
                &query.arrivals.0,
                &query.arrivals.1,
                &query.min_nights,
                &query.limit,
            ],
        )
        .await?;
    rows.iter().map(|row| row.read("check_in")).collect()
}
