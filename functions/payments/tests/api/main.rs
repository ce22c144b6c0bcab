//! Every route of the function, in process: what it answers, and whom it refuses.

mod create;
mod earnings;
mod payouts;
mod read;
mod refund;
mod webhook;

use domain::id::EventId;
use serde_json::{Value, json};
use services::bookings::Booking;
use testkit::{Answer, Api, Kit, Person, StripeAccount};

/// A guest's booking at a host's place, and the function's router.
struct Scene {
    kit: Kit,
    stripe: StripeAccount,
    api: Api,
    host: Person,
    guest: Person,
    booking: Booking,
}

impl Scene {
    async fn set() -> Self {
        let (kit, stripe) = Kit::with_stripe().await;
        let (host, guest) = (kit.host().await, kit.guest().await);
        let property = kit.listing_of(&host, |_| {}).await;
        let booking = kit.book(&guest, property.id, (10, 12)).await;
        let api = kit.api(payments::routes());
        Self { kit, stripe, api, host, guest, booking }
    }

    fn body(&self) -> Value {
        json!({ "booking_id": self.booking.id })
    }

    /// Asks for an attempt with a key of its own.
    async fn create(&self, person: &Person) -> Answer {
        self.api.post_keyed("/v1/payments", Some(&person.token), &new_key(), &self.body()).await
    }

    /// The path of a payment that is captured.
    async fn paid(&self) -> String {
        let payment = self.create(&self.guest).await.of_status(201);
        let (status, body) =
            self.stripe.pay(payment["client_secret"].as_str().expect("a secret"), "pm_card_visa").await;
        assert_eq!(status, 200, "{body}");
        let event = self.stripe.last_event().await;
        self.kit.services.apply_stripe_event(&event).await.expect("applied");
        format!("/v1/payments/{}", payment["id"].as_str().expect("an id"))
    }
}

fn new_key() -> String {
    EventId::new().to_string()
}
