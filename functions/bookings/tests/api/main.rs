//! Every route of the function, in process: what it answers, and whom it refuses.

mod change;
mod create;
mod get;
mod list;
mod outages;
mod receipt;
mod strangers;
mod threads;

use domain::id::PropertyId;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person, in_days};

/// The function's router over a kit.
fn api(kit: &Kit) -> Api {
    kit.api(bookings::routes())
}

/// A stay of one adult, in days from today.
fn stay(property_id: PropertyId, (check_in, check_out): (i32, i32)) -> Value {
    json!({
        "property_id": property_id, "check_in": in_days(check_in), "check_out": in_days(check_out),
        "guests": { "adults": 1 },
    })
}

/// Books with a key of its own.
async fn book(api: &Api, guest: &Person, stay: &Value) -> Answer {
    let key = domain::id::EventId::new().to_string();
    api.post_keyed("/v1/bookings", Some(&guest.token), &key, stay).await
}
