//! Whom an event tells, how, and that each hears of it once.

use domain::event::{Event, EventKind};
use domain::id::{BookingId, EventId, PropertyId};
use jiff::Timestamp;
use serde_json::{Value, json};
use services::inbox::{Channels, Preferences, choose};
use testkit::{Kit, Person, WEB_URL};

/// A stay that somebody has booked, and both its sides.
struct Stay {
    host: Person,
    guest: Person,
    property_id: PropertyId,
    booking_id: BookingId,
}

impl Stay {
    async fn of(kit: &Kit) -> Self {
        let (host, guest) = (kit.host().await, kit.guest().await);
        let property_id = kit.listing_of(&host, |_| {}).await.id;
        let booking_id = kit.book(&guest, property_id, (10, 12)).await.id;
        Self { host, guest, property_id, booking_id }
    }

    fn event(&self, kind: EventKind, more: &Value) -> Event {
        let mut data = json!({
            "booking_id": self.booking_id, "property_id": self.property_id,
            "guest_id": self.guest.id, "host_id": self.host.id,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            data[name] = value.clone();
        }
        Event { id: EventId::new(), kind, occurred_at: Timestamp::now(), data }
    }
}

async fn kinds(kit: &Kit, person: &Person) -> Vec<EventKind> {
    let entries = kit.services.inbox(&person.actor, None, 100).await.expect("an inbox");
    entries.into_iter().map(|entry| entry.kind).collect()
}

fn mails_to(kit: &Kit, person: &Person) -> Vec<services::ports::Mail> {
    kit.mails.sent().into_iter().filter(|mail| mail.to == person.email).collect()
}

async fn prefer(kit: &Kit, person: &Person, kind: EventKind, channels: Channels) {
    let (actor, choices) = (&person.actor, &Preferences::from([(kind, channels)]));
    let chosen = kit.services.write("test.choose", |tx| async move { choose(&tx, actor, choices).await });
    assert_eq!(chosen.await.expect("kept")[&kind], channels);
}

#[tokio::test]
async fn both_sides_hear_once_of_what_is_delivered_ten_times() {
    let kit = Kit::start().await;
    let stay = Stay::of(&kit).await;
    let event = stay.event(EventKind::BookingConfirmed, &json!({}));
    for _ in 0..10 {
        kit.services.notify(&event).await.expect("told");
    }
    for person in [&stay.guest, &stay.host] {
        assert_eq!(kinds(&kit, person).await, [EventKind::BookingConfirmed]);
        let mails = mails_to(&kit, person);
        assert_eq!(mails.len(), 1);
        let link = format!("{WEB_URL}/bookings/{}", stay.booking_id);
        assert!(mails[0].text.contains(&link), "{}", mails[0].text);
    }
    assert!(mails_to(&kit, &stay.guest)[0].text.contains("1 Quai du Louvre"), "the guest is told where to go");
    assert!(!mails_to(&kit, &stay.host)[0].text.contains("1 Quai du Louvre"));
}

#[tokio::test]
async fn every_kind_that_tells_somebody_has_its_mail_and_entry() {
    let kit = Kit::start().await;
    let stay = Stay::of(&kit).await;
    let amount = json!({ "amount": 11_420, "currency": "USD" });
    let (guest, host) = (&stay.guest, &stay.host);
    let cases = [
        (EventKind::BookingRequested, json!({}), vec![host]),
        (EventKind::BookingAccepted, json!({}), vec![guest]),
        (EventKind::BookingDeclined, json!({}), vec![guest]),
        (EventKind::BookingCancelled, json!({ "cancelled_by": "host", "refund": amount }), vec![guest, host]),
        (EventKind::BookingCancelled, json!({ "cancelled_by": "guest", "refund": null }), vec![guest, host]),
        (EventKind::BookingExpiring, json!({ "recipient_id": stay.guest.id }), vec![guest]),
        (EventKind::StayTomorrow, json!({}), vec![guest, host]),
        (EventKind::PaymentFailed, json!({ "payment_id": "pay_x" }), vec![guest]),
        (EventKind::PaymentRefunded, json!({ "payment_id": "pay_x", "amount": amount }), vec![guest]),
    ];
    for (kind, more, told) in cases {
        let before = kit.mails.sent().len();
        kit.services.notify(&stay.event(kind, &more)).await.expect("told");
        assert_eq!(kit.mails.sent().len() - before, told.len(), "{kind}");
        for person in told {
            assert_eq!(kinds(&kit, person).await[0], kind);
        }
    }
    let refunded = mails_to(&kit, guest).pop().expect("a mail");
    assert!(refunded.subject.contains("114.20 USD"), "{}", refunded.subject);
}

#[tokio::test]
async fn what_fails_for_one_is_done_again_for_that_one_alone() {
    let kit = Kit::start().await;
    let stay = Stay::of(&kit).await;
    let mut event = stay.event(EventKind::BookingCancelled, &json!({ "cancelled_by": "guest", "refund": null }));
    // The guest's account is not there: its mail can't be written.
    event.data["guest_id"] = json!(domain::id::UserId::new());
    for _ in 0..3 {
        kit.services.notify(&event).await.expect_err("the message must come again");
        assert_eq!(mails_to(&kit, &stay.host).len(), 1);
        assert_eq!(kinds(&kit, &stay.host).await, [EventKind::BookingCancelled]);
    }
    event.data["guest_id"] = json!(stay.guest.id);
    kit.services.notify(&event).await.expect("told");
    assert_eq!((mails_to(&kit, &stay.host).len(), mails_to(&kit, &stay.guest).len()), (1, 1));
}

#[tokio::test]
async fn a_mail_provider_that_is_down_delays_the_mail_and_not_the_entry() {
    let kit = Kit::start().await;
    let stay = Stay::of(&kit).await;
    let event = stay.event(EventKind::BookingConfirmed, &json!({}));
    kit.mails.set_down(true);
    kit.services.notify(&event).await.expect_err("the message must come again");
    assert_eq!(kinds(&kit, &stay.guest).await, [EventKind::BookingConfirmed]);
    assert_eq!(kinds(&kit, &stay.host).await, [EventKind::BookingConfirmed]);
    kit.mails.set_down(false);
    kit.services.notify(&event).await.expect("told");
    assert_eq!(kit.mails.sent().len(), 2);
    assert_eq!(kinds(&kit, &stay.host).await.len(), 1);
}

#[tokio::test]
async fn who_does_not_want_to_hear_does_not() {
    let kit = Kit::start().await;
    let stay = Stay::of(&kit).await;
    let kind = EventKind::BookingConfirmed;
    prefer(&kit, &stay.guest, kind, Channels { email: false, in_app: true }).await;
    prefer(&kit, &stay.host, kind, Channels { email: true, in_app: false }).await;
    kit.services.notify(&stay.event(kind, &json!({}))).await.expect("told");
    assert_eq!((mails_to(&kit, &stay.guest).len(), mails_to(&kit, &stay.host).len()), (0, 1));
    assert_eq!((kinds(&kit, &stay.guest).await.len(), kinds(&kit, &stay.host).await.len()), (1, 0));
    let cancelled = json!({ "cancelled_by": "system" });
    kit.services.notify(&stay.event(EventKind::BookingCancelled, &cancelled)).await.expect("told");
    assert_eq!(mails_to(&kit, &stay.guest).len(), 1, "another kind is another choice");
}

#[tokio::test]
async fn an_entry_that_was_read_stays_read_when_the_message_comes_again() {
    let kit = Kit::start().await;
    let stay = Stay::of(&kit).await;
    let event = stay.event(EventKind::BookingAccepted, &json!({}));
    kit.services.notify(&event).await.expect("told");
    let actor = &stay.guest.actor;
    let entry = kit.services.inbox(actor, None, 10).await.expect("an inbox").remove(0);
    assert_eq!((entry.read_at, &entry.data), (None, &event.data));
    let read = kit.services.mark_notification_read(actor, entry.id).await.expect("read");
    assert!(read.read_at.is_some());
    kit.services.notify(&event).await.expect("told");
    let again = kit.services.mark_notification_read(actor, entry.id).await.expect("read");
    assert_eq!(again, read, "since when it is read stays");
    let error = kit.services.mark_notification_read(&stay.host.actor, entry.id).await.expect_err("another's");
    assert_eq!(error.code(), domain::error::ErrorCode::NotFound);
}

#[tokio::test]
async fn choices_at_once_leave_one_of_them_whole() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let silent = Channels { email: false, in_app: false };
    let choosing = |kind| {
        let (services, actor, choices) = (&kit.services, &guest.actor, Preferences::from([(kind, silent)]));
        async move {
            let choices = &choices;
            services.write("test.choose", |tx| async move { choose(&tx, actor, choices).await }).await
        }
    };
    let (one, two) = tokio::join!(choosing(EventKind::BookingConfirmed), choosing(EventKind::BookingCancelled));
    assert!(one.is_ok() && two.is_ok());
    let kept = kit.services.notification_preferences(&guest.actor).await.expect("read");
    assert_eq!(kept.values().filter(|channels| **channels == silent).count(), 1);
}
