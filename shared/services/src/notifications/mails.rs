//! What the mails say: the values that fill their templates, written as their reader reads them.

use domain::booking::{BookingStatus, HOLD_MINUTES};
use domain::booking_change::CHANGE_HOURS;
use domain::error::{Error, Result};
use domain::event::{Event, EventKind};
use domain::id::{BookingId, ChangeId, MessageId, PropertyId, ReviewId, UserId};
use domain::money::Money;
use serde::Deserialize;
use serde_json::{Value, json};
use store::booking_changes::BookingChange;
use store::bookings::Booking;
use store::messages::MessageContent;
use store::properties::Property;
use store::users::User;

use super::audience::Told;
use super::reader::Reader;
use crate::Services;
use crate::mail_templates::render;
use crate::ports::Mail;

#[derive(Deserialize)]
struct OfBooking {
    booking_id: BookingId,
    /// Who called it off.
    cancelled_by: Option<String>,
    /// What calling it off gives back.
    refund: Option<Money>,
    /// What was given back, or sent.
    amount: Option<Money>,
    /// The change it is about.
    change_id: Option<ChangeId>,
}

#[derive(Deserialize)]
struct OfMessage {
    message_id: MessageId,
    property_id: PropertyId,
}

#[derive(Deserialize)]
struct OfReview {
    review_id: ReviewId,
}

impl Services {
    /// The mail to this person; none when there is nothing to say any more.
    pub(super) async fn mail_of(&self, event: &Event, told: &Told, user_id: UserId) -> Result<Option<Mail>> {
        let person = store::users::find(&self.db.connection().await?, user_id).await?.ok_or_else(missing)?;
        let reader = &Reader::of(&person);
        let written = if event.kind.is_of_account() {
            self.account_mail(event, told.part, reader, &person).await?
        } else {
            self.context_of(event, reader, &person).await?.map(|context| (person.email.clone(), context))
        };
        let mail = written.map(|(to, context)| render(told.mail, reader.language(), to.as_str(), &context));
        mail.transpose()
    }

    /// What fills a mail about something other than the account; none when there is nothing to say any more.
    async fn context_of(&self, event: &Event, reader: &Reader, person: &User) -> Result<Option<Value>> {
        Ok(Some(match event.kind {
            EventKind::ReviewReceived | EventKind::ReviewPublished => {
                self.review_context(reader, person, parse::<OfReview>(event)?.review_id).await?
            }
            EventKind::MessageReceived => self.message_context(person, &parse(event)?).await?,
            EventKind::BookingRequested => {
                let of = parse::<OfBooking>(event)?;
                let mut context = self.booking_context(reader, person, &of).await?;
                context["message"] =
                    json!(store::bookings::message(&self.db.connection().await?, of.booking_id).await?);
                context
            }
            EventKind::BookingExpiring => {
                let context = self.booking_context(reader, person, &parse(event)?).await?;
                // It has been paid for, answered or called off meanwhile, or has run out.
                if context["expires_at"].is_null() {
                    return Ok(None);
                }
                context
            }
            _ => self.booking_context(reader, person, &parse(event)?).await?,
        }))
    }

    async fn booking_context(&self, reader: &Reader, person: &User, of: &OfBooking) -> Result<Value> {
        let connection = self.db.connection().await?;
        let booking = store::bookings::find(&connection, of.booking_id).await?.ok_or_else(missing)?;
        let property = store::properties::find(&connection, booking.property_id).await?.ok_or_else(missing)?;
        let host = store::users::find(&connection, booking.host_id).await?.ok_or_else(missing)?;
        let guest = store::users::find(&connection, booking.guest_id).await?.ok_or_else(missing)?;
        let text = |money: Option<Money>| money.filter(|money| money.amount > 0).map(|money| reader.money(money));
        let other = if person.id == booking.guest_id { &host } else { &guest };
        let mut context = stay_context(reader, &booking, &property);
        context["first_name"] = json!(person.first_name);
        context["other_first_name"] = json!(other.first_name);
        if let Some(change_id) = of.change_id {
            let change = store::booking_changes::find(&connection, change_id).await?.ok_or_else(missing)?;
            context["change"] = change_context(reader, &change);
        }
        context["host_first_name"] = json!(host.first_name);
        context["guest_first_name"] = json!(guest.first_name);
        context["booking_url"] = json!(format!("{}/bookings/{}", self.settings.web_base_url, booking.id));
        context["cancelled_by"] = json!(of.cancelled_by);
        context["refund"] = json!(text(of.refund));
        context["amount"] = json!(text(of.amount));
        Ok(context)
    }

    async fn message_context(&self, person: &User, of: &OfMessage) -> Result<Value> {
        let connection = self.db.connection().await?;
        let message = store::messages::find(&connection, of.message_id).await?.ok_or_else(missing)?;
        let MessageContent::Written { sender_id, text } = message.content else { return Err(missing()) };
        let sender = store::users::find(&connection, sender_id).await?.ok_or_else(missing)?;
        let property = store::properties::find(&connection, of.property_id).await?.ok_or_else(missing)?;
        Ok(json!({
            "first_name": person.first_name,
            "sender_first_name": sender.first_name,
            "title": property.details.title,
            "text": text,
            "thread_url": format!("{}/messages/{}", self.settings.web_base_url, message.thread_id),
        }))
    }

    async fn review_context(&self, reader: &Reader, person: &User, review_id: ReviewId) -> Result<Value> {
        let connection = self.db.connection().await?;
        let review = store::reviews::find(&connection, review_id).await?.ok_or_else(missing)?;
        let author = store::users::find(&connection, review.author_id).await?.ok_or_else(missing)?;
        let property = store::properties::find(&connection, review.property_id).await?.ok_or_else(missing)?;
        let closes_on = property.details.rules.time_zone.date_at(review.closes_at);
        // Nothing of a hidden review but that it is there.
        Ok(json!({
            "first_name": person.first_name,
            "author_first_name": author.first_name,
            "title": property.details.title,
            "is_published": review.published_at.is_some(),
            "closes_on": reader.date(closes_on),
            "booking_url": format!("{}/bookings/{}", self.settings.web_base_url, review.booking_id),
            "review_url": format!("{}/reviews/{review_id}", self.settings.web_base_url),
        }))
    }
}

/// What mails say of a stay. The street is for a guest whose stay is confirmed: only that mail's template names it.
fn stay_context(reader: &Reader, booking: &Booking, property: &Property) -> Value {
    let details = &property.details;
    let place = details.place.as_ref();
    let address = place.map(|place| {
        let lines = [place.street.as_deref(), place.postal_code.as_deref(), place.city.as_deref()];
        lines.into_iter().flatten().collect::<Vec<_>>().join(", ")
    });
    json!({
        "title": details.title,
        "check_in": reader.date(booking.dates.check_in()),
        "check_in_time": reader.time(details.rules.check_in_time),
        "check_out": reader.date(booking.dates.check_out()),
        "check_out_time": reader.time(details.check_out_time),
        "nights": booking.dates.nights(),
        "guests": booking.guests.counted(),
        "address": address.filter(|address| !address.is_empty()),
        "total": reader.money(booking.price.total),
        "host_payout": reader.money(booking.price.host_payout),
        "hold_minutes": HOLD_MINUTES,
        "is_request": booking.status == BookingStatus::PendingHost,
        "expires_at": booking.hold_expires_at.map(|at| reader.instant(at, &details.rules.time_zone)),
    })
}

/// What mails say of a change. The difference is due, or goes back, or there is none.
fn change_context(reader: &Reader, change: &BookingChange) -> Value {
    let Money { amount, currency } = change.difference;
    json!({
        "check_in": reader.date(change.dates.check_in()),
        "check_out": reader.date(change.dates.check_out()),
        "guests": change.guests.counted(),
        "total": reader.money(change.price.total),
        "due": (amount > 0).then(|| reader.money(change.difference)),
        "back": (amount < 0).then(|| reader.money(Money::new(-amount, currency))),
        "hours": CHANGE_HOURS,
    })
}

fn missing() -> Error {
    Error::internal("an event tells of what is not there")
}

pub(super) fn parse<'de, T: Deserialize<'de>>(event: &'de Event) -> Result<T> {
    T::deserialize(&event.data).map_err(Error::internal)
}
