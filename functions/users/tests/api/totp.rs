//! `/v1/auth/totp`, and signing in with a second factor.

use axum::http::Method;
use domain::throttle::Limits;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, PASSWORD, Person, TotpApp};

use crate::api;

async fn login(api: &Api, guest: &Person, totp: Option<&str>) -> Answer {
    let mut body = json!({ "email": guest.email, "password": PASSWORD });
    if let Some(totp) = totp {
        body["totp"] = totp.into();
    }
    api.post("/v1/auth/login", None, &body).await
}

async fn proposed(api: &Api, guest: &Person) -> TotpApp {
    let answer = api.post("/v1/auth/totp", Some(&guest.token), &Value::Null).await.of_status(200);
    let secret = answer["secret"].as_str().expect("a secret");
    let url = answer["otpauth_url"].as_str().expect("a URL");
    assert!(url.starts_with("otpauth://totp/Roost:") && url.contains(&format!("secret={secret}&")), "{url}");
    TotpApp::new(secret)
}

async fn confirm(api: &Api, guest: &Person, code: &str) -> Answer {
    api.post("/v1/auth/totp/confirm", Some(&guest.token), &json!({ "code": code })).await
}

async fn delete(api: &Api, guest: &Person, code: &str) -> Answer {
    api.call(Method::DELETE, "/v1/auth/totp", Some(&guest.token), &json!({ "code": code })).await
}

/// An app whose code was confirmed, and the recovery codes.
async fn with_totp(api: &Api, guest: &Person) -> (TotpApp, Vec<String>) {
    let app = proposed(api, guest).await;
    let answer = confirm(api, guest, &app.code(0)).await.of_status(200);
    let codes = answer["recovery_codes"].as_array().expect("codes").iter();
    (app, codes.map(|code| code.as_str().expect("a code").to_owned()).collect())
}

async fn is_enabled(api: &Api, guest: &Person) -> Value {
    api.get("/v1/users/me", Some(&guest.token)).await.of_status(200)["totp_enabled"].clone()
}

#[tokio::test]
async fn a_second_factor_is_on_once_a_code_of_it_was_sent() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    assert_eq!(is_enabled(&api, &guest).await, false);
    confirm(&api, &guest, "123456").await.problem(409, "invalid_state");
    let first = proposed(&api, &guest).await;
    let app = proposed(&api, &guest).await;
    confirm(&api, &guest, &first.code(0)).await.problem(422, "totp_invalid");
    confirm(&api, &guest, "no code").await.problem(422, "totp_invalid");
    login(&api, &guest, None).await.of_status(200);
    let answer = confirm(&api, &guest, &app.code(0)).await;
    let codes = answer.of_status(200)["recovery_codes"].as_array().expect("codes").clone();
    let distinct: std::collections::HashSet<_> = codes.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), distinct.len()), (10, 10));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(is_enabled(&api, &guest).await, true);
    confirm(&api, &guest, &app.code(1)).await.problem(409, "invalid_state");
    api.post("/v1/auth/totp", Some(&guest.token), &Value::Null).await.problem(409, "invalid_state");
}

/// Else whoever registers with the address of another could shut the owner out.
#[tokio::test]
async fn a_second_factor_takes_a_verified_address() {
    let kit = Kit::start().await;
    let (api, early) = (api(&kit), kit.unverified().await);
    api.post("/v1/auth/totp", Some(&early.token), &Value::Null).await.problem(403, "email_unverified");
    let guest = kit.guest().await;
    let app = proposed(&api, &guest).await;
    kit.database.execute("UPDATE users SET email_verified_at = NULL WHERE id = $1", &[&guest.id.uuid()]).await;
    confirm(&api, &guest, &app.code(0)).await.problem(403, "email_unverified");
    assert_eq!(is_enabled(&api, &guest).await, false);
}

#[tokio::test]
async fn signing_in_takes_the_right_password_and_then_a_code_that_is_good_once() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (app, _) = with_totp(&api, &guest).await;
    login(&api, &guest, None).await.problem(401, "totp_required");
    let wrong = json!({ "email": guest.email, "password": "wrong" });
    api.post("/v1/auth/login", None, &wrong).await.problem(401, "invalid_credentials");
    for code in ["000000", "", "no code", app.code(5).as_str()] {
        login(&api, &guest, Some(code)).await.problem(401, "invalid_credentials");
    }
    // The step that was confirmed is spent.
    login(&api, &guest, Some(&app.code(0))).await.problem(401, "invalid_credentials");
    let pair = login(&api, &guest, Some(&app.code(1))).await.of_status(200);
    assert_eq!(pair["user"]["totp_enabled"], true);
    login(&api.from_elsewhere(), &guest, Some(&app.code(1))).await.problem(401, "invalid_credentials");
    api.post("/v1/auth/refresh", None, &json!({ "refresh_token": pair["refresh_token"] })).await.of_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_the_same_code_one_gets_in() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (app, codes) = with_totp(&api, &guest).await;
    for code in [app.code(1), codes[0].clone()] {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let (api, guest, code) = (api.from_elsewhere(), guest.clone(), code.clone());
            tasks.spawn(async move { login(&api, &guest, Some(&code)).await.status });
        }
        let mut statuses = tasks.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401, 401, 401]);
    }
}

#[tokio::test]
async fn a_recovery_code_serves_once_where_a_code_does_and_ends_with_the_factor() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (_, codes) = with_totp(&api, &guest).await;
    login(&api, &guest, Some(&codes[0].to_uppercase().replace('-', " "))).await.of_status(200);
    login(&api, &guest, Some(&codes[0])).await.problem(401, "invalid_credentials");
    delete(&api, &guest, &codes[0]).await.problem(422, "totp_invalid");
    let answer = delete(&api, &guest, &codes[1]).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(is_enabled(&api, &guest).await, false);
    login(&api, &guest, None).await.of_status(200);
    delete(&api, &guest, &codes[2]).await.problem(409, "invalid_state");
    let (app, others) = with_totp(&api, &guest).await;
    delete(&api, &guest, &codes[2]).await.problem(422, "totp_invalid");
    assert!(!others.contains(&codes[2]));
    delete(&api, &guest, &app.code(1)).await.of_status(204);
}

#[tokio::test]
async fn neither_secret_nor_codes_can_be_read_in_the_database() {
    let kit = Kit::start().await;
    let (api, guest, other) = (api(&kit), kit.guest().await, kit.guest().await);
    let (app, codes) = with_totp(&api, &guest).await;
    let sealed = "SELECT sealed_secret FROM second_factors WHERE user_id = $1";
    let kept: Vec<u8> = kit.database.value(sealed, &[&guest.id.uuid()]).await;
    assert!(!kept.windows(20).any(|part| part == app.secret()));
    let hashes: Vec<String> = kit.database.value("SELECT array_agg(code_hash) FROM recovery_codes", &[]).await;
    assert!(codes.iter().all(|code| !hashes.iter().any(|hash| hash.contains(code) || *hash == code.replace('-', ""))));

    // One person's secret in another's row opens nothing.
    with_totp(&api, &other).await;
    let swap = "UPDATE second_factors SET sealed_secret = $2, last_step = NULL WHERE user_id = $1";
    kit.database.execute(swap, &[&other.id.uuid(), &kept]).await;
    login(&api, &other, Some(&app.code(1))).await.problem(500, "internal_error");
    // Nor is it in any answer that was kept.
    api.post_keyed("/v1/auth/totp", Some(&kit.guest().await.token), "a-key", &Value::Null).await.of_status(200);
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM idempotency_keys", &[]).await, 0);
}

#[tokio::test]
async fn six_digits_can_be_guessed_at_from_nowhere_for_ever_and_a_recovery_code_still_serves() {
    let limits = Limits::parse("code=3/3600").expect("limits");
    let kit = Kit::with(|services| services.settings.limits = limits).await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (app, codes) = with_totp(&api, &guest).await;
    for _ in 0..3 {
        login(&api.from_elsewhere(), &guest, Some("000000")).await.problem(401, "invalid_credentials");
    }
    login(&api.from_elsewhere(), &guest, Some(&app.code(1))).await.problem(429, "rate_limited");
    login(&api.from_elsewhere(), &guest, Some(&codes[0])).await.of_status(200);
}

#[tokio::test]
async fn wrong_codes_count_as_failed_sign_ins_from_that_address() {
    let limits = Limits::parse("login=3/900").expect("limits");
    let kit = Kit::with(|services| services.settings.limits = limits).await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (app, codes) = with_totp(&api, &guest).await;
    login(&api, &guest, None).await.problem(401, "totp_required");
    login(&api, &guest, Some("000000")).await.problem(401, "invalid_credentials");
    delete(&api, &guest, "000000").await.problem(422, "totp_invalid");
    delete(&api, &guest, "bbbb-bbbb-bbbb-bbbb").await.problem(422, "totp_invalid");
    delete(&api, &guest, &codes[0]).await.problem(429, "rate_limited");
    login(&api.from_elsewhere(), &guest, Some(&app.code(1))).await.of_status(200);
}

/// Whatever a stranger with an access token does to the second factor, its owner hears of it.
#[tokio::test]
async fn the_owner_is_mailed_when_the_second_factor_is_switched_on_or_off() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let (_, codes) = with_totp(&api, &guest).await;
    delete(&api, &guest, &codes[0]).await.of_status(204);
    for event in kit.events.taken() {
        kit.services.notify(&event).await.expect("told");
    }
    let mails = kit.mails.sent();
    assert!(mails.iter().all(|mail| mail.to == guest.email));
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["Two-step sign-in is on", "Two-step sign-in is off"]);
}
