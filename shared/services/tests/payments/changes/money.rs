//! What a change costs or gives back.

use domain::cancellation::CancellationPolicy;
use domain::money::Currency;
use jiff::SignedDuration;
use services::Actor;
use services::bookings::Booking;
use testkit::in_days;

use super::{adults, nights};
use crate::Platform;

async fn preview(platform: &Platform, actor: &Actor, booking: &Booking) -> i64 {
    platform.kit.services.cancellation_preview(actor, booking.id).await.expect("confirmed").refund.amount
}

#[tokio::test]
async fn a_dearer_change_takes_effect_when_the_difference_is_paid_and_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, first) = platform.paid(&property, (10, 12)).await;
    let proposed = platform.proposes(&platform.guest.actor, &booking, (10, 14)).await.expect("proposed");
    assert_eq!((proposed.status.as_str(), proposed.proposed_by.as_str()), ("proposed", "guest"));
    assert_eq!(proposed.price.total.amount, 2 * booking.price.total.amount);
    assert_eq!(proposed.difference, booking.price.total);

    let accepted = platform.accepts(&platform.host.actor, booking.id).await.expect("accepted");
    assert_eq!(accepted.status.as_str(), "accepted");
    assert_eq!(nights(&platform.booking(booking.id).await), nights(&booking), "the old stay stands");
    let attempt = platform.attempt(&booking).await;
    assert!(attempt.created);
    assert!(!platform.attempt(&booking).await.created, "asked again, the same one is given");
    let payment = platform.payment(attempt.id).await;
    assert_eq!((payment.amount, payment.change_id), (accepted.difference, Some(accepted.id)));
    assert!(!payment.manual_capture);

    platform.stripe.pay(&attempt.client_secret, crate::VISA).await;
    for _ in 0..2 {
        platform.hear().await;
        platform.reconcile().await;
    }
    let changed = platform.booking(booking.id).await;
    assert_eq!(nights(&changed), (in_days(10), in_days(14)));
    assert_eq!(changed.price, proposed.price);
    assert_eq!((changed.status.as_str(), changed.payment_id), ("confirmed", Some(first.id)));
    assert_eq!(changed.confirmed_at, booking.confirmed_at, "no new grace");
    let events: Vec<&str> = changed.timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["created", "paid", "changed"]);
    assert_eq!(platform.change_status(booking.id).await, "applied");
    assert_eq!(platform.events_of("booking.changed").await, 1);
    assert_eq!(platform.events_of("booking.confirmed").await, 1);
    assert_eq!(platform.refunds().await, (0, 0));
    platform.check_books().await;
}

#[tokio::test]
async fn a_cheaper_change_takes_effect_at_once_and_gives_the_difference_back() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 14)).await;
    let proposed = platform.proposes(&platform.host.actor, &booking, (10, 13)).await.expect("proposed");
    assert_eq!(proposed.difference.amount, -booking.price.total.amount / 4);
    let applied = platform.accepts(&platform.guest.actor, booking.id).await.expect("accepted");
    assert_eq!((applied.status.as_str(), applied.expires_at), ("applied", None));
    let changed = platform.booking(booking.id).await;
    assert_eq!(nights(&changed), (in_days(10), in_days(13)));
    assert_eq!(platform.refunds().await, (booking.price.total.amount / 4, 1));
    assert_eq!(platform.payment(payment.id).await.refunded_minor, booking.price.total.amount / 4);
    platform.book(&property, (13, 14)).await;
    platform.check_books().await;
}

#[tokio::test]
async fn a_change_of_guests_at_the_same_price_moves_no_money() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let guest = &platform.guest.actor;
    platform.proposes_for(guest, booking.id, (10, 12), adults(2)).await.expect("proposed");
    platform.accepts(&platform.host.actor, booking.id).await.expect("accepted");
    let changed = platform.booking(booking.id).await;
    assert_eq!((changed.guests, changed.price.total), (adults(2), booking.price.total));
    assert_eq!(platform.refunds().await, (0, 0));
    platform.check_books().await;
}

#[tokio::test]
async fn a_stay_paid_for_twice_gives_back_what_the_preview_says_of_the_newest_payment_first() {
    for (currency, base) in [
        (Currency::USD, 9_997),
        (Currency::parse("JPY").expect("known"), 9_997),
        (Currency::parse("KWD").expect("known"), 45_673),
    ] {
        let platform = Platform::open().await;
        let property = platform
            .listing(|details| {
                details.currency = currency;
                details.base_price_minor = Some(base);
                details.cancellation_policy = CancellationPolicy::Moderate;
            })
            .await;
        let (booking, first) = platform.paid(&property, (10, 12)).await;
        let accepted = platform.agreed(&booking, (10, 13)).await;
        assert!(currency.exponent() < 3 || accepted.difference.amount % 10 == 0, "{}", accepted.difference);
        let second = platform.pay_unheard(&booking).await;
        platform.hear().await;
        let changed = platform.booking(booking.id).await;
        let paid = first.captured_minor + platform.payment(second.id).await.captured_minor;
        assert_eq!(paid, changed.price.total.amount);

        // The day before arrival: the first night and half of the others are kept.
        let rules = &property.details.rules;
        let check_in = rules.time_zone.instant(changed.dates.check_in(), rules.check_in_time);
        platform.kit.database.set_now(check_in - SignedDuration::from_hours(20)).await;
        let back = preview(&platform, &platform.guest.actor, &booking).await;
        assert!(back > 0 && back < paid, "{back} of {paid}");
        platform.cancels(&platform.guest.actor, booking.id).await.expect("cancelled");
        assert_eq!(platform.refunds().await.0, back, "{currency}");
        let of_second = platform.payment(second.id).await;
        assert_eq!(of_second.refunded_minor, back.min(of_second.captured_minor), "the newest first");
        platform.check_books().await;
    }
}

#[tokio::test]
async fn a_host_who_cancels_gives_all_of_all_payments_back() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, first) = platform.paid(&property, (10, 12)).await;
    let agreed = platform.agreed(&booking, (10, 13)).await;
    platform.pay_unheard(&booking).await;
    platform.hear().await;
    let all = booking.price.total.amount + agreed.difference.amount;
    assert_eq!(preview(&platform, &platform.host.actor, &booking).await, all);
    platform.cancels(&platform.host.actor, booking.id).await.expect("cancelled");
    assert_eq!(platform.refunds().await, (all, 2));
    assert_eq!(platform.payment(first.id).await.refunded_minor, first.captured_minor);
    assert_eq!(platform.stripe.balance().await, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn dearer_and_then_cheaper_again_ends_where_it_began() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, first) = platform.paid(&property, (10, 12)).await;
    platform.agreed(&booking, (9, 12)).await;
    let second = platform.pay_unheard(&booking).await;
    platform.hear().await;
    assert_eq!(nights(&platform.booking(booking.id).await), (in_days(9), in_days(12)));
    platform.agreed(&booking, (10, 12)).await;
    let again = platform.booking(booking.id).await;
    assert_eq!((nights(&again), again.price), (nights(&booking), booking.price));
    let second = platform.payment(second.id).await;
    assert_eq!(second.refunded_minor, second.captured_minor);
    assert_eq!(platform.payment(first.id).await.refunded_minor, 0);
    platform.check_books().await;
}

#[tokio::test]
async fn fees_stay_as_they_were_when_the_stay_was_booked() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 12)).await;
    let dearer = "UPDATE bookings SET guest_fee_basis_points = 5000, host_fee_basis_points = 1000";
    platform.kit.database.batch(dearer).await;
    let proposed = platform.proposes(&platform.guest.actor, &booking, (10, 14)).await.expect("proposed");
    assert_eq!(proposed.price.guest_fee.amount, proposed.price.subtotal.amount / 2);
    assert_eq!(proposed.price.host_fee.amount, proposed.price.subtotal.amount / 10);
}

#[tokio::test]
async fn what_the_host_gave_back_before_is_not_given_back_again() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 12)).await;
    let (actor, services) = (&platform.host.actor, &platform.kit.services);
    let all_but_one = Some(domain::money::Money::new(payment.captured_minor - 1, payment.amount.currency));
    let work = |tx: std::sync::Arc<services::Tx>| async move {
        services::refunds::decide_by_host(&tx, actor, payment.id, all_but_one, "A gift.").await
    };
    services.write("test.refund", work).await.expect("given");
    services.carry_out_refunds_of(payment.id).await;
    platform.agreed(&booking, (10, 11)).await;
    assert_eq!(nights(&platform.booking(booking.id).await), (in_days(10), in_days(11)));
    assert_eq!(platform.refunds().await, (payment.captured_minor, 2));
    assert_eq!(platform.payment(payment.id).await.refunded_minor, payment.captured_minor);
}
