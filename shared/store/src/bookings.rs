//! The table `bookings`. That no two hold the same night is the constraint `bookings_no_overlap`'s doing; that none
//! holds a blocked or imported night is each writer's, who has the property's row locked.

use domain::booking::{BookingEvent, BookingStatus, Party};
use domain::cancellation::CancellationPolicy;
use domain::error::{Error, Result};
use domain::id::{BookingId, PaymentId, PropertyId, UserId};
use domain::pricing::Price;
use domain::stay::{Guests, StayDates};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

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
    /// The policy as frozen when booked.
    pub cancellation_policy: CancellationPolicy,
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

/// What a new booking needs.
pub struct NewBooking<'a> {
    /// Identity.
    pub id: BookingId,
    /// What is booked.
    pub property_id: PropertyId,
    /// Who travels.
    pub guest_id: UserId,
    /// Whose place it is.
    pub host_id: UserId,
    /// The nights.
    pub dates: StayDates,
    /// Nights kept free after check-out.
    pub preparation_nights: u32,
    /// How many come.
    pub guests: Guests,
    /// The price.
    pub price: &'a Price,
    /// The policy.
    pub cancellation_policy: CancellationPolicy,
    /// Whether paying confirms.
    pub instant_book: bool,
    /// The guest's words to the host.
    pub message: Option<&'a str>,
    /// How long the nights are held unpaid.
    pub hold_minutes: i64,
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
const STATUS: &str = "CASE WHEN hold_expires_at <= app_now() THEN 'expired' ELSE status END";

fn columns() -> String {
    format!(
        "id, property_id, guest_id, host_id, {STATUS} AS status, check_in, check_out, held_until, adults, children, infants, \
         pets, price, cancellation_policy, instant_book, \
         CASE WHEN hold_expires_at > app_now() THEN hold_expires_at END AS hold_expires_at, cancelled_by, \
         payment_id, confirmed_at, \
         timeline, created_at, updated_at"
    )
}

/// Nights that the host has blocked or another site has taken in a range that begins on `from` and ends before
/// `until`: true in SQL when there is one.
fn is_closed(property_id: &str, from: &str, until: &str) -> String {
    format!(
        "(EXISTS (SELECT 1 FROM calendar_days closed
                  WHERE closed.property_id = {property_id} AND closed.night >= {from} AND closed.night < {until}
                      AND closed.blocked)
          OR EXISTS (SELECT 1 FROM imported_stays closed
                     WHERE closed.property_id = {property_id} AND closed.check_in < {until}
                         AND closed.check_out > {from}))"
    )
}

/// Inserts a booking that holds its nights, or gives none when one of them is taken: held by another booking, blocked
/// by the host or taken on another site. Lock the property first, in a statement of its own
/// ([`crate::properties::find_for_booking`]): this one sees what was committed before it began.
///
/// ON CONFLICT names the constraint: the loser of a race neither waits in a deadlock nor aborts its transaction.
pub async fn insert(tx: &Tx, booking: &NewBooking<'_>) -> Result<Option<Booking>> {
    let sql = format!(
        "-- bookings.insert
         INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
             children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
             instant_book, message, hold_expires_at, timeline)
         SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, 'pending_payment', $5::date, $6::date, $6::date + $7::int,
             $8::smallint, $9::smallint, $10::smallint, $11::smallint, $12::jsonb, $13::text, $14::bigint, $15::bigint,
             $16::text, $17::boolean, $18::text, app_now() + $19::bigint * interval '1 minute',
             jsonb_build_array(jsonb_build_object('at', app_now(), 'event', 'created', 'by', 'guest'))
         WHERE NOT {}
         ON CONFLICT ON CONSTRAINT bookings_no_overlap DO NOTHING
         RETURNING {}",
        is_closed("$2::uuid", "$5::date", "($6::date + $7::int)"),
        columns()
    );
    let price = serde_json::to_value(booking.price).map_err(Error::internal)?;
    let count = |number: u32| i16::try_from(number).map_err(Error::internal);
    let days = |number: u32| i32::try_from(number).map_err(Error::internal);
    tx.row(
        &sql,
        &[
            &booking.id.uuid(),
            &booking.property_id.uuid(),
            &booking.guest_id.uuid(),
            &booking.host_id.uuid(),
            &booking.dates.check_in(),
            &booking.dates.check_out(),
            &days(booking.preparation_nights)?,
            &count(booking.guests.adults)?,
            &count(booking.guests.children)?,
            &count(booking.guests.infants)?,
            &count(booking.guests.pets)?,
            &price,
            &booking.price.total.currency.code(),
            &booking.price.total.amount,
            &booking.price.host_payout.amount,
            &booking.cancellation_policy.as_str(),
            &booking.instant_book,
            &booking.message,
            &booking.hold_minutes,
        ],
    )
    .await?
    .as_ref()
    .map(from_row)
    .transpose()
}

/// Lets go of the nights that overdue holds of the property still keep in a range; gives how many there were.
pub async fn expire_overdue_on(tx: &Tx, property_id: PropertyId, from: Date, until: Date) -> Result<u64> {
    let sql = "-- bookings.expire_overdue_on
               UPDATE bookings
               SET status = 'expired', hold_expires_at = NULL, updated_at = app_now(), timeline = timeline ||
                   jsonb_build_object('at', hold_expires_at, 'event', 'expired', 'by', 'system')
               WHERE property_id = $1 AND check_in < $3 AND held_until > $2
                   AND status IN ('pending_payment', 'pending_host') AND hold_expires_at <= app_now()";
    tx.execute(sql, &[&property_id.uuid(), &from, &until]).await
}

/// The same over all properties, at most `limit` of them: the sweeper's step. Rows another sweeper has are left to it.
pub async fn expire_overdue(tx: &Tx, limit: i64) -> Result<u64> {
    let sql = "-- bookings.expire_overdue
               UPDATE bookings
               SET status = 'expired', hold_expires_at = NULL, updated_at = app_now(), timeline = timeline ||
                   jsonb_build_object('at', hold_expires_at, 'event', 'expired', 'by', 'system')
               WHERE id IN (SELECT id FROM bookings WHERE hold_expires_at <= app_now()
                            ORDER BY hold_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)";
    tx.execute(sql, &[&limit]).await
}

/// Completes stays whose check-out time has passed in the property's zone, at most `limit` of them.
pub async fn complete_ended(tx: &Tx, limit: i64) -> Result<u64> {
    let sql = "-- bookings.complete_ended
               UPDATE bookings
               SET status = 'completed', updated_at = app_now(), timeline = timeline ||
                   jsonb_build_object('at', app_now(), 'event', 'completed', 'by', 'system')
               WHERE id IN (SELECT b.id FROM bookings b JOIN properties p ON p.id = b.property_id
                            WHERE b.status = 'confirmed' AND b.check_out <= (app_now() + interval '1 day')::date
                                AND (b.check_out + p.check_out_time) AT TIME ZONE p.time_zone <= app_now()
                            ORDER BY b.check_out LIMIT $1 FOR UPDATE OF b SKIP LOCKED)";
    tx.execute(sql, &[&limit]).await
}

/// Bookings whose time to pay or to answer is about to run out, and of which nobody has been told in this state; at most
/// `limit`, and they are told of from now on. A request that was accepted waits for the card, not for its host.
pub async fn claim_expiring(
    tx: &Tx,
    hold_notice_minutes: i64,
    answer_notice_hours: i64,
    limit: i64,
) -> Result<Vec<Booking>> {
    let sql = format!(
        "-- bookings.claim_expiring
         UPDATE bookings SET expiry_told_in = status
         WHERE id IN (SELECT b.id FROM bookings b
                      WHERE b.hold_expires_at > app_now()
                          AND b.hold_expires_at <= app_now() + $2::bigint * interval '1 hour'
                          AND b.expiry_told_in IS DISTINCT FROM b.status
                          AND CASE b.status
                              WHEN 'pending_payment' THEN
                                  b.hold_expires_at <= app_now() + $1::bigint * interval '1 minute'
                              ELSE NOT EXISTS (SELECT 1 FROM payments p
                                               WHERE p.booking_id = b.id AND p.instruction = 'capture')
                              END
                      ORDER BY b.hold_expires_at LIMIT $3 FOR UPDATE OF b SKIP LOCKED)
         RETURNING {}",
        columns()
    );
    tx.rows(&sql, &[&hold_notice_minutes, &answer_notice_hours, &limit]).await?.iter().map(from_row).collect()
}

/// Confirmed stays that begin tomorrow in the property's zone, and of which nobody has been told; at most `limit`, and
/// they are told of from now on.
pub async fn claim_arrivals(tx: &Tx, limit: i64) -> Result<Vec<Booking>> {
    let sql = format!(
        "-- bookings.claim_arrivals
         UPDATE bookings SET arrival_told_for = check_in
         WHERE id IN (SELECT b.id FROM bookings b JOIN properties p ON p.id = b.property_id
                      WHERE b.status = 'confirmed' AND b.arrival_told_for IS DISTINCT FROM b.check_in
                          AND b.check_in BETWEEN (app_now() AT TIME ZONE 'UTC')::date
                              AND (app_now() AT TIME ZONE 'UTC')::date + 2
                          AND b.check_in = (app_now() AT TIME ZONE p.time_zone)::date + 1
                      ORDER BY b.check_in LIMIT $1 FOR UPDATE OF b SKIP LOCKED)
         RETURNING {}",
        columns()
    );
    tx.rows(&sql, &[&limit]).await?.iter().map(from_row).collect()
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

/// Those of these nights that somebody sleeps there, in order: nights of preparation are nobody's. Lock the property
/// and expire what is overdue first.
pub async fn booked_nights(tx: &Tx, property_id: PropertyId, nights: &[Date]) -> Result<Vec<Date>> {
    let sql = "-- bookings.booked_nights
               SELECT night FROM unnest($2::date[]) night
               WHERE EXISTS (SELECT 1 FROM bookings
                             WHERE property_id = $1 AND check_in <= night AND check_out > night
                                 AND status IN ('pending_payment', 'pending_host', 'confirmed'))
               ORDER BY night";
    let rows = tx.rows(sql, &[&property_id.uuid(), &nights]).await?;
    rows.iter().map(|row| row.read("night")).collect()
}

/// Whether somebody has booked or holds a stay at the property that is not over, by the property's clocks.
pub async fn any_to_come(tx: &Tx, property_id: PropertyId) -> Result<bool> {
    let sql = "-- bookings.any_to_come
               SELECT EXISTS (SELECT 1 FROM bookings b JOIN properties p ON p.id = b.property_id
                              WHERE b.property_id = $1 AND b.status IN ('pending_payment', 'pending_host', 'confirmed')
                                  AND (b.hold_expires_at IS NULL OR b.hold_expires_at > app_now())
                                  AND (b.check_out + p.check_out_time) AT TIME ZONE p.time_zone > app_now()) AS any";
    tx.row(sql, &[&property_id.uuid()]).await?.map_or(Ok(false), |row| row.read("any"))
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

/// How a booking changes.
pub struct Change {
    /// What happened.
    pub event: BookingEvent,
    /// Who did it.
    pub by: Party,
    /// The state after it.
    pub to: BookingStatus,
    /// The end of the hold, for states that have one.
    pub hold_expires_at: Option<Timestamp>,
}

/// Moves a booking that this transaction has locked. The row's own state is compared with the one it was read in, but
/// for a hold that ran out unswept.
pub async fn apply(tx: &Tx, booking: &Booking, change: &Change) -> Result<Booking> {
    let sql = format!(
        "-- bookings.apply
         UPDATE bookings SET status = $3, hold_expires_at = $4, updated_at = app_now(),
             confirmed_at = CASE WHEN $3 = 'confirmed' THEN app_now() ELSE confirmed_at END,
             cancelled_by = CASE WHEN $3 = 'cancelled' THEN $6::text END,
             timeline = timeline || jsonb_build_object('at', app_now(), 'event', $5::text, 'by', $6::text)
         WHERE id = $1 AND {STATUS} = $2
         RETURNING {}",
        columns()
    );
    let (id, from, to) = (booking.id.uuid(), booking.status.as_str(), change.to.as_str());
    let (event, by) = (change.event.as_str(), change.by.as_str());
    let row = tx.row(&sql, &[&id, &from, &to, &change.hold_expires_at, &event, &by]).await?;
    from_row(&row.ok_or_else(|| Error::internal("a locked booking changed its state"))?)
}

/// Keeps new bookings of the property waiting until this transaction ends.
pub async fn lock_property(tx: &Tx, id: PropertyId) -> Result<()> {
    let sql = "-- bookings.lock_property\nSELECT 1 FROM properties WHERE id = $1 FOR UPDATE";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}

/// Whether a night that this booking would hold is held by another, blocked or taken on another site; lock the
/// property first.
pub async fn nights_are_taken(tx: &Tx, booking: &Booking) -> Result<bool> {
    let sql = format!(
        "-- bookings.nights_are_taken
         SELECT EXISTS (SELECT 1 FROM bookings other
                        WHERE other.property_id = own.property_id AND other.id <> own.id
                            AND other.held_nights && own.held_nights
                            AND other.status IN ('pending_payment', 'pending_host', 'confirmed'))
             OR {} AS taken
         FROM bookings own WHERE own.id = $1",
        is_closed("own.property_id", "own.check_in", "own.held_until")
    );
    let row = tx.row(&sql, &[&booking.id.uuid()]).await?;
    row.map_or(Ok(false), |row| row.read("taken"))
}

/// Moves the end of the hold of a booking that this transaction has locked.
pub async fn extend_hold(tx: &Tx, id: BookingId, hold_expires_at: Timestamp) -> Result<()> {
    let sql = "-- bookings.extend_hold
               UPDATE bookings SET hold_expires_at = $2, updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &hold_expires_at]).await?;
    Ok(())
}

/// Notes the attempt to pay that was made last.
pub async fn set_payment(tx: &Tx, id: BookingId, payment_id: PaymentId) -> Result<()> {
    let sql = "-- bookings.set_payment\nUPDATE bookings SET payment_id = $2, updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &payment_id.uuid()]).await?;
    Ok(())
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

fn from_row(row: &Row) -> Result<Booking> {
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
        cancellation_policy: row.parse("cancellation_policy")?,
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
