//! The in-app inbox, and what a person wants to hear of.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use domain::error::{Error, Result};
use domain::event::EventKind;
use domain::id::{EventId, NotificationId, UserId};
pub use store::notification_preferences::Channels;
use store::tx::Tx;
use uuid::Uuid;

use crate::Services;
use crate::actor::Actor;
pub use crate::ports::Notification;

/// How long an entry is kept, in days.
pub(crate) const KEEP_DAYS: i64 = 90;

/// What a person wants to hear of and how, by kind.
pub type Preferences = BTreeMap<EventKind, Channels>;

/// The kinds that a person may choose about: all but those about the account itself.
pub fn choosable_kinds() -> impl Iterator<Item = EventKind> {
    EventKind::ALL.iter().copied().filter(|kind| !kind.is_of_account())
}

/// The entry of this event in this person's inbox: the same whenever it is asked for. It sorts by when the event was
/// written.
pub(crate) fn notification_id(event_id: EventId, user_id: UserId) -> NotificationId {
    let event = event_id.uuid().into_bytes();
    let digest = digest::digest(&digest::SHA256, &[event, user_id.uuid().into_bytes()].concat());
    // Time and version of the event's UUIDv7, then 62 bits of the digest below the variant.
    let mut bytes = event;
    bytes[8..].copy_from_slice(&digest.as_ref()[..8]);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    NotificationId::from_uuid(Uuid::from_bytes(bytes))
}

impl Services {
    /// A page of the caller's inbox, newest first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn inbox(&self, actor: &Actor, before: Option<NotificationId>, limit: u32) -> Result<Vec<Notification>> {
        self.notifications.page(actor.user_id, before, limit).await
    }

    /// Marks an entry of the caller's inbox as read; one that is read stays as it is.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn mark_notification_read(&self, actor: &Actor, id: NotificationId) -> Result<Notification> {
        let now = store::clock::now(&self.db.connection().await?).await?;
        self.notifications.mark_read(actor.user_id, id, now).await?.ok_or_else(Error::not_found)
    }

    /// What the caller wants to hear of: every kind there is to choose about.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn notification_preferences(&self, actor: &Actor) -> Result<Preferences> {
        let chosen = store::notification_preferences::of_user(&self.db.connection().await?, actor.user_id).await?;
        Ok(complete(&chosen))
    }
}

/// Puts the caller's choices in the place of all earlier ones: a kind left out is heard of by every channel.
///
/// # Errors
/// `not_found` when the account is gone.
pub async fn choose(tx: &Tx, actor: &Actor, choices: &Preferences) -> Result<Preferences> {
    // Locked, so that of two choices at once one is kept whole.
    store::users::find_for_update(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    store::notification_preferences::replace(tx, actor.user_id, choices).await?;
    Ok(complete(choices))
}

fn complete(chosen: &Preferences) -> Preferences {
    choosable_kinds().map(|kind| (kind, chosen.get(&kind).copied().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_one_id_an_event_and_person() {
        let (event, user) = (EventId::new(), UserId::new());
        assert_eq!(notification_id(event, user), notification_id(event, user));
        assert_ne!(notification_id(event, user), notification_id(event, UserId::new()));
        assert_ne!(notification_id(event, user), notification_id(EventId::new(), user));
        assert_eq!(notification_id(event, user).uuid().get_version_num(), 7);
        assert_eq!(notification_id(event, user).uuid().get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn entries_sort_by_the_time_of_their_events() {
        let at = |hex: &str| EventId::from_uuid(hex.parse().expect("a UUID"));
        let user = UserId::new();
        let earlier = notification_id(at("01900000-0000-7fff-bfff-ffffffffffff"), user);
        let later = notification_id(at("01900000-0001-7000-8000-000000000000"), user);
        assert!(earlier < later && earlier.to_string() < later.to_string());
    }

    #[test]
    fn nobody_chooses_about_mails_of_the_account() {
        assert!(!choosable_kinds().any(|kind| kind.as_str().starts_with("user.")));
        let silent = Channels { email: false, in_app: false };
        let completed = complete(&Preferences::from([(EventKind::BookingRequested, silent)]));
        assert_eq!(completed.len(), EventKind::ALL.iter().filter(|kind| !kind.is_of_account()).count());
        assert_eq!(completed[&EventKind::BookingRequested], silent);
        assert_eq!(completed[&EventKind::BookingCancelled], Channels::default());
    }
}
