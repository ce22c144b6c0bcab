//! Every route of the function, in process: what it answers, and whom it refuses.

mod archive;
mod calendar;
mod calendar_export;
mod calendar_feeds;
mod create;
mod get;
mod list;
mod photos;
mod places;
mod quote;
mod search;
mod strangers;
mod unlist;
mod update;
mod wishlists;

use serde_json::{Value, json};
use testkit::{Api, Kit};

/// The function's router over a kit.
fn api(kit: &Kit) -> Api {
    kit.api(properties::routes())
}

/// A property that can be listed as it is.
fn complete() -> Value {
    json!({
        "title": "A flat by the river",
        "location": {
            "latitude": 48.8566, "longitude": 2.3522, "street": "1 Quai du Louvre", "city": "Paris", "country": "FR",
            "postal_code": "75001",
        },
        "base_price": { "amount": 10_000, "currency": "EUR" },
    })
}
