//! Everything that is held on a person, for that person. An answer of a function has an end (6 MB on Lambda), so an
//! export that is larger goes on where it stopped; nearly everybody's is one answer.

use std::collections::BTreeMap;

use domain::admin::AuditSubject;
use domain::error::Result;
use domain::id::{
    AuditId, AvatarId, BookingId, ChangeId, EmailChangeId, FeedId, IdentityId, MessageId, NotificationId, PaymentId,
    PayoutId, PhotoId, PropertyId, RefundId, ReviewId, ThreadId, UserId, WishlistId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::personal_data::{KINDS, Position};
use uuid::Uuid;

use crate::Services;
use crate::actor::Actor;
use crate::ports::{Notification, Session};

/// Rows of an answer.
const MAX_ROWS: i64 = 5_000;

/// What an answer may come to: well below Lambda's limit, which counts escapes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Entries of the inbox that are read at a time.
const INBOX_PAGE: u32 = 100;

/// Where an export goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportPosition {
    /// Among the rows of the database.
    Rows(i32, String),
    /// In the inbox, before this entry.
    Inbox(Option<NotificationId>),
}

/// An export, or a part of one.
#[derive(Clone, Debug)]
pub struct Export {
    /// By kind, in the order in which they came to be.
    pub records: BTreeMap<&'static str, Vec<Value>>,
    /// Where it goes on, when this was not all.
    pub next: Option<ExportPosition>,
}

impl Services {
    /// What is held on the caller, from a position on.
    ///
    /// # Errors
    /// `not_found` when the account is gone.
    pub async fn export(&self, actor: &Actor, from: Option<ExportPosition>) -> Result<Export> {
        self.me(actor).await?;
        let mut records: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut bytes = 0;
        let inbox = match from {
            Some(ExportPosition::Inbox(before)) => before,
            from => {
                if from.is_none() {
                    for (kind, _) in KINDS {
                        records.insert(*kind, Vec::new());
                    }
                    let sessions = self.sessions_of(actor).await?;
                    records.insert("sessions", sessions.iter().map(session).collect());
                    records.insert("notifications", Vec::new());
                }
                if let Some(next) = self.export_rows(actor, from, &mut records, &mut bytes).await? {
                    return Ok(Export { records, next: Some(next) });
                }
                None
            }
        };
        let next = self.export_inbox(actor, inbox, &mut records, &mut bytes).await?;
        Ok(Export { records, next })
    }

    async fn export_rows(
        &self,
        actor: &Actor,
        from: Option<ExportPosition>,
        records: &mut BTreeMap<&'static str, Vec<Value>>,
        bytes: &mut usize,
    ) -> Result<Option<ExportPosition>> {
        let after = match from {
            Some(ExportPosition::Rows(kind, key)) => Some(Position { kind, key }),
            _ => None,
        };
        let connection = self.db.connection().await?;
        let rows = store::personal_data::records(&connection, actor.user_id, after.as_ref(), MAX_ROWS).await?;
        let is_cut = rows.len() as i64 == MAX_ROWS;
        let mut last = None;
        for row in rows {
            let shown = shown(row.kind, row.data);
            *bytes += shown.to_string().len();
            records.entry(row.kind).or_default().push(shown);
            last = Some(ExportPosition::Rows(row.position.kind, row.position.key));
            if *bytes > MAX_BYTES {
                return Ok(last);
            }
        }
        Ok(last.filter(|_| is_cut))
    }

    async fn export_inbox(
        &self,
        actor: &Actor,
        mut before: Option<NotificationId>,
        records: &mut BTreeMap<&'static str, Vec<Value>>,
        bytes: &mut usize,
    ) -> Result<Option<ExportPosition>> {
        loop {
            let page = self.notifications.page(actor.user_id, before, INBOX_PAGE).await?;
            let Some(last) = page.last().map(|entry| entry.id) else { return Ok(None) };
            let is_last = page.len() < INBOX_PAGE as usize;
            for entry in &page {
                let shown = notification(entry);
                *bytes += shown.to_string().len();
                records.entry("notifications").or_default().push(shown);
            }
            before = Some(last);
            if is_last {
                return Ok(None);
            }
            if *bytes > MAX_BYTES {
                return Ok(Some(ExportPosition::Inbox(before)));
            }
        }
    }
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id, "device": session.device, "created_at": session.created_at,
        "last_used_at": session.used_at, "expires_at": session.expires_at,
    })
}

fn notification(entry: &Notification) -> Value {
    json!({
        "id": entry.id, "kind": entry.kind, "data": entry.data, "created_at": entry.created_at,
        "read_at": entry.read_at,
    })
}

/// A row as the rest of the API would write it: ids with their prefix, amounts with their currency.
fn shown(kind: &str, row: Value) -> Value {
    match row {
        Value::Object(mut members) => {
            name_subject(&mut members);
            let currency = members.get("currency").cloned();
            let shown = |(name, value): (String, Value)| match (name.strip_suffix("_minor"), &currency, &value) {
                (Some(amount), Some(currency), Value::Number(_)) => {
                    (amount.to_owned(), json!({ "amount": value, "currency": currency }))
                }
                _ => {
                    let value = match id(kind, &name, &value) {
                        Some(id) => id,
                        None => shown(&name, value),
                    };
                    (name, value)
                }
            };
            Value::Object(members.into_iter().map(shown).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(|item| shown(kind, item)).collect(),
        other => other,
    }
}

/// What an admin's act was done to has its kind beside it.
fn name_subject(members: &mut Map<String, Value>) {
    let text = |member: &str| members.get(member).and_then(Value::as_str);
    let subject = text("subject_kind").zip(text("subject_id").and_then(|id| Uuid::parse_str(id).ok()));
    if let Some(subject) = subject.and_then(|(kind, id)| AuditSubject::of(kind, id)) {
        members.insert("subject_id".to_owned(), Value::String(subject.to_string()));
    }
}

/// What a member that is an id looks like outside.
fn id(kind: &str, member: &str, value: &Value) -> Option<Value> {
    let uuid = Uuid::parse_str(value.as_str()?).ok()?;
    let id = match (member, kind) {
        ("id", "account")
        | (
            "user_id" | "host_id" | "guest_id" | "payer_id" | "author_id" | "subject_id" | "reporter_id" | "sender_id",
            _,
        ) => UserId::from_uuid(uuid).to_string(),
        ("id", "properties") | ("property_id", _) => PropertyId::from_uuid(uuid).to_string(),
        ("id", "bookings_as_guest" | "bookings_as_host") | ("booking_id", _) => BookingId::from_uuid(uuid).to_string(),
        ("id", "booking_changes") | ("change_id", _) => ChangeId::from_uuid(uuid).to_string(),
        ("id", "payments") | ("payment_id", _) => PaymentId::from_uuid(uuid).to_string(),
        ("id", "refunds") => RefundId::from_uuid(uuid).to_string(),
        ("id", "payouts") => PayoutId::from_uuid(uuid).to_string(),
        ("id", "reviews_written" | "reviews_received") | ("review_id", _) => ReviewId::from_uuid(uuid).to_string(),
        ("id", "threads") | ("thread_id", _) => ThreadId::from_uuid(uuid).to_string(),
        ("id", "messages") => MessageId::from_uuid(uuid).to_string(),
        ("id", "wishlists") => WishlistId::from_uuid(uuid).to_string(),
        ("id", "email_changes") => EmailChangeId::from_uuid(uuid).to_string(),
        ("id", "identities") => IdentityId::from_uuid(uuid).to_string(),
        ("id", "avatars") => AvatarId::from_uuid(uuid).to_string(),
        ("id", "photos") => PhotoId::from_uuid(uuid).to_string(),
        ("id", "calendar_feeds") => FeedId::from_uuid(uuid).to_string(),
        ("id", "acts_of_admins") => AuditId::from_uuid(uuid).to_string(),
        _ => return None,
    };
    Some(Value::String(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_the_api_writes_them() {
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
        let row = json!({ "id": uuid, "host_id": uuid, "total_minor": 5, "fee_minor": null, "currency": "USD",
            "items": [{ "property_id": uuid }] });
        let expected = json!({ "id": "book_01h455vb4pex5vsknk084sn02q", "host_id": "user_01h455vb4pex5vsknk084sn02q",
            "total": { "amount": 5, "currency": "USD" }, "fee_minor": null, "currency": "USD",
            "items": [{ "property_id": "prop_01h455vb4pex5vsknk084sn02q" }] });
        assert_eq!(shown("bookings_as_guest", row), expected);
    }
}
