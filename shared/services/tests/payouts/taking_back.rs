//! Money given back to guests before and after the host was paid.

use jiff::SignedDuration;

use crate::{World, earned};

#[tokio::test]
async fn what_is_given_back_before_the_payout_is_not_paid() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.pass().await;
    world.give_back(&booking, 5_000).await;
    world.pass().await;
    assert_eq!(world.plan(&booking).await, [(1, "pending", earned(&booking) - 5_000)]);
    world.pass_at(world.due(&property, &booking)).await;
    assert_eq!((world.received().await, world.owed().await), (earned(&booking) - 5_000, 0));
}

#[tokio::test]
async fn a_stay_that_earned_nothing_after_all_is_not_paid() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.pass().await;
    world.give_back(&booking, booking.price.total.amount).await;
    world.pass_at(world.due(&property, &booking)).await;
    assert_eq!(world.only(&booking).await.status.as_str(), "canceled");
    assert_eq!((world.transfers().await.len(), world.owed().await), (0, 0));
}

#[tokio::test]
async fn what_is_given_back_after_the_payout_is_taken_back_from_the_host_once() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.pass_at(world.due(&property, &booking)).await;
    world.give_back(&booking, 5_000).await;
    // Its answer is lost.
    world.stripe.fault("timeout_after", 2, "/reversals").await;
    world.services().run_payouts().await.expect_err("no answer");
    for _ in 0..2 {
        world.wait_for_reconciler().await;
        world.pass().await;
    }
    let payout = world.only(&booking).await;
    assert_eq!((payout.status.as_str(), payout.reversed.amount), ("sent", 5_000));
    assert_eq!((world.received().await, world.owed().await), (earned(&booking) - 5_000, 0));
    world.give_back(&booking, booking.price.total.amount - 5_000).await;
    world.pass().await;
    assert_eq!(world.only(&booking).await.status.as_str(), "reversed");
    assert_eq!((world.received().await, world.owed().await), (0, 0));
}

#[tokio::test]
async fn what_cannot_be_taken_back_reduces_the_payouts_that_follow() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let first = world.paid(&property, (10, 13)).await;
    let (second, third) = (world.paid(&property, (20, 21)).await, world.paid(&property, (30, 33)).await);
    world.pass_at(world.due(&property, &first)).await;
    // The money has gone on to the host's bank.
    let account = world.only(&first).await.account_id.expect("sent");
    world.stripe.pay_out(&account).await;
    world.give_back(&first, 15_000).await;
    world.pass().await;
    world.pass().await;
    assert_eq!(world.only(&first).await.reversed.amount, 0);
    // The stay of one night earns less than is owed, and is kept whole.
    world.pass_at(world.due(&property, &second)).await;
    let kept = world.only(&second).await;
    assert_eq!((kept.status.as_str(), kept.withheld), ("withheld", kept.amount));
    assert_eq!(world.transfers().await.len(), 1);
    // The next one brings the rest.
    world.pass_at(world.due(&property, &third)).await;
    let reduced = world.only(&third).await;
    assert_eq!((reduced.status.as_str(), reduced.withheld.amount), ("sent", 15_000 - earned(&second)));
    assert_eq!(world.owed().await, 0);
    let all = earned(&first) + earned(&second) + earned(&third);
    assert_eq!(world.received().await, all - 15_000, "to the unit");
}

#[tokio::test]
async fn debts_are_kept_in_their_own_currency_only() {
    let world = World::with_paid_host().await;
    let dollars = world.listing(|_| {}).await;
    let yen = world.listing(|details| details.currency = domain::money::Currency::JPY).await;
    let (first, second) = (world.paid(&dollars, (10, 13)).await, world.paid(&yen, (20, 21)).await);
    world.pass_at(world.due(&dollars, &first)).await;
    world.stripe.pay_out(&world.only(&first).await.account_id.expect("sent")).await;
    world.give_back(&first, 15_000).await;
    world.pass_at(world.due(&yen, &second)).await;
    let paid = world.only(&second).await;
    assert_eq!((paid.status.as_str(), paid.withheld.amount), ("sent", 0));
}

#[tokio::test]
async fn a_gift_in_the_middle_of_a_long_stay_lessens_the_instalments_to_come() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 70)).await;
    let due = world.due(&property, &booking);
    world.pass_at(due).await;
    let half = earned(&booking) / 2;
    assert_eq!(world.received().await, half);
    world.give_back(&booking, 7_000).await;
    world.pass_at(due + SignedDuration::from_hours(24)).await;
    assert_eq!(world.plan(&booking).await, [(1, "sent", half), (2, "pending", earned(&booking) - half - 7_000)]);
    assert_eq!(world.transfers().await[0]["amount_reversed"], 0);
}
