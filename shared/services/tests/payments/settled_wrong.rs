//! Money of another amount or currency than asked for: set apart, and nothing follows from it.

use crate::{Platform, VISA};

async fn is_set_apart(instant_book: bool, falsify: &str) {
    let platform = Platform::open().await;
    let property = platform.listing(|details| details.instant_book = instant_book).await;
    let booking = platform.book(&property, (10, 13)).await;
    let attempt = platform.attempt(&booking).await;
    platform.kit.database.batch(&format!("UPDATE payments SET {falsify}")).await;
    platform.stripe.pay(&attempt.client_secret, VISA).await;
    for _ in 0..2 {
        platform.hear().await;
        platform.reconcile().await;
    }
    assert_eq!(platform.status(booking.id).await, "pending_payment", "{falsify}");
    let apart = "SELECT count(*) FROM payments WHERE quarantined_at IS NOT NULL";
    assert_eq!(platform.kit.database.value::<i64>(apart, &[]).await, 1, "{falsify}");
    assert_eq!((platform.events_of("booking.confirmed").await, platform.refunds().await), (0, (0, 0)), "{falsify}");
    // The guest is not asked for money a second time.
    if let Ok(again) = platform.try_attempt(&booking).await {
        assert_eq!(again.id, attempt.id, "{falsify}");
    }
    assert_eq!(platform.stripe.intents().await.len(), 1, "{falsify}");
    platform.kit.database.advance(jiff::SignedDuration::from_mins(15)).await;
    platform.kit.services.run_maintenance().await;
    assert_eq!(platform.status(booking.id).await, "expired", "{falsify}");
    platform.check_books().await;
}

#[tokio::test]
async fn money_of_another_amount_confirms_nothing() {
    is_set_apart(true, "amount_minor = amount_minor + 1").await;
    is_set_apart(true, "amount_minor = amount_minor - 1").await;
}

#[tokio::test]
async fn money_in_another_currency_confirms_nothing() {
    is_set_apart(true, "currency = 'EUR'").await;
}

#[tokio::test]
async fn an_authorisation_of_another_amount_or_currency_makes_no_request() {
    is_set_apart(false, "amount_minor = amount_minor + 1").await;
    is_set_apart(false, "currency = 'JPY'").await;
}
