//! The worker with messages as the queue delivers them.

use domain::error::ErrorCode;
use runtime::Message;
use serde_json::json;
use testkit::{EventsMode, Kit};

fn message(body: &str) -> Message {
    Message { id: "m-1".to_owned(), body: body.to_owned(), receive_count: 1 }
}

#[tokio::test]
async fn an_event_as_the_outbox_publishes_it_is_one_mail_however_often_it_comes() {
    let kit = Kit::start().await;
    let person = kit.unverified().await;
    let (services, actor) = (&kit.services, &person.actor);
    let asked =
        services.write("test.ask", |tx| async move { services::users::request_email_verification(&tx, actor).await });
    asked.await.expect("asked");
    let body = serde_json::to_string(&kit.events.taken()[0]).expect("JSON");
    for receive_count in 1..=3 {
        let message = Message { receive_count, ..message(&body) };
        notifications::handle(&kit.services, message).await.expect("worked off");
    }
    let mails = kit.mails.sent();
    assert_eq!(mails.iter().map(|mail| &mail.to).collect::<Vec<_>>(), [&person.email]);
}

#[tokio::test]
async fn what_is_no_event_goes_back_and_does_no_harm() {
    let kit = Kit::start().await;
    let event = json!({
        "id": "evt_01h455vb4pex5vsknk084sn02q", "kind": "user.registered", "occurred_at": "2026-03-01T10:00:00Z",
        "data": { "user_id": "user_01h455vb4pex5vsknk084sn02q" },
    });
    let broken = |member: &str, value: serde_json::Value| {
        let mut event = event.clone();
        event[member] = value;
        event.to_string()
    };
    let bodies = [
        String::new(),
        "garbage".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "\u{0}".to_owned(),
        "🦀".to_owned(),
        broken("kind", "user.exploded".into()),
        broken("id", "evt_x".into()),
        broken("id", "book_01h455vb4pex5vsknk084sn02q".into()),
        broken("occurred_at", "yesterday".into()),
        broken("data", json!(null)),
        broken("data", json!({ "user_id": 1 })),
    ];
    for body in bodies {
        let error = notifications::handle(&kit.services, message(&body)).await.expect_err(&body);
        assert_eq!(error.code(), ErrorCode::Internal, "{body}");
    }
    assert_eq!(kit.mails.sent(), []);
}

#[tokio::test]
async fn a_mail_provider_that_is_down_leaves_the_message_on_the_queue() {
    let kit = Kit::start().await;
    kit.events.set(EventsMode::Take);
    let person = kit.unverified().await;
    let (services, actor) = (&kit.services, &person.actor);
    let asked =
        services.write("test.ask", |tx| async move { services::users::request_email_verification(&tx, actor).await });
    asked.await.expect("asked");
    let body = serde_json::to_string(&kit.events.taken()[0]).expect("JSON");
    kit.mails.set_down(true);
    let error = notifications::handle(&kit.services, message(&body)).await.expect_err("it goes back");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    kit.mails.set_down(false);
    notifications::handle(&kit.services, message(&body)).await.expect("and comes again");
    assert_eq!(kit.mails.sent().len(), 1);
}
