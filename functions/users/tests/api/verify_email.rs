//! `POST /v1/auth/email/verify`.

use serde_json::json;
use testkit::Kit;

use crate::{api, registration};

#[tokio::test]
async fn the_token_out_of_the_mail_verifies_the_address_once() {
    let kit = Kit::start().await;
    let api = api(&kit);
    api.post("/v1/users", None, &registration("ada@example.com")).await.of_status(201);
    let event = kit.events.taken().pop().expect("an event");
    kit.services.notify(&event).await.expect("mailed");
    let mail = kit.mails.sent().pop().expect("a mail");
    assert_eq!(mail.to, "ada@example.com");
    let token = mail.text.split_once("token=").and_then(|(_, rest)| rest.split_whitespace().next()).expect("a link");
    let answer = api.post("/v1/auth/email/verify", None, &json!({ "token": token })).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    let pair = crate::sign_in(&api, "ada@example.com").await;
    assert_eq!(pair["user"]["email_verified"], true);
    api.post("/v1/auth/email/verify", None, &json!({ "token": token })).await.problem(422, "token_invalid");
}

#[tokio::test]
async fn a_token_nobody_was_mailed_is_refused() {
    let kit = Kit::start().await;
    for token in ["", "x", "🦀"] {
        let answer = api(&kit).post("/v1/auth/email/verify", None, &json!({ "token": token })).await;
        answer.problem(422, "token_invalid");
    }
}
