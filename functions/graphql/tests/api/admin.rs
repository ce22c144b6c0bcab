//! What admins see and do, and that nobody else does.

use domain::id::{PropertyId, UserId};
use serde_json::{Value, json};
use testkit::{Api, Kit, Person, in_days};

use crate::statements::Counter;
use crate::{api, ask, code, data};

/// Every list, asked for its whole page.
const LISTS: [&str; 6] = [
    "adminUsers(first: 50) { nodes { id email status role suspendedAt phone languages } }",
    "adminProperties(first: 50) { nodes { property { id status location { street } } } }",
    "adminBookings(first: 50) { nodes { id status } }",
    "adminReviews(first: 50) { nodes { review { id privateText } hiddenAt reports } }",
    "adminPayments(first: 50) { nodes { payment { id } payerId quarantined } }",
    "auditLog(first: 50) { nodes { id action reason actor { firstName } } }",
];

/// Every act, the input that it takes, and what it is done to.
fn acts(user: UserId, property: PropertyId, review: &str) -> Vec<(&'static str, &'static str, Value)> {
    let input = |field: &str, id: String| json!({ field: id, "reason": "Reported by guests." });
    vec![
        ("suspendUser", "AdminUserActInput", input("userId", user.to_string())),
        ("restoreUser", "AdminUserActInput", input("userId", user.to_string())),
        ("suspendProperty", "AdminPropertyActInput", input("propertyId", property.to_string())),
        ("restoreProperty", "AdminPropertyActInput", input("propertyId", property.to_string())),
        ("hideReview", "AdminReviewActInput", input("reviewId", review.to_owned())),
        ("restoreReview", "AdminReviewActInput", input("reviewId", review.to_owned())),
    ]
}

/// A mutation of such an act, asking for this of its payload.
fn mutation((name, input, _): &(&str, &str, Value), payload: &str) -> String {
    format!("mutation ($input: {input}!) {{ {name}(input: $input) {{ {payload} }} }}")
}

/// A published review of a stay at this place; gives its id.
async fn reviewed(kit: &Kit, guest: &Person, host: &Person, property: PropertyId) -> String {
    let booking = kit.confirmed_stay(guest, property, (10, 12)).await;
    let id = domain::id::ReviewId::new();
    let sql =
        "INSERT INTO reviews (id, booking_id, property_id, author_role, author_id, subject_id, rating, public_text,
                   private_text, closes_at, published_at)
               VALUES ($1, $2, $3, 'guest', $4, $5, 4, 'Fine.', 'For you alone.', app_now(), app_now())";
    // As it counts once it is published.
    let counted = "UPDATE properties SET rating_count = 1, rating_sum = 4 WHERE id = $1";
    kit.database.execute(counted, &[&property.uuid()]).await;
    let ids = [id.uuid(), booking.uuid(), property.uuid(), guest.id.uuid(), host.id.uuid()];
    kit.database.execute(sql, &[&ids[0], &ids[1], &ids[2], &ids[3], &ids[4]]).await;
    id.to_string()
}

#[tokio::test]
async fn nobody_but_admins_sees_a_list_or_acts() {
    let kit = Kit::start().await;
    let (api, host, guest, admin) = (api(&kit), kit.host().await, kit.guest().await, kit.admin().await);
    let property = kit.listing_of(&host, |_| {}).await.id;
    let review = reviewed(&kit, &guest, &host, property).await;
    let acts = acts(guest.id, property, &review);
    for (caller, refusal) in [(None, "unauthenticated"), (Some(&guest), "forbidden"), (Some(&host), "forbidden")] {
        for list in LISTS {
            let refused = ask(&api, caller, &format!("{{ {list} }}"), json!({})).await;
            assert_eq!(code(&refused), refusal, "{list}");
            assert!(refused["data"].as_object().expect("data").values().all(Value::is_null), "{refused}");
        }
        for act in &acts {
            let refused = ask(&api, caller, &mutation(act, "__typename"), json!({ "input": act.2 })).await;
            assert_eq!(code(&refused), refusal, "{}", act.0);
            assert_eq!(refused["data"][act.0], Value::Null);
        }
    }
    let entries: i64 = kit.database.value("SELECT count(*) FROM audit_log", &[]).await;
    assert_eq!(entries, 0);
    for list in LISTS {
        data(&api, Some(&admin), &format!("{{ {list} }}"), json!({})).await;
    }
    for act in &acts {
        let answer = ask(&api, Some(&admin), &mutation(act, "__typename"), json!({ "input": act.2 })).await;
        assert_eq!(answer.get("errors"), None, "{}: {answer}", act.0);
    }
    let entries: i64 = kit.database.value("SELECT count(*) FROM audit_log", &[]).await;
    assert_eq!(entries, acts.len() as i64);
}

#[tokio::test]
async fn who_is_no_admin_any_more_acts_no_more() {
    let kit = Kit::start().await;
    let (api, admin, guest) = (api(&kit), kit.admin().await, kit.guest().await);
    kit.database.execute("UPDATE users SET role = 'user' WHERE id = $1", &[&admin.id.uuid()]).await;
    let suspend = "mutation ($input: AdminUserActInput!) { suspendUser(input: $input) { user { id } } }";
    let input = json!({ "input": { "userId": guest.id, "reason": "x" } });
    assert_eq!(code(&ask(&api, Some(&admin), suspend, input).await), "forbidden");
}

async fn ids(api: &Api, admin: &Person, list: &str, node: &str) -> Vec<String> {
    let found = data(api, Some(admin), &format!("{{ {list} {{ nodes {{ {node} }} }} }}"), json!({})).await;
    let field = list.split('(').next().expect("a name");
    let nodes = found[field]["nodes"].as_array().cloned().unwrap_or_default();
    let id = |node: &Value| {
        node.pointer("/id")
            .or_else(|| node.pointer("/review/id"))
            .or_else(|| node.pointer("/property/id"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    nodes.iter().filter_map(id).collect()
}

#[tokio::test]
async fn lists_have_the_filters_and_pages_of_rest() {
    let kit = Kit::start().await;
    let (api, host, guest, admin) = (api(&kit), kit.host().await, kit.guest().await, kit.admin().await);
    let property = kit.listing_of(&host, |_| {}).await.id;
    let review = reviewed(&kit, &guest, &host, property).await;
    let find = async |list: String, node: &str| ids(&api, &admin, &list, node).await;
    let email = guest.email.to_uppercase();
    assert_eq!(find(format!("adminUsers(filter: {{ email: \"{email}\" }})"), "id").await, [guest.id.to_string()]);
    assert_eq!(find("adminUsers(filter: { role: ADMIN, status: ACTIVE })".into(), "id").await, [admin.id.to_string()]);
    assert_eq!(find("adminUsers(filter: { emailVerified: false })".into(), "id").await.len(), 0);
    let of_host = format!("adminProperties(filter: {{ hostId: \"{}\", status: LISTED, q: \"pari\" }})", host.id);
    assert_eq!(find(of_host, "property { id }").await, [property.to_string()]);
    let stays = format!("adminBookings(filter: {{ guestId: \"{}\", from: \"{}\" }})", guest.id, in_days(9));
    assert_eq!(find(stays, "id").await.len(), 1);
    assert_eq!(find("adminReviews(filter: { hidden: false })".into(), "review { id }").await, [review]);
    assert_eq!(find("adminReviews(filter: { reported: true })".into(), "review { id }").await.len(), 0);
    assert_eq!(find("adminPayments(filter: { disputed: true })".into(), "payerId").await.len(), 0);

    let page = "query ($after: String) { adminUsers(first: 2, after: $after) { nodes { id }
        pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let first = data(&api, Some(&admin), page, json!({})).await["adminUsers"].take();
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let after = &first["pageInfo"]["endCursor"];
    let second = data(&api, Some(&admin), page, json!({ "after": after })).await["adminUsers"].take();
    assert_eq!(second["nodes"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let elsewhere = "query ($after: String) { adminUsers(filter: { role: USER }, after: $after) { nodes { id } } }";
    assert_eq!(code(&ask(&api, Some(&admin), elsewhere, json!({ "after": after })).await), "invalid_cursor");
    let wrong = "{ adminUsers(first: 101, filter: { q: \"\", createdFrom: \"yesterday\" }) { nodes { id } } }";
    let refused = ask(&api, Some(&admin), wrong, json!({})).await;
    let faults = refused["errors"][0]["extensions"]["errors"].as_array().cloned().unwrap_or_default();
    let mut pointers: Vec<&str> = faults.iter().filter_map(|fault| fault["pointer"].as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/filter/createdFrom", "/filter/q", "/first"], "{refused}");
}

#[tokio::test]
async fn acts_do_what_they_do_by_rest_and_are_in_the_log() {
    let kit = Kit::start().await;
    let (api, host, guest, admin) = (api(&kit), kit.host().await, kit.guest().await, kit.admin().await);
    let property = kit.listing_of(&host, |_| {}).await.id;
    let review = reviewed(&kit, &guest, &host, property).await;
    let payloads = [
        ("user { id status suspendedAt }", "/user/status", json!("SUSPENDED")),
        ("user { id status suspendedAt }", "/user/status", json!("ACTIVE")),
        ("property { status }", "/property/status", json!("SUSPENDED")),
        ("property { status }", "/property/status", json!("LISTED")),
        ("review { hiddenAt review { id } }", "/review/review/id", json!(review)),
        ("review { hiddenAt review { id } }", "/review/hiddenAt", Value::Null),
    ];
    for (act, (payload, pointer, expected)) in acts(guest.id, property, &review).iter().zip(payloads) {
        let mut input = act.2.clone();
        input["idempotencyKey"] = json!(act.0);
        let done = data(&api, Some(&admin), &mutation(act, payload), json!({ "input": input })).await;
        assert_eq!(done[act.0].pointer(pointer), Some(&expected), "{}: {done}", act.0);
        let again = data(&api, Some(&admin), &mutation(act, payload), json!({ "input": input })).await;
        assert_eq!(again, done, "the same key, the same answer");
        let mut anew = act.2.clone();
        anew["idempotencyKey"] = json!("another");
        let refused = ask(&api, Some(&admin), &mutation(act, payload), json!({ "input": anew })).await;
        assert_eq!(code(&refused), "invalid_state", "{}", act.0);
        kit.database.batch("DELETE FROM idempotency_keys").await;
    }
    let log = "{ auditLog { nodes { action reason subjectId actor { id firstName } } } }";
    let log = data(&api, Some(&admin), log, json!({})).await["auditLog"]["nodes"].take();
    let actions: Vec<&str> =
        log.as_array().into_iter().flatten().filter_map(|entry| entry["action"].as_str()).collect();
    let expected =
        ["review.restore", "review.hide", "property.restore", "property.suspend", "user.restore", "user.suspend"];
    assert_eq!(actions, expected);
    let first = json!({
        "action": "review.restore", "reason": "Reported by guests.", "subjectId": review,
        "actor": { "id": admin.id, "firstName": "Ada" },
    });
    assert_eq!(log[0], first);
    let none = json!({ "input": { "userId": guest.id, "reason": " " } });
    let suspend = "mutation ($input: AdminUserActInput!) { suspendUser(input: $input) { user { id } } }";
    let refused = ask(&api, Some(&admin), suspend, none).await;
    assert_eq!(refused["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/reason", "{refused}");
    for id in ["user_x".to_owned(), UserId::new().to_string(), property.to_string()] {
        let unknown = json!({ "input": { "userId": id, "reason": "x" } });
        assert_eq!(code(&ask(&api, Some(&admin), suspend, unknown).await), "not_found", "{id}");
    }
}

#[tokio::test]
async fn the_log_with_its_actors_takes_two_statements() {
    let kit = Kit::start().await;
    let (api, admins) = (api(&kit), [kit.admin().await, kit.admin().await]);
    for admin in &admins {
        for _ in 0..5 {
            let sql = "INSERT INTO audit_log (id, actor_id, action, subject_kind, subject_id)
                       VALUES (uuid_v7(), $1, 'user.restore', 'user', $1)";
            kit.database.execute(sql, &[&admin.id.uuid()]).await;
        }
    }
    let by_command = "INSERT INTO audit_log (id, action, subject_kind, subject_id)
                      VALUES (uuid_v7(), 'user.grant_admin', 'user', $1)";
    kit.database.execute(by_command, &[&admins[0].id.uuid()]).await;
    let counter = Counter::start(&kit).await;
    let query = "{ auditLog(first: 20) { nodes { actorId actor { firstName } } } }";
    let log = data(&api, Some(&admins[0]), query, json!({})).await["auditLog"]["nodes"].take();
    let nodes = log.as_array().expect("a list");
    let by_command = nodes.iter().filter(|node| **node == json!({ "actorId": null, "actor": null })).count();
    let by_admins = nodes.iter().filter(|node| node["actor"]["firstName"] == "Ada").count();
    assert_eq!((by_command, by_admins), (1, 10));
    let mut statements = counter.statements();
    statements.sort();
    assert_eq!(statements, ["audit_log.list", "users.find_many"]);
}
