//! `GET /v1/payouts`, `GET /v1/payouts/{id}`, and `POST` and `GET /v1/payout-account`.

use domain::id::{BookingId, PayoutId};
use serde_json::{Value, json};
use testkit::Person;

use crate::{Scene, new_key};

const ACCOUNT: &str = "/v1/payout-account";

impl Scene {
    /// A payout of the scene's booking, as the scheduler would have planned it.
    async fn payout(&self, instalment: i16, status: &str) -> PayoutId {
        let id = PayoutId::new();
        let sql = "INSERT INTO payouts (id, host_id, booking_id, instalment, status, currency, amount_minor, due_at)
                   VALUES ($1, $2, $3, $4, $5, 'USD', 19400, app_now() + interval '11 days')";
        let (payout, host, booking) = (id.uuid(), self.host.id.uuid(), self.booking.id.uuid());
        self.kit.database.execute(sql, &[&payout, &host, &booking, &instalment, &status]).await;
        id
    }

    async fn open(&self, person: &Person, country: &str) -> testkit::Answer {
        self.api.post(ACCOUNT, Some(&person.token), &json!({ "country": country })).await
    }
}

#[tokio::test]
async fn a_payout_is_shown_to_its_host_and_to_admins_and_to_nobody_else() {
    let scene = Scene::set().await;
    let id = scene.payout(1, "pending").await;
    let path = format!("/v1/payouts/{id}");
    let (guest, stranger) = (&scene.guest, &scene.kit.person().await);
    for person in [&scene.host, &scene.kit.admin().await] {
        let payout = scene.api.get(&path, Some(&person.token)).await.of_status(200);
        assert_eq!((&payout["id"], &payout["booking_id"]), (&json!(id), &json!(scene.booking.id)));
        assert_eq!((&payout["status"], &payout["instalment"]), (&json!("pending"), &json!(1)));
        assert_eq!(payout["amount"], json!({ "amount": 19_400, "currency": "USD" }));
        for nothing in ["withheld", "reversed"] {
            assert_eq!(payout[nothing], json!({ "amount": 0, "currency": "USD" }));
        }
        assert_eq!((&payout["sent_at"], &payout["failure"]), (&Value::Null, &Value::Null));
        assert!(payout.get("transfer_id").is_none() && payout.get("account_id").is_none(), "the provider's own names");
    }
    for person in [guest, stranger] {
        scene.api.get(&path, Some(&person.token)).await.problem(404, "not_found");
        let listed = scene.api.get("/v1/payouts", Some(&person.token)).await.of_status(200);
        assert_eq!(listed["data"], json!([]));
    }
    scene.api.get(&path, None).await.problem(401, "unauthenticated");
    scene.api.get("/v1/payouts", None).await.problem(401, "unauthenticated");
    for other in [PayoutId::new().to_string(), scene.booking.id.to_string(), "x".to_owned()] {
        let answer = scene.api.get(&format!("/v1/payouts/{other}"), Some(&scene.host.token)).await;
        answer.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_host_s_payouts_are_listed_newest_first_by_page_booking_and_state() {
    let scene = Scene::set().await;
    let mut ids = Vec::new();
    for instalment in 1..=5 {
        ids.push(scene.payout(instalment, if instalment == 1 { "failed" } else { "pending" }).await);
    }
    ids.reverse();
    let token = Some(scene.host.token.as_str());
    let mut path = "/v1/payouts?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = scene.api.get(&path, token).await.of_status(200);
        seen.extend(page["data"].as_array().expect("a list").iter().map(|payout| payout["id"].clone()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/payouts?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(ids));
    let count = async |query: &str| {
        let page = scene.api.get(&format!("/v1/payouts?{query}"), token).await.of_status(200);
        page["data"].as_array().map(Vec::len)
    };
    assert_eq!(count(&format!("booking_id={}", scene.booking.id)).await, Some(5));
    assert_eq!(count(&format!("booking_id={}", BookingId::new())).await, Some(0));
    assert_eq!(count("status=failed").await, Some(1));
    for wrong in ["status=lost", "booking_id=x", "host_id=y", "limit=0"] {
        scene.api.get(&format!("/v1/payouts?{wrong}"), token).await.problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn a_host_opens_an_account_once_and_onboards_at_the_provider() {
    let scene = Scene::set().await;
    let host = Some(scene.host.token.as_str());
    scene.api.get(ACCOUNT, host).await.problem(404, "not_found");
    let made = scene.open(&scene.host, "US").await;
    let account = made.of_status(201);
    assert_eq!(made.header("location"), ACCOUNT);
    assert_eq!((&account["status"], &account["country"]), (&json!("onboarding"), &json!("US")));
    assert!(account["onboarding_url"].as_str().is_some_and(|url| url.starts_with(&scene.stripe.url())));
    let again = scene.open(&scene.host, "US").await.of_status(200);
    assert_ne!(again["onboarding_url"], account["onboarding_url"]);
    assert_eq!(scene.open(&scene.host, "FR").await.problem(409, "invalid_state")["state"], "onboarding");
    let provider = scene.stripe.get("/v1/accounts").await["data"][0]["id"].clone();
    scene.stripe.onboard(provider.as_str().expect("an id"), "complete").await;
    let seen = scene.api.get(ACCOUNT, host).await.of_status(200);
    assert_eq!((&seen["status"], &seen["onboarding_url"]), (&json!("enabled"), &Value::Null));
    let done = scene.open(&scene.host, "US").await.of_status(200);
    assert_eq!(done["onboarding_url"], Value::Null, "nothing is left to be told");
}

#[tokio::test]
async fn the_same_key_opens_one_account_and_gives_the_first_answer() {
    let scene = Scene::set().await;
    let (token, key, body) = (Some(scene.host.token.as_str()), new_key(), json!({ "country": "US" }));
    let first = scene.api.post_keyed(ACCOUNT, token, &key, &body).await;
    first.of_status(201);
    let replayed = scene.api.post_keyed(ACCOUNT, token, &key, &body).await;
    assert_eq!((replayed.status, &replayed.body), (201, &first.body));
    assert_eq!(replayed.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn an_account_is_for_verified_people_of_countries_where_they_can_be_paid() {
    let scene = Scene::set().await;
    scene.api.post(ACCOUNT, None, &json!({ "country": "US" })).await.problem(401, "unauthenticated");
    scene.api.get(ACCOUNT, None).await.problem(401, "unauthenticated");
    for (body, code) in [
        (json!({}), "required"),
        (json!({ "country": "XX" }), "unknown_value"),
        (json!({ "country": "KP" }), "unsupported"),
    ] {
        let answer = scene.api.post(ACCOUNT, Some(&scene.host.token), &body).await;
        assert_eq!(answer.faults(), [("/country".to_owned(), code.to_owned())], "{body}");
    }
    let sql = "UPDATE users SET email_verified_at = NULL WHERE id = $1";
    scene.kit.database.execute(sql, &[&scene.host.id.uuid()]).await;
    scene.open(&scene.host, "US").await.problem(403, "email_unverified");
    assert_eq!(scene.stripe.get("/v1/accounts").await["data"], json!([]));
}
