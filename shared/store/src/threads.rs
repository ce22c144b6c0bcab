//! The table `threads`: the conversation of a guest and a host about a property, one a guest and property.

use domain::error::{Error, Result};
use domain::id::{BookingId, PropertyId, ThreadId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::messages::{self, Message};
use crate::row::{RowExt, unsigned};
use crate::tx::{Queries, Tx};

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Identity.
    pub id: ThreadId,
    /// What it is about.
    pub property_id: PropertyId,
    /// What the property is called; a draft may have no title.
    pub property_title: Option<String>,
    /// Who travels, or asks.
    pub guest_id: UserId,
    /// Whose place it is.
    pub host_id: UserId,
    /// The guest's bookings of the property, newest first.
    pub booking_ids: Vec<BookingId>,
    /// Messages of the host that the guest has not read.
    pub guest_unread: u32,
    /// Messages of the guest that the host has not read.
    pub host_unread: u32,
    /// What was written last.
    pub last_message: Message,
    /// When.
    pub last_message_at: Timestamp,
    /// When the first was written.
    pub created_at: Timestamp,
}

/// A thread that begins with no message yet is in no list: both are joined.
fn select() -> String {
    format!(
        "SELECT t.id, t.property_id, p.title, t.guest_id, t.host_id, t.guest_unread, t.host_unread, t.last_message_at,
             t.created_at, {},
             ARRAY(SELECT b.id FROM bookings b WHERE b.guest_id = t.guest_id AND b.property_id = t.property_id
                   ORDER BY b.id DESC) AS booking_ids
         FROM threads t
         JOIN properties p ON p.id = t.property_id
         JOIN messages m ON m.thread_id = t.id AND m.position = t.last_position",
        messages::COLUMNS
    )
}

/// The thread of this guest and property, made if there is none. The property is locked before, as by who books it.
pub async fn of_guest(tx: &Tx, guest_id: UserId, property_id: PropertyId, host_id: UserId) -> Result<ThreadId> {
    let sql = "-- threads.of_guest\nSELECT thread_of($1, $2, $3) AS id";
    let row = tx.row(sql, &[&guest_id.uuid(), &property_id.uuid(), &host_id.uuid()]).await?;
    let row = row.ok_or_else(|| Error::internal("SELECT of a value gave no row"))?;
    Ok(ThreadId::from_uuid(row.read("id")?))
}

/// The id of the thread of this guest and property, if they have one.
pub async fn id_of_guest(
    queries: &impl Queries,
    guest_id: UserId,
    property_id: PropertyId,
) -> Result<Option<ThreadId>> {
    let sql = "-- threads.id_of_guest\nSELECT id FROM threads WHERE guest_id = $1 AND property_id = $2";
    let row = queries.row(sql, &[&guest_id.uuid(), &property_id.uuid()]).await?;
    row.map(|row| row.read("id").map(ThreadId::from_uuid)).transpose()
}

/// The ids of the threads that bookings are in, with the bookings: one pair a booking that has a thread.
pub async fn ids_of_bookings(queries: &impl Queries, ids: &[BookingId]) -> Result<Vec<(BookingId, ThreadId)>> {
    let sql = "-- threads.ids_of_bookings
               SELECT b.id AS booking_id, t.id FROM bookings b
               JOIN threads t ON t.guest_id = b.guest_id AND t.property_id = b.property_id
               WHERE b.id = ANY($1)";
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = queries.rows(sql, &[&ids]).await?;
    let pair = |row: &Row| Ok((BookingId::from_uuid(row.read("booking_id")?), ThreadId::from_uuid(row.read("id")?)));
    rows.iter().map(pair).collect()
}

/// The thread of this id.
pub async fn find(queries: &impl Queries, id: ThreadId) -> Result<Option<Thread>> {
    let sql = format!("-- threads.find\n{} WHERE t.id = $1", select());
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// A page of somebody's threads on either side, newest message first. `after` is the last of the page before.
pub async fn list_of_user(
    queries: &impl Queries,
    user_id: UserId,
    after: Option<(Timestamp, ThreadId)>,
    limit: i64,
) -> Result<Vec<Thread>> {
    // Each side has its index, and each gives no more than a page.
    let side = |party: &str| {
        format!(
            "(SELECT id, last_message_at FROM threads
              WHERE {party} = $1 AND (last_message_at, id)
                  < (coalesce($2::timestamptz, 'infinity'),
                     coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
              ORDER BY last_message_at DESC, id DESC LIMIT $4)"
        )
    };
    let sql = format!(
        "-- threads.list_of_user
         {} WHERE t.id IN (SELECT id FROM ({} UNION ALL {}) newest ORDER BY last_message_at DESC, id DESC LIMIT $4)
         ORDER BY t.last_message_at DESC, t.id DESC",
        select(),
        side("guest_id"),
        side("host_id")
    );
    let (at, id) = (after.map(|it| it.0), after.map(|it| it.1.uuid()));
    queries.rows(&sql, &[&user_id.uuid(), &at, &id, &limit]).await?.iter().map(from_row).collect()
}

/// Marks what the other side wrote as read; says whether the thread is there and the reader's.
pub async fn mark_read(tx: &Tx, id: ThreadId, reader_id: UserId) -> Result<bool> {
    let sql = "-- threads.mark_read
               UPDATE threads SET guest_unread = CASE WHEN guest_id = $2 THEN 0 ELSE guest_unread END,
                   host_unread = CASE WHEN host_id = $2 THEN 0 ELSE host_unread END
               WHERE id = $1 AND $2 IN (guest_id, host_id)";
    Ok(tx.execute(sql, &[&id.uuid(), &reader_id.uuid()]).await? == 1)
}

fn from_row(row: &Row) -> Result<Thread> {
    let count = |column: &str| unsigned(column, i64::from(row.read::<i32>(column)?));
    let booking_ids: Vec<uuid::Uuid> = row.read("booking_ids")?;
    Ok(Thread {
        id: ThreadId::from_uuid(row.read("id")?),
        property_id: PropertyId::from_uuid(row.read("property_id")?),
        property_title: row.read("title")?,
        guest_id: UserId::from_uuid(row.read("guest_id")?),
        host_id: UserId::from_uuid(row.read("host_id")?),
        booking_ids: booking_ids.into_iter().map(BookingId::from_uuid).collect(),
        guest_unread: count("guest_unread")?,
        host_unread: count("host_unread")?,
        last_message: messages::from_row(row)?,
        last_message_at: row.read("last_message_at")?,
        created_at: row.read("created_at")?,
    })
}
