//! The table `bookings`. That no two hold the same night is the constraint `bookings_no_overlap`'s doing; that none
//! holds a blocked or imported night is each writer's, who has the property's row locked.

use domain::booking::{BookingStatus, Party};
use domain::cancellation::CancellationPolicy;
use domain::error::{Error, Result};
use domain::id::{BookingId, PaymentId, PropertyId, UserId};
use domain::money::BasisPoints;
use domain::pricing::{Price, ServiceFees};
use domain::stay::{Guests, StayDates, StayRules};
use domain::time_zone::TimeZoneName;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

mod nights;
mod steps;

pub use nights::{
    NewBooking, any_to_come, booked_nights, comes_too_late, expire_overdue, expire_overdue_on, insert, lock_property,
    nights_are_taken,
};
pub use steps::{
    Change, apply, apply_change, claim_arrivals, claim_expiring, complete_ended, extend_hold, set_payment,
};

/// One thing that happened to a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When, by the database's clock.
    pub at: Timestamp,
    /// What: `created`, or the code of a [`domain::booking::BookingEvent`].
    pub event: String,
    /// Who did it.
    pub by: Party,
}

/// From when a guest may come: deadlines and payouts are counted from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalTerms {
    /// On the day of check-in, by the clocks there.
    pub check_in_time: Time,
    /// Whose clocks count.
    pub time_zone: TimeZoneName,
}

impl From<&StayRules> for ArrivalTerms {
    fn from(rules: &StayRules) -> Self {
        Self { check_in_time: rules.check_in_time, time_zone: rules.time_zone.clone() }
    }
}

/// A booking.
#[derive(Clone, Debug)]
pub struct Booking {
    /// Identity.
    pub id: BookingId,
    /// What is booked.
    pub property_id: PropertyId,
    /// Who travels.
    pub guest_id: UserId,
    /// Whose place it is.
    pub host_id: UserId,
    /// Where it stands; a hold that ran out reads as `expired` though no sweeper has come by.
    pub status: BookingStatus,
    /// The nights.
    pub dates: StayDates,
    /// End of what is held: check-out and the host's preparation nights.
    pub held_until: Date,
    /// How many come.
    pub guests: Guests,
    /// The price as agreed.
    pub price: Price,
    /// The platform's fees as frozen when booked; none on old bookings.
    pub fees: Option<ServiceFees>,
    /// The policy as frozen when booked.
    pub cancellation_policy: CancellationPolicy,
    /// From when the guest may come, as frozen when booked; none on old bookings.
    pub arrival: Option<ArrivalTerms>,
    /// Whether paying confirms, or the host's answer.
    pub instant_book: bool,
    /// When an unpaid or unanswered booking lets go of its nights.
    pub hold_expires_at: Option<Timestamp>,
    /// The attempt to pay that was made last.
    pub payment_id: Option<PaymentId>,
    /// When it became certain.
    pub confirmed_at: Option<Timestamp>,
    /// Who cancelled.
    pub cancelled_by: Option<Party>,
    /// What happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Whose bookings a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRole {
    /// Those the user travels on.
    Guest,
    /// Those at the user's places.
    Host,
}

/// What a list of bookings is narrowed to.
#[derive(Clone, Debug)]
pub struct ListFilter {
    /// The user.
    pub user_id: UserId,
    /// In which part.
    pub role: ListRole,
    /// Only this state.
    pub status: Option<BookingStatus>,
    /// Only this property.
    pub property_id: Option<PropertyId>,
    /// Only stays that end after this date.
    pub from: Option<Date>,
    /// Only stays that begin before this date.
    pub to: Option<Date>,
    /// Only bookings made before this one.
    pub before: Option<BookingId>,
    /// At most so many.
    pub limit: i64,
}

/// `hold_expires_at` decides by the database's clock, not by when the sweeper came by.
pub(crate) const STATUS: &str = "CASE WHEN hold_expires_at <= app_now() THEN 'expired' ELSE status END";

pub(crate) fn columns() -> String {
    format!(
        "id, property_id, guest_id, host_id, {STATUS} AS status, check_in, check_out, held_until, adults, children, infants, \
         pets, price, guest_fee_basis_points, host_fee_basis_points, cancellation_policy, check_in_time, time_zone, \
         instant_book, \
         CASE WHEN hold_expires_at > app_now() THEN hold_expires_at END AS hold_expires_at, cancelled_by, \
         payment_id, confirmed_at, \
         timeline, created_at, updated_at"
    )
}

/// What the guest wrote to the host when booking.
pub async fn message(queries: &impl Queries, id: BookingId) -> Result<Option<String>> {
    let sql = "-- bookings.message\nSELECT message FROM bookings WHERE id = $1";
    queries.row(sql, &[&id.uuid()]).await?.map_or(Ok(None), |row| row.read("message"))
}

/// How many unpaid bookings of a guest hold nights now.
pub async fn count_unpaid_holds(tx: &Tx, guest_id: UserId) -> Result<i64> {
    let sql = "-- bookings.count_unpaid_holds
               SELECT count(*) AS holds FROM bookings
               WHERE guest_id = $1 AND status = 'pending_payment' AND hold_expires_at > app_now()";
    tx.row(sql, &[&guest_id.uuid()]).await?.map_or(Ok(0), |row| row.read("holds"))
}

/// Whether the user has a confirmed stay at the property, now or to come.
pub async fn has_confirmed(queries: &impl Queries, property_id: PropertyId, guest_id: UserId) -> Result<bool> {
    let sql = "-- bookings.has_confirmed
               SELECT EXISTS (SELECT 1 FROM bookings
                              WHERE guest_id = $2 AND property_id = $1 AND status = 'confirmed') AS confirmed";
    let row = queries.row(sql, &[&property_id.uuid(), &guest_id.uuid()]).await?;
    row.map_or(Ok(false), |row| row.read("confirmed"))
}

/// The booking of this id.
pub async fn find(queries: &impl Queries, id: BookingId) -> Result<Option<Booking>> {
    let sql = format!("-- bookings.find\nSELECT {} FROM bookings WHERE id = $1", columns());
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The bookings of these ids, in no order.
pub async fn find_many(queries: &impl Queries, ids: &[BookingId]) -> Result<Vec<Booking>> {
    let sql = format!("-- bookings.find_many\nSELECT {} FROM bookings WHERE id = ANY($1)", columns());
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids]).await?.iter().map(from_row).collect()
}

/// The booking of this id, and nobody changes it until this transaction ends.
pub async fn find_for_update(tx: &Tx, id: BookingId) -> Result<Option<Booking>> {
    let sql =
        format!("-- bookings.find_for_update\nSELECT {} FROM bookings WHERE id = $1 FOR NO KEY UPDATE", columns());
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// A page of a user's bookings, newest first.
pub async fn list(queries: &impl Queries, filter: &ListFilter) -> Result<Vec<Booking>> {
    let party = match filter.role {
        ListRole::Guest => "guest_id",
        ListRole::Host => "host_id",
    };
    let sql = format!(
        "-- bookings.list
         SELECT {} FROM bookings
         WHERE {party} = $1
             AND ($2::text IS NULL OR {STATUS} = $2)
             AND ($3::uuid IS NULL OR property_id = $3)
             AND ($4::date IS NULL OR check_out > $4)
             AND ($5::date IS NULL OR check_in < $5)
             AND ($6::uuid IS NULL OR id < $6)
         ORDER BY id DESC LIMIT $7",
        columns()
    );
    queries
        .rows(
            &sql,
            &[
                &filter.user_id.uuid(),
                &filter.status.map(BookingStatus::as_str),
                &filter.property_id.map(|id| id.uuid()),
                &filter.from,
                &filter.to,
                &filter.before.map(|id| id.uuid()),
                &filter.limit,
            ],
        )
        .await?
        .iter()
        .map(from_row)
        .collect()
}

pub(crate) fn from_row(row: &Row) -> Result<Booking> {
    let count = |column: &str| unsigned(column, i64::from(row.read::<i16>(column)?));
    Ok(Booking {
        id: BookingId::from_uuid(row.read("id")?),
        property_id: PropertyId::from_uuid(row.read("property_id")?),
        guest_id: UserId::from_uuid(row.read("guest_id")?),
        host_id: UserId::from_uuid(row.read("host_id")?),
        status: row.parse("status")?,
        dates: StayDates::new(row.read("check_in")?, row.read("check_out")?).map_err(Error::internal)?,
        held_until: row.read("held_until")?,
        guests: Guests {
            adults: count("adults")?,
            children: count("children")?,
            infants: count("infants")?,
            pets: count("pets")?,
        },
        price: serde_json::from_value(row.read::<Value>("price")?).map_err(Error::internal)?,
        fees: fees_from_row(row)?,
        cancellation_policy: row.parse("cancellation_policy")?,
        arrival: arrival_from_row(row)?,
        instant_book: row.read("instant_book")?,
        hold_expires_at: row.read("hold_expires_at")?,
        payment_id: row.read::<Option<uuid::Uuid>>("payment_id")?.map(PaymentId::from_uuid),
        confirmed_at: row.read("confirmed_at")?,
        cancelled_by: row.parse_optional("cancelled_by")?,
        timeline: serde_json::from_value(row.read::<Value>("timeline")?).map_err(Error::internal)?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}

fn arrival_from_row(row: &Row) -> Result<Option<ArrivalTerms>> {
    let frozen = row.read::<Option<Time>>("check_in_time")?.zip(row.parse_optional("time_zone")?);
    Ok(frozen.map(|(check_in_time, time_zone)| ArrivalTerms { check_in_time, time_zone }))
}

fn fees_from_row(row: &Row) -> Result<Option<ServiceFees>> {
    let of = |column: &str| {
        let stored = row.read::<Option<i32>>(column)?;
        stored.map(|points| unsigned(column, i64::from(points)).map(BasisPoints)).transpose()
    };
    let fees = of("guest_fee_basis_points")?.zip(of("host_fee_basis_points")?);
    Ok(fees.map(|(guest, host)| ServiceFees { guest, host }))
}
