//! Wire types of notifications and of what people want to hear of.

use std::collections::BTreeMap;

use domain::event::EventKind;
use domain::id::NotificationId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use services::inbox::{Channels, Notification, Preferences, choosable_kinds};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use web::fields::{Fields, FromFields, Read, boolean, object};

/// An entry of the in-app inbox.
#[derive(Serialize, ToSchema)]
pub struct NotificationOut {
    id: NotificationId,
    /// What happened.
    kind: EventKind,
    /// What it is about: ids and what else the event tells, by kind.
    #[schema(value_type = Object)]
    data: Value,
    #[schema(value_type = Option<String>, format = "date-time", required)]
    read_at: Option<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<Notification> for NotificationOut {
    fn from(entry: Notification) -> Self {
        Self { id: entry.id, kind: entry.kind, data: entry.data, read_at: entry.read_at, created_at: entry.created_at }
    }
}

/// How somebody wants to hear of events of a kind.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct ChannelsBody {
    email: bool,
    in_app: bool,
}

impl FromFields for ChannelsBody {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let email = fields.required("email", boolean);
        let in_app = fields.required("in_app", boolean);
        Ok(Self { email: email?, in_app: in_app? })
    }
}

/// What somebody wants to hear of, by kind. Mails about the account itself are not among them: they always come.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct PreferencesBody(BTreeMap<EventKind, ChannelsBody>);

impl FromFields for PreferencesBody {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let read: Vec<_> =
            choosable_kinds().map(|kind| Ok((kind, fields.optional(kind.as_str(), object::<ChannelsBody>)?))).collect();
        let given = |one: Read<(_, Option<_>)>| one.map(|(kind, channels)| Some((kind, channels?))).transpose();
        read.into_iter().filter_map(given).collect::<Read<_>>().map(Self)
    }
}

impl PartialSchema for PreferencesBody {
    fn schema() -> RefOr<Schema> {
        let kinds =
            ObjectBuilder::new().description(Some("By kind; one that is left out is heard of by every channel"));
        let channels = || Ref::from_schema_name(ChannelsBody::name());
        choosable_kinds().fold(kinds, |object, kind| object.property(kind.as_str(), channels())).build().into()
    }
}

impl ToSchema for PreferencesBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ChannelsBody::name().into_owned(), ChannelsBody::schema()));
    }
}

impl From<&PreferencesBody> for Preferences {
    fn from(body: &PreferencesBody) -> Self {
        let channels = |body: &ChannelsBody| Channels { email: body.email, in_app: body.in_app };
        body.0.iter().map(|(kind, body)| (*kind, channels(body))).collect()
    }
}

impl From<&Preferences> for PreferencesBody {
    fn from(preferences: &Preferences) -> Self {
        let body = |channels: &Channels| ChannelsBody { email: channels.email, in_app: channels.in_app };
        Self(preferences.iter().map(|(kind, channels)| (*kind, body(channels))).collect())
    }
}
