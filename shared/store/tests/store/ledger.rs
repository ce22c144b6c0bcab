//! The books are appended to, by whole movements that sum to zero, and each thing is posted once.

use domain::id::{BookingId, PaymentId, RefundId};
use domain::ledger::{self, Account, Movement, Standing, Subject};
use domain::money::{Currency, Money};
use services::bookings::Booking;
use testkit::Kit;
use tokio_postgres::error::SqlState;

fn usd(amount: i64) -> Money {
    Money::new(amount, Currency::USD)
}

fn subject(booking: &Booking) -> Subject {
    Subject { booking_id: booking.id, host_id: booking.host_id }
}

async fn booked(kit: &Kit) -> Booking {
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    kit.book(&guest, property.id, (10, 13)).await
}

async fn post(kit: &Kit, movement: &Movement) -> domain::error::Result<bool> {
    let posted = kit.services.db.run_tx("test.post", |tx| async move { store::ledger::post(&tx, movement).await });
    posted.await.map(|committed| committed.value)
}

async fn standing(kit: &Kit, booking_id: BookingId) -> Standing {
    let connection = kit.services.db.connection().await.expect("a connection");
    store::ledger::standing(&connection, booking_id, Currency::USD).await.expect("read")
}

async fn count(kit: &Kit) -> i64 {
    kit.database.value("SELECT count(*) FROM ledger_entries", &[]).await
}

#[tokio::test]
async fn a_movement_is_posted_once_by_its_source() {
    let kit = Kit::start().await;
    let of = subject(&booked(&kit).await);
    let captured = ledger::captured(of, PaymentId::new(), usd(1_000), false);
    assert!(post(&kit, &captured).await.expect("posted"));
    assert!(!post(&kit, &captured).await.expect("known"));
    assert_eq!(count(&kit).await, 2);
    assert_eq!(standing(&kit, of.booking_id).await.guest_funds, 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_post_the_same_at_once_post_it_once() {
    let kit = Kit::start().await;
    let of = subject(&booked(&kit).await);
    for _ in 0..10 {
        let captured = &ledger::captured(of, PaymentId::new(), usd(7), false);
        let (one, other) = tokio::join!(post(&kit, captured), post(&kit, captured));
        assert_ne!(one.expect("posted or known"), other.expect("posted or known"));
    }
    assert_eq!(count(&kit).await, 20);
}

#[tokio::test]
async fn nothing_is_posted_when_nothing_moved() {
    let kit = Kit::start().await;
    let of = subject(&booked(&kit).await);
    assert!(!post(&kit, &ledger::refund_done(of, RefundId::new(), usd(0))).await.expect("nothing"));
    let movements: i64 = kit.database.value("SELECT count(*) FROM ledger_movements", &[]).await;
    assert_eq!(movements, 0);
}

#[tokio::test]
async fn the_standing_leaves_out_what_was_paid_out_and_the_balances_do_not() {
    let kit = Kit::start().await;
    let booking = booked(&kit).await;
    let of = subject(&booking);
    post(&kit, &ledger::captured(of, PaymentId::new(), booking.price.total, false)).await.expect("posted");
    post(&kit, &ledger::earned(of, &booking.price)).await.expect("posted");
    let payout = booking.price.host_payout;
    post(&kit, &ledger::paid_out(of.host_id, "pout_1", &[(of.booking_id, payout)])).await.expect("posted");
    assert_eq!(standing(&kit, of.booking_id).await.earned, ledger::Split::of_price(&booking.price));
    let connection = kit.services.db.connection().await.expect("a connection");
    let balances = store::ledger::balances_of_booking(&connection, of.booking_id).await.expect("read");
    assert!(!balances.iter().any(|(account, _)| *account == Account::HostPayable), "{balances:?}");
    let left = (Account::ProviderBalance, usd(booking.price.total.amount - payout.amount));
    assert!(balances.contains(&left), "{balances:?}");
}

#[tokio::test]
async fn an_unbalanced_or_empty_movement_never_commits() {
    let kit = Kit::start().await;
    let of = subject(&booked(&kit).await);
    let mut unbalanced = ledger::captured(of, PaymentId::new(), usd(1_000), false);
    unbalanced.entries[0].amount = usd(999);
    post(&kit, &unbalanced).await.expect_err("a unit is missing");
    // The sums of all are zero; of each currency they are not.
    let mut mixed = ledger::captured(of, PaymentId::new(), usd(1_000), false);
    mixed.entries[0].amount = Money::new(1_000, Currency::EUR);
    post(&kit, &mixed).await.expect_err("two currencies");
    let mut across = ledger::captured(of, PaymentId::new(), usd(1_000), false);
    across.entries[0].booking_id = booked(&kit).await.id;
    post(&kit, &across).await.expect_err("two bookings");
    let app = kit.database.connect_as_app().await;
    let empty = format!(
        "INSERT INTO ledger_movements (id, source, kind, host_id) VALUES (gen_random_uuid(), 'x', 'capture', '{}')",
        of.host_id.uuid()
    );
    let refused = app.batch_execute(&empty).await.expect_err("empty");
    assert_eq!(refused.code(), Some(&SqlState::CHECK_VIOLATION), "{refused:?}");
    // Nor is one completed later.
    post(&kit, &ledger::captured(of, PaymentId::new(), usd(5), false)).await.expect("posted");
    let later = "INSERT INTO ledger_entries SELECT movement_id, 9, account, booking_id, currency, 1
                 FROM ledger_entries LIMIT 1";
    let refused = app.batch_execute(later).await.expect_err("unbalanced");
    assert_eq!(refused.code(), Some(&SqlState::CHECK_VIOLATION), "{refused:?}");
    assert_eq!(count(&kit).await, 2);
}

#[tokio::test]
async fn what_is_posted_is_never_changed_not_even_by_the_owner() {
    let kit = Kit::start().await;
    let of = subject(&booked(&kit).await);
    post(&kit, &ledger::captured(of, PaymentId::new(), usd(1_000), false)).await.expect("posted");
    let app = kit.database.connect_as_app().await;
    let owner = kit.database.connect_as_owner().await;
    for sql in [
        "UPDATE ledger_movements SET kind = 'payout'",
        "UPDATE ledger_entries SET amount_minor = -amount_minor",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_movements",
        "TRUNCATE ledger_entries",
        "TRUNCATE ledger_movements, ledger_entries",
    ] {
        for client in [&app, &owner] {
            let Err(refused) = client.batch_execute(sql).await else { panic!("done: {sql}") };
            assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {refused:?}");
        }
    }
    assert_eq!(count(&kit).await, 2);
}
