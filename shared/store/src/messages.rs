//! The table `messages`: what is in a thread, at places counted up from 1. What happened to bookings is written by the
//! database itself, with the booking's timeline.

use domain::booking::Party;
use domain::error::{Error, Result};
use domain::id::{BookingId, MessageId, ThreadId, UserId};
use domain::message::{MessageText, ThreadEvent};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageContent {
    /// Somebody's words.
    Written {
        /// Who wrote.
        sender_id: UserId,
        /// What.
        text: String,
    },
    /// What happened to a booking.
    Happened {
        /// To which.
        booking_id: BookingId,
        /// What.
        event: ThreadEvent,
        /// By whom.
        by: Party,
    },
}

/// One entry of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Identity.
    pub id: MessageId,
    /// Where it stands.
    pub thread_id: ThreadId,
    /// At which place: later ones are higher.
    pub position: i64,
    /// What it says.
    pub content: MessageContent,
    /// When it was written.
    pub created_at: Timestamp,
}

/// The columns of `messages m`, under names that can stand beside those of a thread.
pub(crate) const COLUMNS: &str = "m.id AS message_id, m.thread_id, m.position, m.sender_id, m.text, m.booking_id, \
                                  m.event, m.caused_by, m.created_at AS written_at";

/// Adds what a party of the thread writes to its end, unread by the other side.
pub async fn write(tx: &Tx, thread_id: ThreadId, sender_id: UserId, text: &MessageText) -> Result<Message> {
    let sql = format!("-- messages.write\nSELECT {COLUMNS} FROM thread_write($1, $2, $3) m");
    let row = tx.row(&sql, &[&thread_id.uuid(), &sender_id.uuid(), &text.as_str()]).await?;
    from_row(&row.ok_or_else(|| Error::internal("a message to a thread of others"))?)
}

/// The message of this id.
pub async fn find(queries: &impl Queries, id: MessageId) -> Result<Option<Message>> {
    let sql = format!("-- messages.find\nSELECT {COLUMNS} FROM messages m WHERE m.id = $1");
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// A page of a thread, newest first. `before` is the place of the last message of the page before.
pub async fn list_of_thread(
    queries: &impl Queries,
    thread_id: ThreadId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Message>> {
    let sql = format!(
        "-- messages.list_of_thread
         SELECT {COLUMNS} FROM messages m
         WHERE m.thread_id = $1 AND m.position < coalesce($2::bigint, 9223372036854775807)
         ORDER BY m.position DESC LIMIT $3"
    );
    queries.rows(&sql, &[&thread_id.uuid(), &before, &limit]).await?.iter().map(from_row).collect()
}

/// The newest of each of these threads, at most `each` of one, in one statement; newest first within a thread.
pub async fn newest_of_threads(queries: &impl Queries, ids: &[ThreadId], each: i64) -> Result<Vec<Message>> {
    let sql = format!(
        "-- messages.newest_of_threads
         SELECT newest.* FROM unnest($1::uuid[]) AS wanted (thread_id)
         CROSS JOIN LATERAL (SELECT {COLUMNS} FROM messages m WHERE m.thread_id = wanted.thread_id
                             ORDER BY m.position DESC LIMIT $2) newest
         ORDER BY newest.thread_id, newest.position DESC"
    );
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids, &each]).await?.iter().map(from_row).collect()
}

pub(crate) fn from_row(row: &Row) -> Result<Message> {
    let content = match row.read::<Option<String>>("text")? {
        Some(text) => MessageContent::Written { sender_id: UserId::from_uuid(row.read("sender_id")?), text },
        None => MessageContent::Happened {
            booking_id: BookingId::from_uuid(row.read("booking_id")?),
            event: row.parse("event")?,
            by: row.parse("caused_by")?,
        },
    };
    Ok(Message {
        id: MessageId::from_uuid(row.read("message_id")?),
        thread_id: ThreadId::from_uuid(row.read("thread_id")?),
        position: row.read("position")?,
        content,
        created_at: row.read("written_at")?,
    })
}
