//! The log of what admins do: each act once, whoever may otherwise do the same, and for ever.

use serde_json::{Value, json};
use testkit::{Kit, in_days};

use crate::{act, api};

#[tokio::test]
async fn each_act_is_written_down_in_its_own_transaction() {
    let kit = Kit::start().await;
    let (api, admin, other, person) = (api(&kit), kit.admin().await, kit.admin().await, kit.person().await);
    act(&api, &admin, &format!("users/{}/suspend", person.id)).await.of_status(200);
    act(&api, &admin, &format!("users/{}/suspend", person.id)).await.problem(409, "invalid_state");
    act(&api, &other, &format!("users/{}/restore", person.id)).await.of_status(200);
    let entries = async |query: String| {
        api.get(&format!("/v1/admin/audit?{query}"), Some(&admin.token)).await.of_status(200)["data"].clone()
    };
    let all = entries(format!("subject={}", person.id)).await;
    let actions: Vec<&Value> = all.as_array().expect("a list").iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["user.restore", "user.suspend"]);
    assert_eq!(all[1]["actor_id"], admin.id.to_string());
    assert_eq!(all[1]["reason"], "Reported by guests.");
    assert_eq!(entries(format!("actor_id={}", other.id)).await.as_array().map(Vec::len), Some(1));
    assert_eq!(entries("action=user.suspend".into()).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_admin_who_cancels_a_stay_is_in_the_log_and_its_guest_is_not() {
    let kit = Kit::start().await;
    let (api, admin, guest, property) = (api(&kit), kit.admin().await, kit.guest().await, kit.listed_property().await);
    for (day, who) in [(20, &admin), (30, &guest)] {
        let body = json!({
            "property_id": property.id, "check_in": in_days(day), "check_out": in_days(day + 2),
            "guests": { "adults": 1 },
        });
        let key = format!("k{day}");
        let booked = api.post_keyed("/v1/bookings", Some(&guest.token), &key, &body).await.of_status(201);
        let path = format!("/v1/bookings/{}/cancel", booked["id"].as_str().expect("an id"));
        api.post(&path, Some(&who.token), &json!({ "reason": "A fire." })).await.of_status(200);
    }
    let log = api.get("/v1/admin/audit?action=booking.cancel", Some(&admin.token)).await.of_status(200);
    assert_eq!(log["data"].as_array().map(Vec::len), Some(1));
    assert_eq!((&log["data"][0]["reason"], &log["data"][0]["actor_id"]), (&json!("A fire."), &json!(admin.id)));
}

#[tokio::test]
async fn nobody_changes_the_log() {
    let kit = Kit::start().await;
    let (api, admin, person) = (api(&kit), kit.admin().await, kit.person().await);
    act(&api, &admin, &format!("users/{}/suspend", person.id)).await.of_status(200);
    for client in [kit.database.connect_as_app().await, kit.database.connect_as_owner().await] {
        for sql in ["UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
            assert!(client.batch_execute(sql).await.is_err(), "{sql}");
        }
    }
}
