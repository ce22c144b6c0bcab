//! Every route of the function, in process: what it answers, what it changes elsewhere, and whom it refuses.

mod audit_log;
mod lists;
mod reviews;
mod strangers;
mod suspensions;

use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person};

/// The function's router over a kit, with those in which its acts are seen.
fn api(kit: &Kit) -> Api {
    let others = users::routes().merge(properties::routes()).merge(bookings::routes()).merge(::reviews::routes());
    kit.api(admin::routes().merge(others))
}

/// An act of an admin.
async fn act(api: &Api, admin: &Person, path: &str) -> Answer {
    api.post(&format!("/v1/admin/{path}"), Some(&admin.token), &json!({ "reason": "Reported by guests." })).await
}

/// The ids of a list.
async fn ids(api: &Api, person: &Person, path: &str) -> Vec<String> {
    let page = api.get(path, Some(&person.token)).await.of_status(200);
    let id = |item: &Value| item["id"].as_str().expect("an id").to_owned();
    page["data"].as_array().expect("a list").iter().map(id).collect()
}
