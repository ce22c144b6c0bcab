//! One mail an event, however often and by however many workers it is delivered.

use std::sync::Arc;

use domain::error::ErrorCode;
use domain::event::{Event, EventKind};
use domain::id::{EventId, UserId};
use domain::message::MessageText;
use jiff::Timestamp;
use serde_json::json;
use services::bookings::BookingRequest;
use services::threads::ask_host;
use testkit::{Kit, LocalAws, UnreliableDeliveries, WEB_URL, stay};
use tokio::task::JoinSet;

fn registered(user_id: UserId) -> Event {
    let data = json!({ "user_id": user_id });
    Event { id: EventId::new(), kind: EventKind::UserRegistered, occurred_at: Timestamp::now(), data }
}

#[tokio::test]
async fn an_event_delivered_ten_times_is_one_mail() {
    let kit = Kit::start().await;
    let guest = kit.unverified().await;
    let event = registered(guest.id);
    for _ in 0..10 {
        kit.services.notify(&event).await.expect("nothing to complain of");
    }
    let mails = kit.mails.sent();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [guest.email]);
    assert!(mails[0].text.contains(&format!("{WEB_URL}/verify-email?token=")), "{}", mails[0].text);
    kit.services.notify(&registered(guest.id)).await.expect("another event");
    assert_eq!(kit.mails.sent().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_delivered_to_ten_workers_at_once_is_one_mail() {
    let kit = Arc::new(Kit::start().await);
    let event = registered(kit.unverified().await.id);
    let mut workers = JoinSet::new();
    for _ in 0..10 {
        let (kit, event) = (kit.clone(), event.clone());
        workers.spawn(async move { kit.services.notify(&event).await.map_err(|error| error.code()) });
    }
    for outcome in workers.join_all().await {
        // Who comes while another is at it lets the message come again.
        assert!(matches!(outcome, Ok(()) | Err(ErrorCode::Unavailable)), "{outcome:?}");
    }
    kit.services.notify(&event).await.expect("it is done");
    assert_eq!(kit.mails.sent().len(), 1);
}

#[tokio::test]
async fn a_mail_that_failed_is_sent_when_the_message_comes_again() {
    let kit = Kit::start().await;
    let event = registered(kit.unverified().await.id);
    kit.mails.set_down(true);
    for _ in 0..2 {
        let error = kit.services.notify(&event).await.expect_err("the message must come again");
        assert_eq!(error.code(), ErrorCode::Unavailable);
    }
    kit.mails.set_down(false);
    kit.services.notify(&event).await.expect("sent");
    kit.services.notify(&event).await.expect("nothing left to do");
    assert_eq!(kit.mails.sent().len(), 1);
}

/// Not knowing whether it was done, the worker must not do it again at once.
#[tokio::test]
async fn a_mail_whose_mark_failed_is_not_sent_again_while_its_claim_lasts() {
    let kit = Kit::start().await;
    let aws = LocalAws::connect().await;
    let log = adapters::DynamoDeliveries::new(aws.adapters(), aws.deliveries_table());
    let mut services = kit.more_services();
    services.deliveries = Arc::new(UnreliableDeliveries::new(Arc::new(log), 1));
    let event = registered(kit.unverified().await.id);
    services.notify(&event).await.expect_err("the mark failed");
    services.notify(&event).await.expect_err("the claim stands");
    assert_eq!(kit.mails.sent().len(), 1);
}

#[tokio::test]
async fn an_account_that_is_verified_already_gets_no_link() {
    let kit = Kit::start().await;
    kit.services.notify(&registered(kit.guest().await.id)).await.expect("nothing to send");
    assert_eq!(kit.mails.sent(), []);
}

#[tokio::test]
async fn an_event_of_what_is_not_there_or_that_lacks_its_data_goes_back() {
    let kit = Kit::start().await;
    kit.services.notify(&registered(UserId::new())).await.expect_err("nobody");
    let mut event = registered(UserId::new());
    event.data = json!({ "user": 1 });
    kit.services.notify(&event).await.expect_err("no data");
    assert_eq!(kit.mails.sent(), []);
}

#[tokio::test]
async fn the_host_is_mailed_of_a_request_and_what_people_wrote_stays_text() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property =
        kit.listing_of(&host, |details| details.title = Some("<script>alert(1)</script> & \"Loft\"".to_owned())).await;
    let message = Some("<img src=x> We come by train.".to_owned());
    let request = BookingRequest { message, ..stay(property.id, (10, 12)) };
    let booking = kit.try_to_book(&guest, &request).await.expect("booked");
    let data = json!({
        "booking_id": booking.id, "property_id": property.id, "guest_id": guest.id, "host_id": host.id,
    });
    let (kind, occurred_at) = (EventKind::BookingRequested, Timestamp::now());
    kit.services.notify(&Event { id: EventId::new(), kind, occurred_at, data }).await.expect("sent");
    let mails = kit.mails.sent();
    let mail = mails.iter().find(|mail| mail.to == host.email).expect("a mail to the host");
    assert!(mail.text.contains(&booking.id.to_string()), "{}", mail.text);
    assert!(mail.text.contains("<script>"), "plain text is not escaped: {}", mail.text);
    assert!(!mail.html.contains("<script>") && !mail.html.contains("<img"), "{}", mail.html);
    assert!(mail.text.contains("We come by train."), "{}", mail.text);
    assert!(!mail.subject.contains('\n'));
}

/// The host reads French in Tokyo, the guest Portuguese, in which no mails are written.
#[tokio::test]
async fn a_mail_is_in_the_readers_language_amounts_and_clocks() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    for (person, locale, zone) in [(&host, "fr-CA", Some("Asia/Tokyo")), (&guest, "pt-BR", None)] {
        let sql = "UPDATE users SET locale = $2, time_zone = $3 WHERE id = $1";
        kit.database.execute(sql, &[&person.id.uuid(), &locale, &zone]).await;
    }
    let property = kit.listing_of(&host, |details| details.base_price_minor = Some(123_450)).await;
    let booking = kit.book(&guest, property.id, (10, 12)).await;
    let data = json!({
        "booking_id": booking.id, "property_id": property.id, "guest_id": guest.id, "host_id": host.id,
    });
    for kind in [EventKind::BookingRequested, EventKind::BookingConfirmed] {
        let event = Event { id: EventId::new(), kind, occurred_at: Timestamp::now(), data: data.clone() };
        kit.services.notify(&event).await.expect("sent");
    }
    let mails = kit.mails.sent();
    let to = |person: &testkit::Person| mails.iter().find(|mail| mail.to == person.email).expect("a mail");
    let (to_host, to_guest) = (to(&host), to(&guest));
    assert!(to_host.subject.contains("souhaite séjourner dans votre logement"), "{}", to_host.subject);
    for words in ["Votre revenu\u{a0}: 2\u{a0}394,93 USD", "(2 nuits)", "(Asia/Tokyo)", " à "] {
        assert!(to_host.text.contains(words), "{words}: {}", to_host.text);
    }
    assert!(to_host.html.starts_with("<!DOCTYPE html>\n<html lang=\"fr\">"), "{}", to_host.html);
    assert!(to_guest.subject.ends_with("is confirmed"), "{}", to_guest.subject);
    for words in ["Paid: 2,819.60 USD", "from 3:00 PM", "(2 nights)"] {
        assert!(to_guest.text.contains(words), "{words}: {}", to_guest.text);
    }
}

#[tokio::test]
async fn a_message_is_mailed_to_the_other_side_alone_and_its_words_stay_text() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let words = MessageText::parse("Is there a cot?\n<script>alert(1)</script>").expect("words");
    let (services, actor, words) = (&kit.services, &guest.actor, &words);
    let asked = services.write("test.ask", |tx| async move { ask_host(&tx, actor, property.id, words).await });
    let thread = asked.await.expect("asked").thread;
    let events = kit.events.taken();
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::MessageReceived]);
    for _ in 0..3 {
        services.notify(&events[0]).await.expect("told");
    }
    let mails = kit.mails.sent();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [host.email.as_str()]);
    assert!(mails[0].text.contains("Is there a cot?\n<script>"), "{}", mails[0].text);
    assert!(!mails[0].html.contains("<script>"), "{}", mails[0].html);
    assert!(mails[0].text.contains(&format!("{WEB_URL}/messages/{}", thread.id)), "{}", mails[0].text);
    let entries = services.inbox(&host.actor, None, 10).await.expect("an inbox");
    assert_eq!((entries.len(), entries[0].kind), (1, EventKind::MessageReceived));
    assert_eq!(services.inbox(&guest.actor, None, 10).await.expect("an inbox"), []);
}
