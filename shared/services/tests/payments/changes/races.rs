//! Whoever is first wins, and nobody's nights are promised twice.

use domain::error::ErrorCode;
use testkit::in_days;

use super::nights;
use crate::Platform;

/// Rounds of each race.
const ROUNDS: i32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_proposals_at_once_one_wins() {
    let platform = Platform::open().await;
    for _ in 0..ROUNDS {
        let property = platform.listing(|_| {}).await;
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        let (one, other) = tokio::join!(
            platform.proposes(&platform.guest.actor, &booking, (10, 13)),
            platform.proposes(&platform.host.actor, &booking, (9, 12)),
        );
        let refused: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
        let [refused] = refused.as_slice() else { panic!("not one winner: {refused:?}") };
        assert_eq!(refused.code(), ErrorCode::ChangeOpen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_and_a_new_booking_never_both_get_a_night() {
    let platform = Platform::open().await;
    let other = platform.kit.guest().await;
    let mut won = [0, 0];
    for _ in 0..2 * ROUNDS {
        let property = platform.listing(|_| {}).await;
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        let (proposed, booked) = tokio::join!(
            platform.proposes(&platform.guest.actor, &booking, (10, 14)),
            platform.try_book(&other, &property, (13, 15)),
        );
        let refused = match (&proposed, &booked) {
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => error.code(),
            both => panic!("not one winner: {both:?}"),
        };
        assert_eq!(refused, ErrorCode::DatesUnavailable);
        won[usize::from(proposed.is_ok())] += 1;
        if let Ok(booked) = booked {
            let (actor, id) = (&other.actor, booked.id);
            let services = &platform.kit.services;
            let work = |tx: std::sync::Arc<services::Tx>| async move {
                services::cancellations::cancel(&tx, actor, id, None).await
            };
            services.write("test.cancel", work).await.expect("cancelled");
        }
    }
    eprintln!("bookings won {}, proposals {}", won[0], won[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_two_stays_never_both_get_a_night() {
    let platform = Platform::open().await;
    for _ in 0..ROUNDS {
        let property = platform.listing(|_| {}).await;
        let (one, _) = platform.paid(&property, (10, 12)).await;
        let (other, _) = platform.paid(&property, (14, 16)).await;
        let (first, second) = tokio::join!(
            platform.proposes(&platform.guest.actor, &one, (10, 13)),
            platform.proposes(&platform.guest.actor, &other, (12, 16)),
        );
        let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
        let [refused] = refused.as_slice() else { panic!("not one winner: {refused:?}") };
        assert_eq!(refused.code(), ErrorCode::DatesUnavailable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_racing_a_cancellation_leaves_no_money_behind() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for round in 0..ROUNDS {
        let (booking, _) = platform.paid(&property, (10, 14)).await;
        let (from, to) = if round % 2 == 0 { (10, 12) } else { (10, 15) };
        platform.proposes(&platform.guest.actor, &booking, (from, to)).await.expect("proposed");
        let (accepted, cancelled) = tokio::join!(
            platform.accepts(&platform.host.actor, booking.id),
            platform.cancels(&platform.guest.actor, booking.id),
        );
        cancelled.expect("cancelled");
        if let Err(error) = accepted {
            assert_eq!(error.code(), ErrorCode::InvalidState, "round {round}");
        }
        platform.reconcile().await;
        assert_eq!(platform.status(booking.id).await, "cancelled");
        platform.check_books().await;
    }
    assert_eq!(platform.stripe.balance().await, 0, "all within the grace");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_difference_paid_while_the_stay_is_cancelled_goes_back() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for _ in 0..ROUNDS {
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        platform.agreed(&booking, (10, 13)).await;
        platform.pay_unheard(&booking).await;
        let event = platform.stripe.last_event().await;
        let (settled, cancelled) = tokio::join!(
            platform.kit.services.apply_stripe_event(&event),
            platform.cancels(&platform.guest.actor, booking.id),
        );
        settled.expect("settled");
        cancelled.expect("cancelled");
        platform.reconcile().await;
        platform.check_books().await;
    }
    assert_eq!(platform.stripe.balance().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_twice_at_once_is_applied_and_refunded_once() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, _) = platform.paid(&property, (10, 14)).await;
    let change = platform.proposes(&platform.guest.actor, &booking, (10, 12)).await.expect("proposed");
    let (one, other) = tokio::join!(
        platform.accepts(&platform.host.actor, booking.id),
        platform.accepts(&platform.host.actor, booking.id),
    );
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|won| **won).count(), 1);
    platform.reconcile().await;
    assert_eq!(platform.refunds().await, (-change.difference.amount, 1));
    assert_eq!(nights(&platform.booking(booking.id).await), (in_days(10), in_days(12)));
    assert_eq!(platform.events_of("booking.changed").await, 1);
    platform.check_books().await;
}

/// The change's day is over at that very moment: the nights are either the change's or the new guest's.
#[tokio::test(flavor = "multi_thread")]
async fn a_difference_settled_as_its_time_runs_out_races_a_new_booking() {
    let platform = Platform::open().await;
    let other = platform.kit.guest().await;
    for _ in 0..ROUNDS {
        let property = platform.listing(|_| {}).await;
        let (booking, _) = platform.paid(&property, (10, 12)).await;
        let agreed = platform.agreed(&booking, (10, 14)).await;
        platform.pay_unheard(&booking).await;
        let until = agreed.expires_at.expect("open");
        platform.kit.database.set_now(until - jiff::SignedDuration::from_millis(3)).await;
        let event = platform.stripe.last_event().await;
        let (settled, booked) = tokio::join!(
            platform.kit.services.apply_stripe_event(&event),
            platform.try_book(&other, &property, (13, 15)),
        );
        settled.expect("settled");
        let is_changed = nights(&platform.booking(booking.id).await) == (in_days(10), in_days(14));
        assert!(!(is_changed && booked.is_ok()), "promised twice");
        platform.reconcile().await;
        platform.check_books().await;
        if let Ok(booked) = booked {
            let done = "UPDATE bookings SET status = 'expired', hold_expires_at = NULL WHERE id = $1";
            platform.kit.database.execute(done, &[&booked.id.uuid()]).await;
        }
        platform.kit.database.set_now(jiff::Timestamp::now()).await;
    }
}
