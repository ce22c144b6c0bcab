//! What other sites may read of a property's calendar: its secret in `properties`, its taken nights in `bookings` and
//! `calendar_days`. Stays imported from other sites are not told to others: two sites that did so would hand the same
//! nights to and fro for ever.

use domain::calendar_export::ExportedBooking;
use domain::error::Result;
use domain::id::{BookingId, PropertyId};
use domain::time_zone::TimeZoneName;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What an export needs of a property.
#[derive(Clone, Debug)]
pub struct ExportedProperty {
    /// The secret in its address; none while no host has asked for it.
    pub token: Option<String>,
    /// Its zone: tells which nights are over.
    pub time_zone: TimeZoneName,
    /// When it was made.
    pub created_at: Timestamp,
    /// The database's clock.
    pub now: Timestamp,
}

/// The property whose calendar is asked for, unless it is archived.
pub async fn find(queries: &impl Queries, id: PropertyId) -> Result<Option<ExportedProperty>> {
    let sql = "-- calendar_exports.find
               SELECT calendar_token, time_zone, created_at, app_now() AS now FROM properties
               WHERE id = $1 AND status <> 'archived'";
    let Some(row) = queries.row(sql, &[&id.uuid()]).await? else { return Ok(None) };
    Ok(Some(ExportedProperty {
        token: row.read("calendar_token")?,
        time_zone: row.parse("time_zone")?,
        created_at: row.read("created_at")?,
        now: row.read("now")?,
    }))
}

/// Keeps a secret in place of whichever is there.
pub async fn replace_token(tx: &Tx, id: PropertyId, new_token: &str) -> Result<()> {
    let sql = "-- calendar_exports.replace_token\nUPDATE properties SET calendar_token = $2 WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &new_token]).await?;
    Ok(())
}

/// Bookings that hold nights, those that ended before `from` left out, in order of arrival.
pub async fn bookings(queries: &impl Queries, id: PropertyId, from: Date) -> Result<Vec<ExportedBooking>> {
    let sql = "-- calendar_exports.bookings
               SELECT id, check_in, check_out, held_until, status = 'confirmed' AS is_confirmed, updated_at
               FROM bookings
               WHERE property_id = $1 AND held_until > $2
                   AND status IN ('pending_payment', 'pending_host', 'confirmed')
                   AND (hold_expires_at IS NULL OR hold_expires_at > app_now())
               ORDER BY check_in";
    let rows = queries.rows(sql, &[&id.uuid(), &from]).await?;
    let booking = |row: &tokio_postgres::Row| {
        Ok(ExportedBooking {
            id: BookingId::from_uuid(row.read("id")?),
            check_in: row.read("check_in")?,
            check_out: row.read("check_out")?,
            held_until: row.read("held_until")?,
            is_confirmed: row.read("is_confirmed")?,
            updated_at: row.read("updated_at")?,
        })
    };
    rows.iter().map(booking).collect()
}

/// Nights that the host has blocked and those that changes of bookings hold besides the bookings' own, from `from` on.
pub async fn blocked_nights(queries: &impl Queries, id: PropertyId, from: Date) -> Result<Vec<Date>> {
    let sql = "-- calendar_exports.blocked_nights
               SELECT night FROM calendar_days WHERE property_id = $1 AND night >= $2 AND blocked
               UNION
               SELECT change.check_in + n FROM booking_changes change JOIN bookings own ON own.id = change.booking_id,
                   generate_series(0, change.held_until - change.check_in - 1) n
               WHERE change.property_id = $1 AND change.hold_expires_at > app_now() AND change.check_in + n >= $2
                   AND NOT (change.check_in + n >= own.check_in AND change.check_in + n < own.held_until)
               ORDER BY night";
    queries.rows(sql, &[&id.uuid(), &from]).await?.iter().map(|row| row.read("night")).collect()
}
