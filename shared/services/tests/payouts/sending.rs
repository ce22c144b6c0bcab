//! When a payout is due, and what is sent.

use domain::ledger::{self, Split, Subject};
use domain::money::Currency;
use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;
use testkit::in_days;

use crate::{World, earned};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test]
async fn a_payout_is_sent_24_hours_after_check_in_and_not_before() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    let due = world.due(&property, &booking);
    world.pass().await;
    assert_eq!(world.plan(&booking).await, [(1, "pending", earned(&booking))]);
    assert_eq!(world.only(&booking).await.due_at, due);
    world.pass_at(due - MINUTE).await;
    assert_eq!(world.transfers().await.len(), 0, "not due");
    world.pass_at(due).await;
    let sent = world.only(&booking).await;
    assert_eq!((sent.status.as_str(), sent.to_send().amount), ("sent", earned(&booking)));
    let [transfer] = &world.transfers().await[..] else { panic!("one transfer") };
    assert_eq!(transfer["amount"], earned(&booking));
    assert_eq!((&transfer["id"], &transfer["currency"]), (&json!(sent.transfer_id), &json!("usd")));
    assert_eq!((&transfer["destination"], &transfer["transfer_group"]), (&json!(sent.account_id), &json!(booking.id)));
    assert!(transfer["source_transaction"].is_string(), "the money of the charge, which has not settled yet");
    assert_eq!(world.owed().await, 0);
    assert_eq!(world.events_of("payout.sent").await, 1);
    for _ in 0..2 {
        world.pass().await;
    }
    assert_eq!(world.transfers().await.len(), 1);
    assert_eq!(world.events_of("payout.sent").await, 1);
}

#[tokio::test]
async fn the_zone_and_the_check_in_time_of_the_place_decide() {
    let world = World::with_paid_host().await;
    for (number, (zone, hour)) in [("Pacific/Kiritimati", 22), ("America/Los_Angeles", 0)].into_iter().enumerate() {
        let property = world
            .listing(|details| {
                details.rules.time_zone = zone.parse().expect("a zone");
                details.rules.check_in_time = jiff::civil::time(hour, 0, 0, 0);
            })
            .await;
        let booking = world.paid(&property, (10, 12)).await;
        let local = jiff::tz::TimeZone::get(zone).expect("a zone");
        let check_in = in_days(10).at(hour, 0, 0, 0).to_zoned(local).expect("a time there").timestamp();
        world.pass_at(check_in + 24.hours() - MINUTE).await;
        assert_eq!(world.only(&booking).await.status.as_str(), "pending", "{zone}");
        world.pass_at(check_in + 24.hours()).await;
        assert_eq!(world.only(&booking).await.status.as_str(), "sent", "{zone}");
        assert_eq!(world.transfers().await.len(), number + 1);
        world.kit.database.set_now(jiff::Timestamp::now()).await;
    }
}

#[tokio::test]
async fn a_long_stay_is_paid_by_instalments_that_sum_to_the_whole() {
    let world = World::with_paid_host().await;
    let property = world.listing(|details| details.base_price_minor = Some(3_333)).await;
    let booking = world.paid(&property, (10, 80)).await;
    world.pass().await;
    let plan = world.plan(&booking).await;
    assert_eq!(plan.iter().map(|(number, _, _)| *number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(plan.iter().map(|(_, _, amount)| amount).sum::<i64>(), earned(&booking));
    let first = world.due(&property, &booking);
    world.pass_at(first).await;
    assert_eq!(world.received().await, plan[0].2);
    let due: Vec<_> = world.payouts(&booking).await.iter().map(|payout| payout.due_at).collect();
    world.pass_at(due[1] - MINUTE).await;
    assert_eq!(world.transfers().await.len(), 1);
    // Both at once, when nobody came by in between.
    world.pass_at(due[2]).await;
    assert_eq!(world.transfers().await.len(), 3);
    assert_eq!((world.received().await, world.owed().await), (earned(&booking), 0));
}

#[tokio::test]
async fn a_currency_without_minor_units_is_paid_in_it() {
    let world = World::with_paid_host().await;
    let property = world
        .listing(|details| {
            details.currency = Currency::JPY;
            details.base_price_minor = Some(12_345);
        })
        .await;
    let booking = world.paid(&property, (10, 12)).await;
    world.pass_at(world.due(&property, &booking)).await;
    let [transfer] = &world.transfers().await[..] else { panic!("one transfer") };
    assert_eq!((&transfer["amount"], &transfer["currency"]), (&json!(earned(&booking)), &json!("jpy")));
    assert_eq!(earned(&booking), 24_690 - 741);
}

#[tokio::test]
async fn a_payout_waits_until_the_host_can_be_paid() {
    let world = World::open().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.pass_at(world.due(&property, &booking)).await;
    assert_eq!(world.plan(&booking).await, [(1, "pending", earned(&booking))]);
    world.onboard("requirements_due").await;
    world.pass().await;
    assert_eq!(world.transfers().await.len(), 0);
    world.onboard("complete").await;
    world.pass().await;
    assert_eq!(world.received().await, earned(&booking));
}

#[tokio::test]
async fn what_a_cancelled_stay_keeps_is_paid_at_once_when_it_is_due() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    let due = world.due(&property, &booking);
    world.kit.database.set_now(due - SignedDuration::from_hours(30)).await;
    let (actor, id) = (&world.guest.actor, booking.id);
    let preview = world.services().cancellation_preview(actor, id).await.expect("it can be called off");
    let of = Subject { booking_id: id, host_id: booking.host_id };
    let back = &ledger::given_back(of, Split::of_lines(&preview.lines, &booking.price), booking.price.total.currency);
    let cancelled = world.services().write("test.cancel", |tx| async move {
        services::cancellations::cancel(&tx, actor, id, Some("No train runs.")).await?;
        store::ledger::post(&tx, back).await
    });
    cancelled.await.expect("cancelled");
    world.pass().await;
    let [(1, "pending", kept)] = world.plan(&booking).await[..] else { panic!("{:?}", world.plan(&booking).await) };
    assert!(kept > 0 && kept < earned(&booking), "{kept}: one night of three, less the host fee");
    world.pass_at(due).await;
    assert_eq!((world.received().await, world.owed().await), (kept, 0));
}

#[tokio::test]
async fn a_payout_is_due_by_the_check_in_as_it_was_booked() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    world.kit.database.batch("UPDATE properties SET check_in_time = '00:00'").await;
    let due = world.due(&property, &booking);
    world.pass_at(due - SignedDuration::from_mins(1)).await;
    assert_eq!(world.only(&booking).await.status.as_str(), "pending");
    world.pass_at(due).await;
    assert_eq!(world.only(&booking).await.status.as_str(), "sent");
}

#[tokio::test]
async fn money_that_the_provider_has_converted_is_no_source_of_a_transfer() {
    let world = World::with_paid_host().await;
    let property = world.listing(|_| {}).await;
    let booking = world.paid(&property, (10, 13)).await;
    let source = async || {
        let connection = world.services().db.connection().await.expect("a connection");
        let amount = booking.price.host_payout;
        store::payouts::source_intent(&connection, booking.id, amount).await.expect("looked for")
    };
    assert!(source().await.is_some());
    world.kit.database.batch("UPDATE payments SET fee_currency = 'EUR'").await;
    assert_eq!(source().await, None);
}
