//! The ledger beside the tables: what a spoiled row shows, and that a backlog and odd currencies end well.

use domain::money::{Currency, Money};
use jiff::SignedDuration;
use services::refunds::decide_by_host;
use store::ledger_check::{Imbalance, imbalances};

use crate::{Platform, VISA};

async fn found(platform: &Platform) -> Vec<Imbalance> {
    let connection = platform.kit.services.db.connection().await.expect("a connection");
    imbalances(&connection, None, 100).await.expect("checked")
}

async fn rules_that_break(platform: &Platform, spoil: &str, mend: &str) -> Vec<String> {
    platform.kit.database.batch(spoil).await;
    let found = found(platform).await;
    platform.kit.database.batch(mend).await;
    found.into_iter().map(|imbalance| imbalance.rule).collect()
}

#[tokio::test]
async fn a_row_that_says_otherwise_than_the_books_is_found_by_the_account_it_concerns() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    let (booking, payment) = platform.paid(&property, (10, 13)).await;
    let (services, host) = (&platform.kit.services, &platform.host.actor);
    let some = Some(Money::new(500, payment.amount.currency));
    let refunded = services.write("test.refund", |tx| async move {
        decide_by_host(&tx, host, payment.id, some, "A broken boiler.").await
    });
    refunded.await.expect("decided");
    services.carry_out_refunds_of(payment.id).await;
    assert_eq!(found(&platform).await, vec![]);
    for (spoil, mend, rule) in [
        (
            "UPDATE payments SET captured_minor = captured_minor - 1",
            "UPDATE payments SET captured_minor = captured_minor + 1",
            "provider_balance",
        ),
        ("UPDATE refunds SET status = 'pending'", "UPDATE refunds SET status = 'succeeded'", "refund_payable"),
        (
            "UPDATE payments SET fee_minor = fee_minor + 1",
            "UPDATE payments SET fee_minor = fee_minor - 1",
            "provider_fees",
        ),
        (
            r#"UPDATE bookings SET price = jsonb_set(price, '{guest_fee,amount}', '1')"#,
            &format!(
                r#"UPDATE bookings SET price = jsonb_set(price, '{{guest_fee,amount}}', '{}')"#,
                booking.price.guest_fee.amount
            ),
            "guest_fee_revenue",
        ),
    ] {
        let broken = rules_that_break(&platform, spoil, mend).await;
        assert!(broken.iter().any(|it| it == rule), "{spoil}: {broken:?}");
        assert_eq!(found(&platform).await, vec![], "{mend}");
    }
}

#[tokio::test]
async fn the_scheduler_tells_of_recent_imbalances_and_leaves_older_ones_to_the_whole_check() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    platform.paid(&property, (10, 13)).await;
    platform.kit.database.batch("UPDATE payments SET captured_minor = captured_minor - 1").await;
    let report = platform.kit.services.run_maintenance().await;
    assert!(report.ledger_imbalances > 0, "{report:?}");
    platform.kit.database.advance(SignedDuration::from_hours(2)).await;
    assert_eq!(platform.kit.services.check_recent_ledger().await.expect("checked"), 0);
    assert!(!found(&platform).await.is_empty());
}

#[tokio::test]
async fn a_backlog_of_more_than_a_batch_drains_in_one_pass() {
    let platform = Platform::open().await;
    let property = platform.listing(|_| {}).await;
    for n in 0..8 {
        let booking = platform.book(&property, (10 + 2 * n, 11 + 2 * n)).await;
        platform.pay_unheard(&booking).await;
    }
    // As many more whose fee nobody knows: they are asked about again.
    platform.reconcile().await;
    let copies =
        "INSERT INTO payments (id, booking_id, payer_id, status, manual_capture, amount_minor, currency, asked_at)
                  SELECT gen_random_uuid(), booking_id, payer_id, 'canceled', false, 1, 'USD', to_timestamp(0)
                  FROM payments, generate_series(1, 20)";
    platform.kit.database.batch(copies).await;
    platform.kit.database.batch("UPDATE payments SET instruction = 'cancel' WHERE status = 'canceled'").await;
    let asked = platform.kit.services.reconcile_payments().await.expect("reconciled");
    assert_eq!(asked, 160, "more than three batches");
}

/// Amounts that the provider writes otherwise than ISO 4217, or takes in steps only.
#[tokio::test]
async fn odd_currencies_are_charged_refunded_and_booked_to_the_unit() {
    for (code, nightly_minor, refund_minor) in [
        ("KWD", 12_345, 1_230),
        ("ISK", 12_345, 1_234),
        ("UGX", 123_456, 1_234),
        ("JPY", 12_345, 1_234),
        ("MGA", 1_234_567, 123_400),
    ] {
        let currency: Currency = code.parse().expect("a currency");
        let platform = Platform::open().await;
        let property = platform
            .listing(|details| {
                details.currency = currency;
                details.base_price_minor = Some(nightly_minor);
            })
            .await;
        let booking = platform.book(&property, (10, 13)).await;
        let attempt = platform.attempt(&booking).await;
        let (status, body) = platform.stripe.pay(&attempt.client_secret, VISA).await;
        assert_eq!(status, 200, "{code}: {body}");
        platform.hear().await;
        assert_eq!(platform.status(booking.id).await, "confirmed", "{code}");
        let payment = platform.payment(attempt.id).await;
        assert_eq!(payment.captured_minor, booking.price.total.amount, "{code}");
        let (services, host) = (&platform.kit.services, &platform.host.actor);
        for (amount, taken) in [(refund_minor + 1, currency.payment_step_minor() == 1), (refund_minor, true)] {
            let money = Some(Money::new(amount, currency));
            let decided = services.write("test.refund", |tx| async move {
                decide_by_host(&tx, host, payment.id, money, "A broken boiler.").await
            });
            assert_eq!(decided.await.is_ok(), taken, "{code} {amount}");
        }
        services.carry_out_refunds_of(payment.id).await;
        assert_eq!(found(&platform).await, vec![], "{code}");
        let failed = "SELECT count(*) FROM refunds WHERE status <> 'succeeded'";
        assert_eq!(platform.kit.database.value::<i64>(failed, &[]).await, 0, "{code}");
    }
}
