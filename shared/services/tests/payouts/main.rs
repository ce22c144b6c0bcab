//! Paying hosts on real stores and a simulated provider: whatever fails, repeats or races, a host is sent what the
//! books say, once, when it is due and not before.

mod accounts;
mod failing;
mod sending;
mod taking_back;

use domain::error::Result;
use domain::id::{BookingId, PayoutId};
use domain::money::Money;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use services::bookings::Booking;
use services::payout_accounts::PayoutAccountView;
use services::payouts::Payout;
use services::properties::{Property, PropertyDetails};
use services::refunds::decide_by_host;
use services::{SavedAnswer, Services};
use testkit::{Kit, Person, StripeAccount};

const VISA: &str = "pm_card_visa";

/// A platform with one host, one guest and a provider of its own.
struct World {
    kit: Kit,
    stripe: StripeAccount,
    host: Person,
    guest: Person,
}

impl World {
    async fn open() -> Self {
        let (kit, stripe) = Kit::with_stripe().await;
        let (host, guest) = (kit.host().await, kit.guest().await);
        Self { kit, stripe, host, guest }
    }

    /// With a host who can be paid.
    async fn with_paid_host() -> Self {
        let world = Self::open().await;
        world.onboard("complete").await;
        world
    }

    fn services(&self) -> &Services {
        &self.kit.services
    }

    async fn listing(&self, change: impl FnOnce(&mut PropertyDetails)) -> Property {
        self.kit.listing_of(&self.host, change).await
    }

    async fn try_account(&self, person: &Person, country: &str) -> Result<Value> {
        let render = |outcome: Result<&PayoutAccountView, &domain::error::Error>| {
            let view = outcome.expect("without a key only successes are rendered");
            let body = json!({
                "account": view.account.account_id, "status": view.account.status, "url": view.onboarding_url,
                "created": view.created,
            });
            SavedAnswer { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() }
        };
        let country = country.parse().expect("a country");
        let answer = self.services().create_payout_account(&person.actor, &country, None, render).await?;
        Ok(serde_json::from_slice(&answer.saved.body).expect("JSON"))
    }

    /// The host opens an account, if there is none, and tells the provider so much; gives its name there.
    async fn onboard(&self, outcome: &str) -> String {
        let view = self.try_account(&self.host, "US").await.expect("an account");
        let account = view["account"].as_str().expect("known to the provider").to_owned();
        self.stripe.onboard(&account, outcome).await;
        self.services().settle_payout_account(&account).await.expect("settled");
        account
    }

    /// A stay that is paid for.
    async fn paid_with(&self, property: &Property, nights: (i32, i32), card: &str) -> Booking {
        let (services, actor) = (self.services(), &self.guest.actor);
        let booking = self.kit.book(&self.guest, property.id, nights).await;
        let answer = services
            .create_payment(actor, booking.id, None, |outcome| {
                let view = outcome.expect("an attempt");
                let body = view.client_secret.clone().expect("for the payer").into_bytes();
                SavedAnswer { status: 200, headers: Vec::new(), body }
            })
            .await;
        let secret = String::from_utf8(answer.expect("an attempt").saved.body).expect("text");
        assert_eq!(self.stripe.pay(&secret, card).await.0, 200);
        let event = self.stripe.last_event().await;
        services.apply_stripe_event(&event).await.expect("applied");
        let booking = self.booking(booking.id).await;
        assert_eq!(booking.status.as_str(), "confirmed");
        booking
    }

    async fn paid(&self, property: &Property, nights: (i32, i32)) -> Booking {
        self.paid_with(property, nights, VISA).await
    }

    async fn booking(&self, id: BookingId) -> Booking {
        let connection = self.services().db.connection().await.expect("a connection");
        store::bookings::find(&connection, id).await.expect("read").expect("there")
    }

    /// The host gives back so much beyond the policy.
    async fn give_back(&self, booking: &Booking, amount_minor: i64) {
        let (actor, payment_id) = (&self.host.actor, booking.payment_id.expect("paid"));
        let amount = Money::new(amount_minor, booking.price.total.currency);
        let refund = self.services().write("test.refund", |tx| async move {
            decide_by_host(&tx, actor, payment_id, Some(amount), "No hot water.").await
        });
        refund.await.expect("decided");
        self.services().carry_out_refunds_of(payment_id).await;
    }

    /// 24 hours after the check-in.
    fn due(&self, property: &Property, booking: &Booking) -> Timestamp {
        let rules = &property.details.rules;
        rules.time_zone.instant(booking.dates.check_in(), rules.check_in_time) + SignedDuration::from_hours(24)
    }

    /// A pass, after which the books and the tables must agree.
    async fn pass(&self) {
        self.services().run_payouts().await.expect("a pass");
        let connection = self.services().db.connection().await.expect("a connection");
        let imbalances = store::ledger_check::imbalances(&connection, None, 100).await.expect("checked");
        assert_eq!(imbalances, vec![], "the ledger and the tables");
    }

    async fn pass_at(&self, now: Timestamp) {
        self.kit.database.set_now(now).await;
        self.pass().await;
    }

    /// As if whoever was at something had gone for good.
    async fn wait_for_reconciler(&self) {
        let sql = "UPDATE payouts SET claimed_until = clock_timestamp();
                   UPDATE payout_reversals SET claimed_until = clock_timestamp() WHERE claimed_until > to_timestamp(0)";
        self.kit.database.batch(sql).await;
    }

    /// All transfers there are, newest first.
    async fn transfers(&self) -> Vec<Value> {
        self.stripe.get("/v1/transfers?limit=100").await["data"].as_array().cloned().unwrap_or_default()
    }

    /// What was sent and not taken back, minor units.
    async fn received(&self) -> i64 {
        let left = |transfer: &Value| Some(transfer["amount"].as_i64()? - transfer["amount_reversed"].as_i64()?);
        self.transfers().await.iter().filter_map(left).sum()
    }

    async fn payout_ids(&self, booking: &Booking) -> Vec<PayoutId> {
        let sql = "SELECT id FROM payouts WHERE booking_id = $1 ORDER BY instalment";
        let rows = self.kit.database.rows(sql, &[&booking.id.uuid()]).await;
        rows.iter().map(|row| PayoutId::from_uuid(row.get(0))).collect()
    }

    async fn payouts(&self, booking: &Booking) -> Vec<Payout> {
        let mut payouts = Vec::new();
        for id in self.payout_ids(booking).await {
            payouts.push(self.services().payout(&self.host.actor, id).await.expect("the host's"));
        }
        payouts
    }

    /// Number, status and amount of a booking's payouts.
    async fn plan(&self, booking: &Booking) -> Vec<(i16, &'static str, i64)> {
        let payouts = self.payouts(booking).await;
        payouts.iter().map(|payout| (payout.instalment, payout.status.as_str(), payout.amount.amount)).collect()
    }

    async fn only(&self, booking: &Booking) -> Payout {
        let mut payouts = self.payouts(booking).await;
        assert_eq!(payouts.len(), 1, "{payouts:?}");
        payouts.remove(0)
    }

    async fn events_of(&self, kind: &str) -> i64 {
        self.kit.database.value("SELECT count(*) FROM outbox WHERE kind = $1", &[&kind]).await
    }

    /// What the host is owed by the books, or owes below nothing, minor units of whatever currency.
    async fn owed(&self) -> i64 {
        let sql = "SELECT coalesce(-sum(amount_minor), 0)::bigint FROM ledger_entries WHERE account = 'host_payable'";
        self.kit.database.value(sql, &[]).await
    }
}

/// What a booking earns its host.
fn earned(booking: &Booking) -> i64 {
    booking.price.host_payout.amount
}
