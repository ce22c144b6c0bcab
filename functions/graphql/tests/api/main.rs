//! The whole function in process: what it answers, what it refuses, and how little it asks of the database.

mod admin;
mod avatars;
mod booking_changes;
mod calendar;
mod graphiql;
mod http;
mod idempotency;
mod identities;
mod journey;
mod limits;
mod parity;
mod payouts;
mod permissions;
mod persons;
mod schema;
mod statements;
mod threads;
mod wishlists;

use domain::id::PropertyId;
use serde_json::{Value, json};
use testkit::{Api, Kit, Person, in_days};

/// The function's router over a kit.
fn api(kit: &Kit) -> Api {
    kit.api(graphql::routes())
}

/// Asks, and gives the whole answer.
async fn ask(api: &Api, caller: Option<&Person>, query: &str, variables: Value) -> Value {
    let token = caller.map(|person| person.token.as_str());
    api.post("/graphql", token, &json!({ "query": query, "variables": variables })).await.of_status(200)
}

/// Asks, and gives the data; there must be no error.
async fn data(api: &Api, caller: Option<&Person>, query: &str, variables: Value) -> Value {
    let mut answer = ask(api, caller, query, variables).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"].take()
}

/// The code of the only error of an answer.
#[track_caller]
fn code(answer: &Value) -> &str {
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(errors.len(), 1, "{answer}");
    errors[0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code in {answer}"))
}

const CREATE_BOOKING: &str = "mutation ($input: CreateBookingInput!) {
    createBooking(input: $input) { booking { id status checkIn price { total { amount currency } } } }
}";

/// The input of a stay of one adult, in days from today.
fn stay(property_id: PropertyId, (check_in, check_out): (i32, i32), key: &str) -> Value {
    json!({ "input": {
        "propertyId": property_id, "checkIn": in_days(check_in), "checkOut": in_days(check_out),
        "guests": { "adults": 1 }, "idempotencyKey": key,
    } })
}
