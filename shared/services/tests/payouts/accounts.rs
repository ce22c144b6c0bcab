//! Hosts' accounts at the provider.

use domain::error::ErrorCode;
use serde_json::{Value, json};

use crate::World;

async fn accounts(world: &World) -> usize {
    world.stripe.get("/v1/accounts?limit=100").await["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_user_has_one_account_and_a_fresh_page_whenever_one_is_asked_for() {
    let world = World::open().await;
    let first = world.try_account(&world.host, "US").await.expect("made");
    assert_eq!((&first["created"], &first["status"]), (&json!(true), &json!("onboarding")));
    assert!(first["url"].as_str().is_some_and(|url| url.starts_with(&world.stripe.url())), "{first}");
    let again = world.try_account(&world.host, "US").await.expect("there");
    assert_eq!((&again["created"], &again["account"]), (&json!(false), &first["account"]));
    assert_ne!(again["url"], first["url"]);
    assert_eq!(accounts(&world).await, 1);
    let elsewhere = world.try_account(&world.host, "DE").await.expect_err("it is in the US");
    assert_eq!(elsewhere.code(), ErrorCode::InvalidState);
}

#[tokio::test]
async fn what_the_provider_says_is_asked_for_by_its_event_and_by_looking() {
    let world = World::open().await;
    let account = world.try_account(&world.host, "US").await.expect("made")["account"].clone();
    let account = account.as_str().expect("a name");
    let status = async || world.services().payout_account(&world.host.actor).await.expect("there").account.status;
    for (outcome, expected) in
        [("requirements_due", "restricted"), ("pending_verification", "restricted"), ("complete", "enabled")]
    {
        world.stripe.onboard(account, outcome).await;
        assert_eq!(status().await.as_str(), expected, "{outcome}");
    }
    assert_eq!(world.try_account(&world.host, "US").await.expect("there")["url"], Value::Null);
    world.stripe.onboard(account, "requirements_due").await;
    assert_eq!(status().await.as_str(), "enabled", "nobody has told us");
    let event = world.stripe.last_event().await;
    for _ in 0..2 {
        world.services().apply_stripe_event(&event).await.expect("applied");
    }
    assert_eq!(status().await.as_str(), "restricted");
    // Lost events are made up for by the scheduler.
    world.stripe.onboard(account, "complete").await;
    world.kit.database.batch("UPDATE payout_accounts SET asked_at = to_timestamp(0)").await;
    world.pass().await;
    let known: String = world.kit.database.value("SELECT status FROM payout_accounts", &[]).await;
    assert_eq!(known, "enabled");
}

#[tokio::test]
async fn an_account_whose_making_was_not_answered_is_made_once() {
    let world = World::open().await;
    world.stripe.fault("timeout_after", 2, "/v1/accounts").await;
    let error = world.try_account(&world.host, "US").await.expect_err("no answer");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    let there = world.services().payout_account(&world.host.actor).await.expect("asked for").account;
    assert_eq!((there.status.as_str(), there.account_id), ("onboarding", None));
    world.try_account(&world.host, "US").await.expect("told");
    assert_eq!(accounts(&world).await, 1);
}

#[tokio::test]
async fn only_verified_people_of_countries_where_they_can_be_paid_get_one() {
    let world = World::open().await;
    let unverified = world.kit.person().await;
    let sql = "UPDATE users SET email_verified_at = NULL WHERE id = $1";
    world.kit.database.execute(sql, &[&unverified.id.uuid()]).await;
    let error = world.try_account(&unverified, "US").await.expect_err("not verified");
    assert_eq!(error.code(), ErrorCode::EmailUnverified);
    let error = world.try_account(&world.host, "KP").await.expect_err("nobody is paid there");
    assert_eq!((error.fields()[0].pointer.as_str(), error.fields()[0].code), ("/country", "unsupported"));
    assert_eq!(accounts(&world).await, 0);
    let none = world.services().payout_account(&world.host.actor).await.expect_err("none");
    assert_eq!(none.code(), ErrorCode::NotFound);
    world.try_account(&world.host, "US").await.expect("the refused country is forgotten");
}
