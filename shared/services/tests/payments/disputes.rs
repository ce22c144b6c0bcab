//! Money that the guest's bank takes back: settled by asking, in the books at once, and nothing is refunded beside it.

use domain::error::ErrorCode;
use domain::id::BookingId;
use domain::ledger::Account;
use domain::payment::PaymentStatus;
use services::bookings::Booking;
use services::payments::Payment;
use services::refunds::decide_by_host;

use crate::Platform;

const CONTESTED: &str = "pm_card_createDispute";

/// The provider's fee for a dispute, minor units.
const FEE: i64 = 1_500;

/// Paid for, confirmed, and contested at once; heard of or not.
async fn contested(platform: &Platform, heard: bool) -> (Booking, Payment) {
    let property = platform.listing(|_| {}).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    let (status, body) = platform.stripe.pay(&attempt.client_secret, CONTESTED).await;
    assert_eq!(status, 200, "{body}");
    if heard {
        platform.hear().await;
    }
    (platform.booking(booking.id).await, platform.payment(attempt.id).await)
}

async fn decide(platform: &Platform, evidence: &str) {
    let dispute = platform.stripe.get("/v1/disputes").await["data"][0]["id"].as_str().expect("one").to_owned();
    let form = [("evidence[uncategorized_text]", evidence)];
    platform.stripe.post(&format!("/v1/disputes/{dispute}"), &form).await;
}

fn status(payment: &Payment) -> PaymentStatus {
    PaymentStatus::of(payment.status, payment.captured_minor, payment.refunded_minor, payment.disputed)
}

async fn balance(platform: &Platform, id: BookingId, account: Account) -> i64 {
    let connection = platform.kit.services.db.connection().await.expect("a connection");
    let balances = store::ledger::balances_of_booking(&connection, id).await.expect("read");
    balances.iter().find(|(of, _)| *of == account).map_or(0, |(_, balance)| balance.amount)
}

#[tokio::test]
async fn a_contested_payment_is_disputed_and_nothing_of_it_is_refunded() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, true).await;
    assert_eq!((booking.status.as_str(), status(&payment)), ("confirmed", PaymentStatus::Disputed));
    assert_eq!(balance(&platform, booking.id, Account::Disputes).await, booking.price.total.amount);
    assert!(balance(&platform, booking.id, Account::ProviderFees).await >= FEE);
    assert_eq!(balance(&platform, booking.id, Account::HostPayable).await, -booking.price.host_payout.amount);
    let (services, host) = (&platform.kit.services, &platform.host.actor);
    let refused = services
        .write("test.refund", |tx| async move { decide_by_host(&tx, host, payment.id, None, "Sorry.").await })
        .await
        .expect_err("the bank has the money");
    assert_eq!((refused.code(), &refused.extra()["state"]), (ErrorCode::InvalidState, &"disputed".into()));
    let preview = services.cancellation_preview(&platform.guest.actor, booking.id).await.expect("confirmed");
    assert_eq!(preview.refund.amount, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn a_dispute_that_is_won_leaves_the_payment_as_it_was() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, true).await;
    decide(&platform, "winning_evidence").await;
    platform.hear().await;
    assert_eq!(status(&platform.payment(payment.id).await), PaymentStatus::Succeeded);
    assert_eq!(balance(&platform, booking.id, Account::Disputes).await, 0);
    assert_eq!(balance(&platform, booking.id, Account::HostPayable).await, -booking.price.host_payout.amount);
    platform.check_books().await;
}

#[tokio::test]
async fn a_dispute_that_is_lost_takes_the_hosts_share_from_the_host() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, true).await;
    decide(&platform, "losing_evidence").await;
    for _ in 0..2 {
        platform.hear().await;
    }
    assert_eq!(status(&platform.payment(payment.id).await), PaymentStatus::Disputed);
    assert_eq!(balance(&platform, booking.id, Account::Disputes).await, 0);
    assert_eq!(balance(&platform, booking.id, Account::HostPayable).await, 0);
    let rest = booking.price.total.amount - booking.price.host_payout.amount;
    assert_eq!(balance(&platform, booking.id, Account::DisputeLosses).await, rest);
    platform.check_books().await;
}

#[tokio::test]
async fn a_dispute_is_known_though_every_webhook_was_lost() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, false).await;
    platform.reconcile().await;
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(status(&platform.payment(payment.id).await), PaymentStatus::Disputed);
    decide(&platform, "winning_evidence").await;
    platform.reconcile().await;
    assert_eq!(status(&platform.payment(payment.id).await), PaymentStatus::Succeeded);
    platform.check_books().await;
}

#[tokio::test]
async fn the_events_of_a_dispute_come_in_any_order_and_twice() {
    let platform = Platform::open().await;
    let (booking, _) = contested(&platform, false).await;
    decide(&platform, "losing_evidence").await;
    let mut events = platform.stripe.events().await;
    events.reverse();
    for event in events.iter().chain(&events) {
        platform.kit.services.apply_stripe_event(event).await.expect("applied");
    }
    assert_eq!(platform.status(booking.id).await, "confirmed");
    assert_eq!(balance(&platform, booking.id, Account::HostPayable).await, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn the_host_and_admins_see_the_dispute_and_the_guest_does_not() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, true).await;
    let (services, admin) = (&platform.kit.services, platform.kit.admin().await);
    for (who, seen) in [(&platform.host.actor, 1), (&admin.actor, 1), (&platform.guest.actor, 0)] {
        assert_eq!(services.payment(who, payment.id).await.expect("theirs").disputes.len(), seen);
        let listed = services.payments_of_booking(who, booking.id).await.expect("theirs");
        assert_eq!(listed[0].disputes.len(), seen);
    }
}

#[tokio::test]
async fn cancelling_while_the_bank_has_the_money_gives_nothing_back() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, true).await;
    let (services, host) = (&platform.kit.services, &platform.host.actor);
    let cancelled = services
        .write("test.cancel", |tx| async move { services::cancellations::cancel(&tx, host, booking.id, None).await });
    cancelled.await.expect("cancelled");
    services.carry_out_for(booking.id).await;
    assert_eq!(platform.refunds().await, (0, 0));
    // Won after all: an admin gives back what is right, and everything goes back to nothing.
    decide(&platform, "winning_evidence").await;
    platform.hear().await;
    let admin = &platform.kit.admin().await.actor;
    let refunded = services.write("test.refund", |tx| async move {
        decide_by_host(&tx, admin, payment.id, None, "The host cancelled.").await
    });
    refunded.await.expect("refunded");
    services.carry_out_refunds_of(payment.id).await;
    for account in [Account::HostPayable, Account::HostFeeRevenue, Account::GuestFeeRevenue, Account::TaxPayable] {
        assert_eq!(balance(&platform, booking.id, account).await, 0, "{account}");
    }
    platform.check_books().await;
}

#[tokio::test]
async fn what_became_the_guests_while_the_bank_had_the_money_goes_back_when_the_dispute_is_won() {
    let platform = Platform::open().await;
    let (booking, payment) = contested(&platform, true).await;
    platform.proposes(&platform.guest.actor, &booking, (10, 12)).await.expect("proposed");
    let change = platform.accepts(&platform.host.actor, booking.id).await.expect("accepted");
    let owed = -change.difference.amount;
    assert!(owed > 0, "a night less costs less");
    platform.reconcile().await;
    assert_eq!(platform.refunds().await, (0, 0), "the bank has the money");
    platform.check_ledger().await;
    decide(&platform, "winning_evidence").await;
    for _ in 0..2 {
        platform.hear().await;
        platform.reconcile().await;
    }
    assert_eq!(platform.refunds().await, (owed, 1));
    assert_eq!(platform.payment(payment.id).await.refunded_minor, owed);
    platform.check_books().await;
}
