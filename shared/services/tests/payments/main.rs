//! Money on real stores and a simulated provider: whatever fails, repeats, races or comes late, a captured payment
//! ends as one confirmed booking or goes back in full.

mod books;
mod cancelling;
mod changes;
mod disputes;
mod events;
mod faults;
mod late_money;
mod no_shows;
mod paying;
mod requests;
mod settled_wrong;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::error::Result;
use domain::id::{BookingId, PaymentId};
use serde_json::{Value, json};
use services::SavedAnswer;
use services::bookings::Booking;
use services::payments::Payment;
use services::properties::{Property, PropertyDetails};
use testkit::{Kit, Person, StripeAccount, stay};

/// A platform with one host, one guest and a provider of its own.
struct Platform {
    kit: Kit,
    stripe: StripeAccount,
    host: Person,
    guest: Person,
}

/// An attempt as the guest sees it.
#[derive(Clone)]
struct Attempt {
    id: PaymentId,
    client_secret: String,
    created: bool,
}

const VISA: &str = "pm_card_visa";

impl Platform {
    async fn open() -> Arc<Self> {
        let (kit, stripe) = Kit::with_stripe().await;
        let (host, guest) = (kit.host().await, kit.guest().await);
        Arc::new(Self { kit, stripe, host, guest })
    }

    async fn listing(&self, change: impl FnOnce(&mut PropertyDetails)) -> Property {
        self.kit.listing_of(&self.host, change).await
    }

    async fn try_book(&self, guest: &Person, property: &Property, nights: (i32, i32)) -> Result<Booking> {
        self.kit.try_to_book(guest, &stay(property.id, nights)).await
    }

    async fn book(&self, property: &Property, nights: (i32, i32)) -> Booking {
        self.try_book(&self.guest, property, nights).await.expect("booked")
    }

    async fn try_attempt(&self, booking: &Booking) -> Result<Attempt> {
        let answer = self
            .kit
            .services
            .create_payment(&self.guest.actor, booking.id, None, |outcome| {
                let view = outcome.expect("without a key only successes are rendered");
                let body =
                    json!({ "id": view.payment.id, "secret": view.client_secret, "created": view.created }).to_string();
                SavedAnswer { status: 200, headers: Vec::new(), body: body.into_bytes() }
            })
            .await?;
        let view: Value = serde_json::from_slice(&answer.saved.body).expect("JSON");
        Ok(Attempt {
            id: view["id"].as_str().expect("an id").parse().expect("an id"),
            client_secret: view["secret"].as_str().expect("for the payer").to_owned(),
            created: view["created"] == true,
        })
    }

    async fn attempt(&self, booking: &Booking) -> Attempt {
        self.try_attempt(booking).await.expect("an attempt")
    }

    /// The card is charged at the provider; nobody here has heard of it yet.
    async fn pay_unheard(&self, booking: &Booking) -> Attempt {
        let attempt = self.attempt(booking).await;
        let (status, body) = self.stripe.pay(&attempt.client_secret, VISA).await;
        assert_eq!(status, 200, "{body}");
        attempt
    }

    /// Paid for, and heard of.
    async fn paid(&self, property: &Property, nights: (i32, i32)) -> (Booking, Payment) {
        let booking = self.book(property, nights).await;
        let attempt = self.pay_unheard(&booking).await;
        self.hear().await;
        (self.booking(booking.id).await, self.payment(attempt.id).await)
    }

    /// Every event there ever was comes in, in order.
    async fn hear(&self) {
        for event in self.stripe.events().await {
            self.kit.services.apply_stripe_event(&event).await.expect("applied");
        }
    }

    /// As if the reconciler's waiting times were over.
    async fn wait_for_reconciler(&self) {
        let sql = "UPDATE payments SET asked_at = to_timestamp(0); UPDATE refunds SET asked_at = to_timestamp(0)";
        self.kit.database.batch(sql).await;
    }

    async fn reconcile(&self) {
        self.wait_for_reconciler().await;
        self.kit.services.reconcile_payments().await.expect("reconciled");
    }

    async fn booking(&self, id: BookingId) -> Booking {
        let connection = self.kit.services.db.connection().await.expect("a connection");
        store::bookings::find(&connection, id).await.expect("read").expect("there")
    }

    async fn status(&self, id: BookingId) -> &'static str {
        self.booking(id).await.status.as_str()
    }

    async fn payment(&self, id: PaymentId) -> Payment {
        let connection = self.kit.services.db.connection().await.expect("a connection");
        store::payments::find(&connection, id).await.expect("read").expect("there")
    }

    /// What the thread says of a booking.
    async fn thread_of(&self, id: BookingId) -> Vec<String> {
        let sql = "SELECT event FROM messages WHERE booking_id = $1 ORDER BY position";
        self.kit.database.rows(sql, &[&id.uuid()]).await.iter().map(|row| row.get(0)).collect()
    }

    async fn events_of(&self, kind: &str) -> i64 {
        self.kit.database.value("SELECT count(*) FROM outbox WHERE kind = $1", &[&kind]).await
    }

    /// Minor units that refunds have been decided for, and their number.
    async fn refunds(&self) -> (i64, i64) {
        let sql = "SELECT coalesce(sum(amount_minor), 0)::bigint, count(*) FROM refunds WHERE status = 'succeeded'";
        let rows = self.kit.database.rows(sql, &[]).await;
        (rows[0].get(0), rows[0].get(1))
    }

    /// What the ledger says the provider holds, minor units by currency.
    async fn posted_at_provider(&self) -> BTreeMap<String, i64> {
        let sql = "SELECT lower(currency), sum(amount_minor)::bigint FROM ledger_entries
                   WHERE account = 'provider_balance' GROUP BY 1 HAVING sum(amount_minor) <> 0";
        self.kit.database.rows(sql, &[]).await.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// The ledger and the tables agree, at rest or not.
    async fn check_ledger(&self) {
        let connection = self.kit.services.db.connection().await.expect("a connection");
        let imbalances = store::ledger_check::imbalances(&connection, None, 100).await.expect("checked");
        assert_eq!(imbalances, vec![], "the ledger and the tables");
    }

    /// What must hold at rest, whatever happened: our books and the provider's agree, each capture is one confirmed
    /// booking or went back, and nobody's nights are promised twice.
    async fn check_books(&self) {
        let ours = "SELECT coalesce(sum(captured_minor - refunded_minor), 0)::bigint FROM payments";
        let ours: i64 = self.kit.database.value(ours, &[]).await;
        assert_eq!(ours, self.stripe.balance().await, "our books and the provider's");
        assert_eq!(self.posted_at_provider().await, self.stripe.nets().await, "the ledger and the provider's account");
        self.check_ledger().await;
        let adrift = "SELECT count(*) FROM payments p JOIN bookings b ON b.id = p.booking_id
                      WHERE p.status = 'succeeded' AND b.status NOT IN ('confirmed', 'completed', 'cancelled', 'no_show')
                          AND p.refunded_minor < p.captured_minor AND p.quarantined_at IS NULL";
        assert_eq!(self.kit.database.value::<i64>(adrift, &[]).await, 0, "money without a stay");
        let unpaid = "SELECT count(*) FROM bookings b WHERE b.status = 'confirmed'
                      AND (SELECT sum(p.captured_minor - p.refunded_minor) FROM payments p
                           WHERE p.booking_id = b.id AND p.status = 'succeeded') IS DISTINCT FROM b.total_minor";
        assert_eq!(self.kit.database.value::<i64>(unpaid, &[]).await, 0, "a stay without its money, or with more");
        let open = "SELECT count(*) FROM payments WHERE instruction IS NOT NULL";
        assert_eq!(self.kit.database.value::<i64>(open, &[]).await, 0, "an instruction is left");
    }
}
