//! What the notifications worker does with an event from the queue: one mail and one inbox entry a person, as the
//! person wants it, once each however often the message is delivered.
//! Who is told is `audience`'s, what a mail says `mails`'s; reading the inbox is in [`crate::inbox`].

mod account_mails;
mod audience;
mod mails;
mod reader;

use domain::error::{Error, Result};
use domain::event::Event;
use domain::id::UserId;
use jiff::{SignedDuration, Timestamp};
use store::notification_preferences::Channels;

use self::audience::{Part, Told};
use crate::Services;
use crate::inbox::{KEEP_DAYS, notification_id};
use crate::ports::{DeliveryClaim, Notification};

impl Services {
    /// Tells everybody whom an event concerns. What fails for one, or by one channel, keeps nobody else from hearing;
    /// when the message comes again only that is done again.
    ///
    /// # Errors
    /// The first that the stores or the mail provider gave: the message stays on the queue.
    pub async fn notify(&self, event: &Event) -> Result<()> {
        let mut outcome = Ok(());
        for told in audience::of(event.kind) {
            let Some(user_id) = audience::person(event, told.part)? else { continue };
            // Boxed: nested this deep, the future's layout is more than the compiler wants to work out in one go.
            outcome = outcome.and(Box::pin(self.tell(event, told, user_id)).await);
        }
        outcome
    }

    async fn tell(&self, event: &Event, told: &Told, user_id: UserId) -> Result<()> {
        // Who has gone is told nothing more.
        if store::erasures::is_erased(&self.db.connection().await?, user_id).await? {
            return Ok(());
        }
        let channels = if event.kind.is_of_account() {
            Channels { email: true, in_app: false }
        } else {
            store::notification_preferences::of_kind(&self.db.connection().await?, user_id, event.kind).await?
        };
        let mut outcome = Ok(());
        if channels.in_app {
            outcome = outcome.and(self.put_in_inbox(event, user_id).await);
        }
        if channels.email {
            outcome = outcome.and(self.mail_once(event, told, user_id).await);
        }
        outcome
    }

    /// Its id follows from event and person, so that the same message puts the same entry.
    async fn put_in_inbox(&self, event: &Event, user_id: UserId) -> Result<()> {
        self.notifications
            .put(&Notification {
                id: notification_id(event.id, user_id),
                user_id,
                kind: event.kind,
                data: event.data.clone(),
                created_at: event.occurred_at,
                read_at: None,
                expires_at: Timestamp::now() + SignedDuration::from_hours(24 * KEEP_DAYS),
            })
            .await
    }

    /// Claimed by event and person first and marked when done; what failed gives its claim back and may come again.
    async fn mail_once(&self, event: &Event, told: &Told, user_id: UserId) -> Result<()> {
        let delivery_id = match told.part {
            // Another mail to the same person.
            Part::FormerAddress => format!("mail:{}:{user_id}:former_address", event.id),
            _ => format!("mail:{}:{user_id}", event.id),
        };
        match self.deliveries.claim(&delivery_id).await? {
            DeliveryClaim::Done => return Ok(()),
            DeliveryClaim::InProgress => return Err(Error::unavailable("another worker is at this mail")),
            DeliveryClaim::Mine => {}
        }
        match self.send_mail(event, told, user_id).await {
            Ok(()) => self.deliveries.complete(&delivery_id).await,
            Err(error) => {
                self.deliveries.release(&delivery_id).await?;
                Err(error)
            }
        }
    }

    async fn send_mail(&self, event: &Event, told: &Told, user_id: UserId) -> Result<()> {
        match self.mail_of(event, told, user_id).await? {
            Some(mail) => self.mailer.send(&mail).await,
            None => Ok(()),
        }
    }
}
