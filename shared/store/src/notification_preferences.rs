//! The table `notification_preferences`: what a person chose; who chose nothing hears by every channel.

use std::collections::BTreeMap;

use domain::error::Result;
use domain::event::EventKind;
use domain::id::UserId;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// How a person wants to hear of events of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// By mail.
    pub email: bool,
    /// In the inbox.
    pub in_app: bool,
}

impl Default for Channels {
    fn default() -> Self {
        Self { email: true, in_app: true }
    }
}

/// What a person chose, by kind; what is missing was left at the default.
pub async fn of_user(queries: &impl Queries, user_id: UserId) -> Result<BTreeMap<EventKind, Channels>> {
    let sql = "-- notification_preferences.of_user
               SELECT kind, email, in_app FROM notification_preferences WHERE user_id = $1";
    queries
        .rows(sql, &[&user_id.uuid()])
        .await?
        .iter()
        .map(|row| Ok((row.parse("kind")?, Channels { email: row.read("email")?, in_app: row.read("in_app")? })))
        .collect()
}

/// What a person chose for one kind.
pub async fn of_kind(queries: &impl Queries, user_id: UserId, kind: EventKind) -> Result<Channels> {
    let sql = "-- notification_preferences.of_kind
               SELECT email, in_app FROM notification_preferences WHERE user_id = $1 AND kind = $2";
    match queries.row(sql, &[&user_id.uuid(), &kind.as_str()]).await? {
        Some(row) => Ok(Channels { email: row.read("email")?, in_app: row.read("in_app")? }),
        None => Ok(Channels::default()),
    }
}

/// Puts these choices in the place of all that the person chose before.
pub async fn replace(tx: &Tx, user_id: UserId, choices: &BTreeMap<EventKind, Channels>) -> Result<()> {
    let sql = "-- notification_preferences.replace
               INSERT INTO notification_preferences (user_id, kind, email, in_app)
               SELECT $1, * FROM unnest($2::text[], $3::boolean[], $4::boolean[])
               ON CONFLICT ON CONSTRAINT notification_preferences_pkey
               DO UPDATE SET email = EXCLUDED.email, in_app = EXCLUDED.in_app, updated_at = app_now()";
    let kinds: Vec<&str> = choices.keys().map(|kind| kind.as_str()).collect();
    let email: Vec<bool> = choices.values().map(|channels| channels.email).collect();
    let in_app: Vec<bool> = choices.values().map(|channels| channels.in_app).collect();
    tx.execute(sql, &[&user_id.uuid(), &kinds, &email, &in_app]).await?;
    let sql = "-- notification_preferences.forget_others
               DELETE FROM notification_preferences WHERE user_id = $1 AND kind <> ALL($2)";
    tx.execute(sql, &[&user_id.uuid(), &kinds]).await?;
    Ok(())
}
