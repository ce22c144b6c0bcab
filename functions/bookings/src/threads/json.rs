//! Wire types of threads: what comes in, what goes out.

use domain::booking::Party;
use domain::id::{BookingId, MessageId, PropertyId, ThreadId, UserId};
use domain::message::{MessageKind, MessageText, ThreadEvent};
use jiff::Timestamp;
use serde::Serialize;
use services::threads::{Message, MessageContent, ThreadView};
use users::json::PublicUserOut;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text};

/// What one side writes to the other.
#[derive(ToSchema)]
pub struct SendMessageIn {
    /// The words.
    pub text: MessageText,
}

impl FromFields for SendMessageIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let text = fields.required("text", text);
        Ok(Self { text: text? })
    }
}

/// A question to the host of a listing.
#[derive(ToSchema)]
pub struct CreateThreadIn {
    /// The listing.
    pub property_id: PropertyId,
    /// The words.
    pub text: MessageText,
}

impl FromFields for CreateThreadIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let property_id = fields.required("property_id", text);
        let text = fields.required("text", text);
        Ok(Self { property_id: property_id?, text: text? })
    }
}

/// One entry of a thread: what a side wrote, or what happened to a booking.
#[derive(Serialize, ToSchema)]
pub struct MessageOut {
    id: MessageId,
    thread_id: ThreadId,
    kind: MessageKind,
    /// Who wrote it; null for `system`.
    #[schema(required)]
    sender_id: Option<UserId>,
    /// The words; null for `system`.
    #[schema(required)]
    text: Option<String>,
    /// What happened; null for `message`.
    #[schema(required)]
    event: Option<ThreadEvent>,
    /// To which booking; null for `message`.
    #[schema(required)]
    booking_id: Option<BookingId>,
    /// Who caused it; null for `message`.
    #[schema(required)]
    by: Option<Party>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<&Message> for MessageOut {
    fn from(message: &Message) -> Self {
        let empty = Self {
            id: message.id,
            thread_id: message.thread_id,
            kind: MessageKind::Message,
            sender_id: None,
            text: None,
            event: None,
            booking_id: None,
            by: None,
            created_at: message.created_at,
        };
        match &message.content {
            MessageContent::Written { sender_id, text } => {
                Self { sender_id: Some(*sender_id), text: Some(text.clone()), ..empty }
            }
            MessageContent::Happened { booking_id, event, by } => {
                let kind = MessageKind::System;
                Self { kind, event: Some(*event), booking_id: Some(*booking_id), by: Some(*by), ..empty }
            }
        }
    }
}

/// What a thread is about.
#[derive(Serialize, ToSchema)]
pub struct ThreadPropertyOut {
    id: PropertyId,
    #[schema(required)]
    title: Option<String>,
}

/// The conversation of a guest and a host about a property.
#[derive(Serialize, ToSchema)]
pub struct ThreadOut {
    id: ThreadId,
    property: ThreadPropertyOut,
    guest_id: UserId,
    host_id: UserId,
    /// The one the caller writes with.
    other_party: PublicUserOut,
    /// The guest's bookings of the property, newest first.
    booking_ids: Vec<BookingId>,
    last_message: MessageOut,
    /// Messages of the other side since the caller last marked the thread as read.
    unread_count: u32,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    /// When the last message was written.
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&ThreadView> for ThreadOut {
    fn from(view: &ThreadView) -> Self {
        let thread = &view.thread;
        Self {
            id: thread.id,
            property: ThreadPropertyOut { id: thread.property_id, title: thread.property_title.clone() },
            guest_id: thread.guest_id,
            host_id: thread.host_id,
            other_party: PublicUserOut::from(&view.other),
            booking_ids: thread.booking_ids.clone(),
            last_message: MessageOut::from(&thread.last_message),
            unread_count: view.unread,
            created_at: thread.created_at,
            updated_at: thread.last_message_at,
        }
    }
}
