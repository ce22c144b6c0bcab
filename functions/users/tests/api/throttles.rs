//! What limits look like from outside: headers, problems, and who is meant.

use domain::throttle::Limits;
use serde_json::json;
use testkit::{Answer, Api, Kit, PASSWORD};

use crate::{api, registration};

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.post("/v1/auth/login", None, &json!({ "email": email, "password": password })).await
}

async fn limited(limits: &str) -> Kit {
    let limits = Limits::parse(limits).expect("limits");
    Kit::with(|services| services.settings.limits = limits).await
}

#[tokio::test]
async fn answers_say_how_many_attempts_are_left_and_the_last_when_to_come_again() {
    let kit = limited("login=3/900").await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let mut left = Vec::new();
    for _ in 0..3 {
        let answer = login(&api, &guest.email, "wrong").await;
        answer.problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), "\"login\";q=3;w=900");
        left.push(answer.header("ratelimit").split(';').nth(1).unwrap_or_default().to_owned());
    }
    assert_eq!(left, ["r=2", "r=1", "r=0"]);
    let refused = login(&api, &guest.email, PASSWORD).await;
    refused.problem(429, "rate_limited");
    let wait: u32 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=300).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit"), format!("\"login\";r=0;t={wait}"));

    let owner = login(&api.from_elsewhere(), &guest.email, PASSWORD).await;
    owner.of_status(200);
    assert_eq!(owner.header("ratelimit"), "\"login\";r=3;t=0");
    assert_eq!(
        api.get("/.well-known/jwks.json", None).await.header("ratelimit"),
        "",
        "what is not limited says nothing"
    );
}

#[tokio::test]
async fn a_header_of_the_client_makes_no_other_address() {
    let kit = limited("login=2/900").await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let body = json!({ "email": guest.email, "password": "wrong" }).to_string();
    let mut statuses = Vec::new();
    for n in 0..4 {
        let elsewhere = format!("203.0.113.{n}");
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", elsewhere.as_str()),
            ("x-roost-client-address", elsewhere.as_str()),
        ];
        statuses.push(api.send(axum::http::Method::POST, "/v1/auth/login", &headers, body.clone()).await.status);
    }
    assert_eq!(statuses, [401, 401, 429, 429]);
}

#[tokio::test]
async fn that_an_address_is_taken_is_told_a_few_times_only() {
    let kit = limited("email_taken=2/3600").await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let register = async |api: &Api, email: &str| api.post("/v1/users", None, &registration(email)).await;
    let new = || format!("{}@example.com", uuid::Uuid::new_v4().simple());
    for _ in 0..4 {
        register(&api, &new()).await.of_status(201);
    }
    for _ in 0..2 {
        register(&api, &guest.email).await.problem(409, "email_taken");
    }
    register(&api, &guest.email).await.problem(429, "rate_limited");
    register(&api, &new()).await.problem(429, "rate_limited");
    register(&api.from_elsewhere(), &new()).await.of_status(201);
}

#[tokio::test]
async fn one_address_registers_so_many_accounts() {
    let kit = limited("register=2/3600").await;
    let api = api(&kit);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        statuses.push(api.post("/v1/users", None, &registration(&email)).await.status);
    }
    assert_eq!(statuses, [201, 201, 429]);
}

#[tokio::test]
async fn mails_asked_for_are_limited() {
    let kit = limited("mail=2/3600 mail_account=3/3600").await;
    let (api, guest) = (api(&kit), kit.unverified().await);
    for email in [guest.email.as_str(), "somebody-else@example.com"] {
        let forgot = json!({ "email": email });
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(api.post("/v1/auth/password/forgot", None, &forgot).await.status);
        }
        assert_eq!(statuses, [202, 202, 429], "{email}");
    }
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let token = Some(guest.token.as_str());
        statuses.push(api.post("/v1/auth/email/resend", token, &serde_json::Value::Null).await.status);
    }
    assert_eq!(statuses, [202, 202, 202, 429]);
}
