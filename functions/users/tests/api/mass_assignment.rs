//! What an account is that its person does not set: sent along, it is a fault, and nothing changes.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Kit;

use crate::{api, registration};

/// What a registration takes, with another value each.
const OF_REGISTRATION: &[&str] =
    &["email", "password", "first_name", "last_name", "phone", "locale", "time_zone", "currency"];

/// What a change of the profile takes.
const OF_PROFILE: &[&str] =
    &["first_name", "last_name", "phone", "locale", "time_zone", "currency", "bio", "languages"];

/// Members of other objects and columns of the table that somebody might try, each with a value it could have.
fn others() -> Vec<(&'static str, Value)> {
    let instant = json!("2030-01-01T00:00:00Z");
    vec![
        ("superhost", json!(true)),
        ("is_admin", json!(true)),
        ("admin", json!(true)),
        ("roles", json!(["admin"])),
        ("status", json!("active")),
        ("user_id", json!("user_01h455vb4pex5vsknk084sn02q")),
        ("member_since", instant.clone()),
        ("email_key", json!("eve@example.com")),
        ("email_verified_at", instant.clone()),
        ("password_hash", json!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
        ("suspended_at", Value::Null),
        ("erased_at", Value::Null),
        ("sessions_valid_from", instant.clone()),
        ("totp_confirmed_at", instant),
        ("totp", json!("000000")),
        ("totp_secret", json!("JBSWY3DPEHPK3PXP")),
        ("payout_account", json!({ "status": "ready" })),
        ("rating", json!({ "average": 5, "count": 99 })),
        ("__proto__", json!({ "role": "admin" })),
    ]
}

/// Every member of an account's object, and the others, as far as this call does not take them. Those of an object come
/// with their own value: not even what is so already may be sent.
fn not_taken(account: &Value, takes: &[&str]) -> Vec<(String, Value)> {
    let own = account.as_object().expect("an object").iter().map(|(name, value)| (name.clone(), value.clone()));
    let others = others().into_iter().map(|(name, value)| (name.to_owned(), value));
    let raised = [("role", json!("admin")), ("email_verified", json!(true)), ("totp_enabled", json!(true))];
    let raised = raised.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(others).chain(raised).filter(|(name, _)| !takes.contains(&name.as_str())).collect()
}

#[tokio::test]
async fn a_profile_takes_nothing_of_the_account_but_what_is_the_persons_to_say() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.unverified().await);
    let token = Some(person.token.as_str());
    let row = async || kit.database.rows("SELECT to_jsonb(users)::text FROM users", &[]).await[0].get::<_, String>(0);
    let (account, before) = (api.get("/v1/users/me", token).await.of_status(200), row().await);
    let refused = not_taken(&account, OF_PROFILE);
    assert!(refused.len() > 25, "the account has members: {refused:?}");
    for (name, value) in refused {
        let mut body = json!({ "first_name": "Eve" });
        body[&name] = value;
        let faults = api.call(Method::PATCH, "/v1/users/me", token, &body).await.faults();
        assert_eq!(faults, [(format!("/{name}"), "unknown_field".to_owned())], "{name}");
        assert_eq!(row().await, before, "{name}");
    }
}

#[tokio::test]
async fn a_registration_takes_nothing_of_the_account_but_what_is_the_persons_to_say() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.unverified().await);
    let account = api.get("/v1/users/me", Some(&person.token)).await.of_status(200);
    for (name, value) in not_taken(&account, OF_REGISTRATION) {
        let mut body = registration("eve@example.com");
        body[&name] = value;
        let faults = api.post("/v1/users", None, &body).await.faults();
        assert_eq!(faults, [(format!("/{name}"), "unknown_field".to_owned())], "{name}");
    }
    let accounts: i64 = kit.database.value("SELECT count(*) FROM users", &[]).await;
    assert_eq!(accounts, 1, "nobody has registered");
    let made = api.post("/v1/users", None, &registration("eve@example.com")).await.of_status(201);
    assert_eq!((&made["role"], &made["email_verified"]), (&json!("user"), &json!(false)));
}

#[tokio::test]
async fn what_a_person_may_say_is_taken() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.guest().await);
    let account = api.get("/v1/users/me", Some(&person.token)).await.of_status(200);
    for name in OF_PROFILE {
        let body = json!({ *name: account[*name] });
        api.call(Method::PATCH, "/v1/users/me", Some(&person.token), &body).await.of_status(200);
    }
}
