//! `POST /v1/auth/email/resend`.

use serde_json::Value;
use testkit::Kit;

use crate::api;

#[tokio::test]
async fn who_is_not_verified_is_mailed_again() {
    let kit = Kit::start().await;
    let person = kit.unverified().await;
    let answer = api(&kit).post("/v1/auth/email/resend", Some(&person.token), &Value::Null).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let events = kit.events.taken();
    assert_eq!(events.len(), 1);
    kit.services.notify(&events[0]).await.expect("mailed");
    assert_eq!(kit.mails.sent().len(), 1);
}

#[tokio::test]
async fn who_is_verified_gets_the_same_answer_and_no_mail() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    api(&kit).post("/v1/auth/email/resend", Some(&guest.token), &Value::Null).await.of_status(202);
    assert_eq!(kit.events.taken(), []);
}
