//! Taking along what is held, and leaving.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Kit;

use crate::{api, ask, code, data};

const EXPORT: &str = "query ($after: String) { exportMe(after: $after) { records nextCursor } }";
const DELETE: &str = "mutation { deleteMe { ok } }";

#[tokio::test]
async fn an_export_is_that_of_rest_in_as_many_parts() {
    let kit = Kit::start().await;
    let (graphql, rest, person) = (api(&kit), kit.api(users::routes()), kit.person().await);
    let sql =
        "INSERT INTO wishlists (id, user_id, name) SELECT uuid_v7(), $1, 'w' || n FROM generate_series(1, 6000) n";
    kit.database.execute(sql, &[&person.id.uuid()]).await;
    let first = data(&graphql, Some(&person), EXPORT, json!({})).await["exportMe"].take();
    let by_rest = rest.get("/v1/users/me/export", Some(&person.token)).await.of_status(200);
    assert_eq!(first["records"], by_rest["records"]);
    let second =
        data(&graphql, Some(&person), EXPORT, json!({ "after": first["nextCursor"] })).await["exportMe"].take();
    assert_eq!(second["nextCursor"], Value::Null);
    let length = |part: &Value| part["records"]["wishlists"].as_array().map_or(0, Vec::len);
    assert_eq!(length(&first) + length(&second), 6_000);
    // A cursor of REST's is another list's.
    let foreign = json!({ "after": by_rest["next_cursor"] });
    assert_eq!(code(&ask(&graphql, Some(&person), EXPORT, foreign).await), "invalid_cursor");
}

#[tokio::test]
async fn nobody_is_told_of_or_deletes_anybody_but_themselves() {
    let kit = Kit::start().await;
    let (graphql, rest) = (api(&kit), kit.api(users::routes()));
    let (host, guest, admin) = (kit.host().await, kit.guest().await, kit.admin().await);
    for query in [EXPORT, DELETE] {
        assert_eq!(code(&ask(&graphql, None, query, json!({})).await), "unauthenticated");
    }
    for person in [&host, &guest, &admin] {
        let own = data(&graphql, Some(person), EXPORT, json!({})).await["exportMe"]["records"].take();
        assert_eq!((&own["account"][0]["id"], own["account"].as_array().map(Vec::len)), (&json!(person.id), Some(1)));
    }
    assert_eq!(data(&graphql, Some(&guest), DELETE, json!({})).await["deleteMe"]["ok"], true);
    for (person, status) in [(&guest, 404), (&host, 200), (&admin, 200)] {
        let profile = rest.send(Method::GET, &format!("/v1/users/{}", person.id), &[], "").await;
        assert_eq!(profile.status, status);
    }
    let gone = ask(&graphql, Some(&guest), DELETE, json!({})).await;
    assert!(["not_found", "unauthenticated"].contains(&code(&gone)), "{gone}");
}

#[tokio::test]
async fn what_is_open_keeps_the_account() {
    let kit = Kit::start().await;
    let (graphql, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await.id;
    kit.confirmed_stay(&guest, property, (10, 12)).await;
    let refused = ask(&graphql, Some(&guest), DELETE, json!({})).await;
    assert_eq!(code(&refused), "open_obligations");
    assert_eq!(refused["errors"][0]["extensions"]["open"]["bookings"], 1, "{refused}");
}
