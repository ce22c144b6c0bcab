//! Whatever happens on the way, a payout is one transfer.

use std::time::Duration;

use domain::error::ErrorCode;

use crate::{World, earned};

/// Schedulers that run at the same moment.
const SCHEDULERS: usize = 4;

async fn sent_once(world: &World, booking: &services::bookings::Booking) {
    assert_eq!(world.only(booking).await.status.as_str(), "sent");
    assert_eq!(world.transfers().await.len(), 1);
    assert_eq!((world.received().await, world.owed().await), (earned(booking), 0));
    assert_eq!(world.events_of("payout.sent").await, 1);
}

#[tokio::test]
async fn schedulers_that_run_at_once_send_a_payout_once() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.kit.database.set_now(world.due(&property, &booking)).await;
    let others: Vec<_> = (0..SCHEDULERS).map(|_| world.kit.more_services()).collect();
    let passes = others.iter().map(|services| services.run_payouts());
    for pass in futures::future::join_all(passes).await {
        pass.expect("a pass");
    }
    sent_once(&world, &booking).await;
}

#[tokio::test]
async fn a_transfer_whose_answer_is_lost_is_asked_for_and_not_made_again() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.kit.database.set_now(world.due(&property, &booking)).await;
    // The retry of the first call, too.
    world.stripe.fault("timeout_after", 2, "/v1/transfers").await;
    let error = world.services().run_payouts().await.expect_err("no answer");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    assert_eq!(world.only(&booking).await.status.as_str(), "sending", "unknown is not failed");
    world.pass().await;
    assert_eq!(world.only(&booking).await.status.as_str(), "sending", "whoever sent it may still be at it");
    world.wait_for_reconciler().await;
    world.pass().await;
    sent_once(&world, &booking).await;
}

#[tokio::test]
async fn a_call_that_never_arrived_is_repeated_under_its_key() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.kit.database.set_now(world.due(&property, &booking)).await;
    for kind in ["reset", "http_500", "http_409", "http_429"] {
        world.stripe.fault(kind, 2, "/v1/transfers").await;
        world.services().run_payouts().await.expect_err("no answer");
        world.wait_for_reconciler().await;
    }
    // The list that is asked, and the transfer itself, once each: the client tries once more.
    world.stripe.fault("http_500", 1, "/v1/transfers").await;
    world.pass().await;
    sent_once(&world, &booking).await;
    assert_eq!(world.only(&booking).await.attempt, 1);
}

#[tokio::test]
async fn a_scheduler_killed_between_transfer_and_settlement_is_made_up_for() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.kit.database.set_now(world.due(&property, &booking)).await;
    world.stripe.fault("timeout_after", 1, "/v1/transfers").await;
    let mut pass = Box::pin(world.services().run_payouts());
    // Until the transfer is there; then nobody goes on with it.
    loop {
        tokio::select! {
            _ = &mut pass => panic!("the pass ended before it was killed"),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
        let made = world.stripe.get("/v1/events?type=transfer.created").await;
        if made["data"].as_array().is_some_and(|events| !events.is_empty()) {
            break;
        }
    }
    drop(pass);
    assert_eq!(world.only(&booking).await.status.as_str(), "sending");
    world.wait_for_reconciler().await;
    world.pass().await;
    sent_once(&world, &booking).await;
}

#[tokio::test]
async fn a_refused_payout_is_tried_again_later_under_another_key() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    // No payment bears it, so it is to come out of a balance that has nothing available.
    let sql = "UPDATE payments SET refunded_minor = captured_minor WHERE booking_id = $1";
    world.kit.database.execute(sql, &[&booking.id.uuid()]).await;
    let due = world.due(&property, &booking);
    world.pass_at(due).await;
    let refused = world.only(&booking).await;
    assert_eq!((refused.status.as_str(), refused.failure.as_deref()), ("failed", Some("balance_insufficient")));
    assert_eq!(world.owed().await, earned(&booking), "still owed");
    world.paid_with(&property, (300, 310), "pm_card_bypassPending").await;
    world.pass().await;
    assert_eq!(world.only(&booking).await.status.as_str(), "failed", "not before its time");
    world.pass_at(due + jiff::SignedDuration::from_hours(2)).await;
    let sent = world.only(&booking).await;
    assert_eq!((sent.status.as_str(), sent.attempt, sent.failure), ("sent", 2, None));
    assert_eq!(world.received().await, earned(&booking));
}

#[tokio::test]
async fn an_account_that_is_closed_to_transfers_makes_its_payouts_wait() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    let account = world.try_account(&world.host, "US").await.expect("there")["account"].clone();
    // The provider has closed it, and nobody has told us.
    world.stripe.onboard(account.as_str().expect("a name"), "requirements_due").await;
    world.pass_at(world.due(&property, &booking)).await;
    let refused = world.only(&booking).await;
    assert_eq!(refused.failure.as_deref(), Some("insufficient_capabilities_for_transfer"));
    let known = world.services().payout_account(&world.host.actor).await.expect("there").account;
    assert_eq!(known.status.as_str(), "restricted");
    world.onboard("complete").await;
    world.pass().await;
    sent_once(&world, &booking).await;
}

#[tokio::test]
async fn an_account_that_the_provider_has_lost_hinders_nobody_else() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let (lost, other) = (world.paid(&property, (10, 13)).await, world.kit.host().await);
    let others = world.kit.listing_of(&other, |_| {}).await;
    let booking = world.paid(&others, (10, 13)).await;
    // The host's account is the other's now, and the host's own is not known to the provider.
    let sql = "UPDATE payout_accounts SET user_id = $1";
    world.kit.database.execute(sql, &[&other.id.uuid()]).await;
    let sql = "INSERT INTO payout_accounts (user_id, country, account_id, status)
               SELECT $1, country, 'acct_that_is_closed', status FROM payout_accounts";
    world.kit.database.execute(sql, &[&world.host.id.uuid()]).await;
    world.pass_at(world.due(&property, &lost)).await;
    assert_eq!(world.only(&lost).await.status.as_str(), "failed");
    let status: String = world
        .kit
        .database
        .value("SELECT status FROM payout_accounts WHERE user_id = $1", &[&world.host.id.uuid()])
        .await;
    assert_eq!(status, "restricted");
    let sql = "SELECT status FROM payouts WHERE booking_id = $1";
    assert_eq!(world.kit.database.value::<String>(sql, &[&booking.id.uuid()]).await, "sent");
    let error = world.try_account(&world.host, "US").await.expect_err("closed");
    assert_eq!((error.code(), &error.extra()["state"]), (ErrorCode::InvalidState, &serde_json::json!("restricted")));
}
