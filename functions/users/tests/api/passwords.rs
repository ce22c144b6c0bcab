//! `POST /v1/auth/password/forgot` and `/reset`.

use serde_json::{Value, json};
use services::ports::Mail;
use testkit::{Api, Kit, PASSWORD};

use crate::{api, sign_in};

const ANOTHER: &str = "a horse of another colour";

/// Asks for a link, and has the worker mail it.
async fn ask(kit: &Kit, api: &Api, email: &str) -> Vec<Mail> {
    let before = kit.mails.sent().len();
    let answer = api.post("/v1/auth/password/forgot", None, &json!({ "email": email })).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let event = kit.events.taken().pop().expect("an event, whoever asks");
    assert_eq!(event.kind.as_str(), "user.password_reset_requested");
    kit.services.notify(&event).await.expect("worked off");
    kit.mails.sent().split_off(before)
}

fn token(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("/reset-password?token=").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

fn reset(token: &str) -> Value {
    json!({ "token": token, "password": ANOTHER })
}

#[tokio::test]
async fn the_link_of_the_mail_sets_a_password_once_and_signs_every_device_out() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let signed_in = sign_in(&api, &guest.email).await;
    let mails = ask(&kit, &api, &guest.email.to_uppercase()).await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, guest.email.as_str()));
    let token = token(&mails[0]);
    let answer = api.post("/v1/auth/password/reset", None, &reset(&token)).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));

    let login = |password: &str| json!({ "email": guest.email, "password": password });
    api.post("/v1/auth/login", None, &login(PASSWORD)).await.problem(401, "invalid_credentials");
    api.post("/v1/auth/login", None, &login(ANOTHER)).await.of_status(200);
    let refresh = json!({ "refresh_token": signed_in["refresh_token"] });
    api.post("/v1/auth/refresh", None, &refresh).await.problem(401, "unauthenticated");
    let access_token = signed_in["access_token"].as_str();
    api.get("/v1/users/me", access_token).await.problem(401, "unauthenticated");
    api.post("/v1/auth/password/reset", None, &reset(&token)).await.problem(422, "token_invalid");

    let event = kit.events.taken().pop().expect("an event");
    assert_eq!((event.kind.as_str(), &event.data["user_id"]), ("user.password_changed", &guest.id.to_string().into()));
    kit.services.notify(&event).await.expect("mailed");
    assert_eq!(kit.mails.sent().pop().expect("a notice").subject, "Your password was changed");
}

#[tokio::test]
async fn an_address_nobody_has_is_answered_the_same_and_gets_no_mail() {
    let kit = Kit::start().await;
    let api = api(&kit);
    for email in ["nobody@example.com", "no address", ""] {
        assert!(ask(&kit, &api, email).await.is_empty());
    }
}

#[tokio::test]
async fn of_several_links_the_first_that_is_used_ends_the_others() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let first = token(&ask(&kit, &api, &guest.email).await[0]);
    let second = token(&ask(&kit, &api, &guest.email).await[0]);
    let (one, two) = (reset(&first), reset(&second));
    let (one, two) =
        tokio::join!(api.post("/v1/auth/password/reset", None, &one), api.post("/v1/auth/password/reset", None, &two));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
}

#[tokio::test]
async fn a_weak_password_or_a_token_for_something_else_sets_nothing() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let mailed = token(&ask(&kit, &api, &guest.email).await[0]);
    for password in ["short", "password123"] {
        let faults = api.post("/v1/auth/password/reset", None, &json!({ "token": mailed, "password": password })).await;
        assert_eq!(faults.faults()[0].0, "/password");
    }
    for wrong in ["", "x", &mailed[1..]] {
        api.post("/v1/auth/password/reset", None, &reset(wrong)).await.problem(422, "token_invalid");
    }
    api.post("/v1/auth/email/verify", None, &json!({ "token": mailed })).await.problem(422, "token_invalid");
    sign_in(&api, &guest.email).await;
    api.post("/v1/auth/password/reset", None, &reset(&mailed)).await.of_status(204);
}
