//! Who is no admin is refused before anything is looked up.

use serde_json::json;
use testkit::Kit;

use crate::api;

const LISTS: [&str; 6] = ["users", "properties", "bookings", "reviews", "payments", "audit"];

const ACTS: [&str; 6] = [
    "users/user_01h455vb4pex5vsknk084sn02q/suspend",
    "users/user_01h455vb4pex5vsknk084sn02q/restore",
    "properties/prop_01h455vb4pex5vsknk084sn02q/suspend",
    "properties/prop_01h455vb4pex5vsknk084sn02q/restore",
    "reviews/rev_01h455vb4pex5vsknk084sn02q/hide",
    "reviews/rev_01h455vb4pex5vsknk084sn02q/restore",
];

#[tokio::test]
async fn everything_is_for_admins_alone() {
    let kit = Kit::start().await;
    let (api, person, admin) = (api(&kit), kit.person().await, kit.admin().await);
    let reason = json!({ "reason": "Because." });
    for list in LISTS {
        let path = format!("/v1/admin/{list}");
        api.get(&path, None).await.problem(401, "unauthenticated");
        api.get(&path, Some(&person.token)).await.problem(403, "forbidden");
        api.get(&path, Some(&admin.token)).await.of_status(200);
    }
    for act in ACTS {
        let path = format!("/v1/admin/{act}");
        api.post(&path, None, &reason).await.problem(401, "unauthenticated");
        api.post(&path, Some(&person.token), &reason).await.problem(403, "forbidden");
        api.post(&path, Some(&admin.token), &reason).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn an_act_needs_the_role_as_it_is_now_and_a_reason() {
    let kit = Kit::start().await;
    let (api, person, admin) = (api(&kit), kit.person().await, kit.admin().await);
    let path = format!("/v1/admin/users/{}/suspend", person.id);
    let unreasoned = api.post(&path, Some(&admin.token), &json!({ "colour": "red" })).await.faults();
    assert_eq!(unreasoned, [("/colour".into(), "unknown_field".into()), ("/reason".into(), "required".into())]);
    kit.database.execute("UPDATE users SET role = 'user' WHERE id = $1", &[&admin.id.uuid()]).await;
    api.post(&path, Some(&admin.token), &json!({ "reason": "Late." })).await.problem(403, "forbidden");
}
