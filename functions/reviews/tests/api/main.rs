//! Every route of the function, and the list of a property, in process: what they answer, and whom they refuse.

mod blind;
mod create;
mod list;
mod mails;
mod rating;
mod report;
mod respond;
mod strangers;
mod update;

use axum::http::Method;
use domain::id::BookingId;
use jiff::SignedDuration;
use serde_json::{Value, json};
use services::properties::Property;
use testkit::{Answer, Api, Kit, Person};

/// The function's router over a kit, and the one that lists a property's reviews.
fn api(kit: &Kit) -> Api {
    kit.api(reviews::routes().merge(properties::routes()))
}

/// A stay of `guest` at a place of `host`, which ended some hours ago.
async fn stayed(kit: &Kit, host: &Person, guest: &Person) -> (Property, BookingId) {
    let property = kit.listing_of(host, |_| {}).await;
    let booking = kit.confirmed_stay(guest, property.id, (10, 12)).await;
    kit.database.advance(SignedDuration::from_hours(24 * 13)).await;
    (property, booking)
}

/// A review as a client sends it.
fn review(booking: BookingId, rating: i64) -> Value {
    json!({
        "booking_id": booking, "rating": rating, "categories": { "cleanliness": 4, "value": rating },
        "public_text": "A fine place.", "private_text": "The tap drips.",
    })
}

/// Reviews without a key.
async fn post(api: &Api, author: &Person, review: &Value) -> Answer {
    api.post("/v1/reviews", Some(&author.token), review).await
}

/// Changes a review.
async fn patch(api: &Api, author: &Person, id: &Value, changes: &Value) -> Answer {
    api.call(Method::PATCH, &path(id, ""), Some(&author.token), changes).await
}

/// Where a review is.
fn path(id: &Value, below: &str) -> String {
    format!("/v1/reviews/{}{below}", id.as_str().expect("an id"))
}

/// Kinds of the events that were published, those of bookings left out.
fn events(kit: &Kit) -> Vec<&'static str> {
    let kinds = kit.events.taken().into_iter().map(|event| event.kind.as_str());
    kinds.filter(|kind| kind.starts_with("review.")).collect()
}
