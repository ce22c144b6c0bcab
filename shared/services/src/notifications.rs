//! What the notifications worker does with an event from the queue: one mail, however often it is delivered.

use domain::booking::HOLD_MINUTES;
use domain::error::{Error, Result};
use domain::event::{Event, EventKind};
use domain::id::{BookingId, UserId};
use serde::Deserialize;
use serde_json::json;

use crate::Services;
use crate::mail_templates::{MailTemplate, render};
use crate::one_time_tokens::EMAIL_VERIFICATION_HOURS;
use crate::ports::{DeliveryClaim, Mail};

#[derive(Deserialize)]
struct OfUser {
    user_id: UserId,
}

#[derive(Deserialize)]
struct OfBooking {
    booking_id: BookingId,
}

impl Services {
    /// Tells the people an event concerns. Claimed by the event's id first and marked when done, so that a message
    /// delivered again does nothing; one that failed gives its claim back and may come again.
    ///
    /// # Errors
    /// What the stores and the mail provider give: the message stays on the queue.
    pub async fn notify(&self, event: &Event) -> Result<()> {
        let delivery_id = format!("mail:{}", event.id);
        match self.deliveries.claim(&delivery_id).await? {
            DeliveryClaim::Done => return Ok(()),
            DeliveryClaim::InProgress => return Err(Error::unavailable("another worker is at this event")),
            DeliveryClaim::Mine => {}
        }
        match self.send_mail_of(event).await {
            Ok(()) => self.deliveries.complete(&delivery_id).await,
            Err(error) => {
                self.deliveries.release(&delivery_id).await?;
                Err(error)
            }
        }
    }

    async fn send_mail_of(&self, event: &Event) -> Result<()> {
        match self.mail_of(event).await? {
            Some(mail) => self.mailer.send(&mail).await,
            None => Ok(()),
        }
    }

    async fn mail_of(&self, event: &Event) -> Result<Option<Mail>> {
        match event.kind {
            EventKind::UserRegistered | EventKind::UserEmailVerificationRequested => {
                self.email_verification_mail(parse::<OfUser>(event)?.user_id).await
            }
            EventKind::BookingRequested => self.booking_requested_mail(parse::<OfBooking>(event)?.booking_id).await,
            kind => {
                tracing::info!(%kind, "nobody is mailed about events of this kind");
                Ok(None)
            }
        }
    }

    async fn email_verification_mail(&self, user_id: UserId) -> Result<Option<Mail>> {
        let user = self.user(user_id).await?;
        if user.email_verified_at.is_some() {
            return Ok(None);
        }
        let token = self.issue_email_verification(&user).await?;
        let context = json!({
            "first_name": user.first_name,
            "verify_url": format!("{}/verify-email?token={token}", self.settings.web_base_url),
            "token": token,
            "hours": EMAIL_VERIFICATION_HOURS,
        });
        render(MailTemplate::EmailVerification, user.email.as_str(), &context).map(Some)
    }

    async fn booking_requested_mail(&self, booking_id: BookingId) -> Result<Option<Mail>> {
        let connection = self.db.connection().await?;
        let missing = || Error::internal("an event tells of what is not there");
        let booking = store::bookings::find(&connection, booking_id).await?.ok_or_else(missing)?;
        let property = store::properties::find(&connection, booking.property_id).await?.ok_or_else(missing)?;
        let host = store::users::find(&connection, booking.host_id).await?.ok_or_else(missing)?;
        let guest = store::users::find(&connection, booking.guest_id).await?.ok_or_else(missing)?;
        let context = json!({
            "host_first_name": host.first_name,
            "guest_first_name": guest.first_name,
            "title": property.details.title,
            "check_in": booking.dates.check_in().to_string(),
            "check_out": booking.dates.check_out().to_string(),
            "nights": booking.dates.nights(),
            "guests": booking.guests.counted(),
            "host_payout": booking.price.host_payout.to_string(),
            "hold_minutes": HOLD_MINUTES,
            "booking_url": format!("{}/bookings/{booking_id}", self.settings.web_base_url),
        });
        render(MailTemplate::BookingRequested, host.email.as_str(), &context).map(Some)
    }
}

fn parse<'de, T: Deserialize<'de>>(event: &'de Event) -> Result<T> {
    T::deserialize(&event.data).map_err(Error::internal)
}
