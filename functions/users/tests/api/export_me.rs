//! `GET /v1/users/me/export`.

use serde_json::Value;
use store::personal_data::KINDS;
use testkit::Kit;

use crate::canary::canary;
use crate::everything;

#[tokio::test]
async fn an_export_has_something_of_everything_and_nothing_of_others() {
    let kit = Kit::start().await;
    let api = everything(&kit);
    let canary = canary(&kit, &api).await;
    api.get("/v1/users/me/export", None).await.problem(401, "unauthenticated");
    let export = api.get("/v1/users/me/export", Some(&canary.token)).await.of_status(200);
    assert_eq!(export["next_cursor"], Value::Null);
    let records = &export["records"];
    for kind in KINDS.iter().map(|(kind, _)| *kind).chain(["sessions", "notifications"]) {
        assert!(records[kind].as_array().is_some_and(|rows| !rows.is_empty()), "nothing of {kind}: {records}");
    }
    assert_eq!(records["account"][0]["email"], canary.email);
    assert_eq!(records["account"][0]["id"], canary.id.to_string());
    assert_eq!(records["payments"][0]["amount"], serde_json::json!({ "amount": 100, "currency": "USD" }));
    let text = records.to_string();
    let secrets = ["password_hash", "argon2", "Words of the other.", canary.other.email.as_str(), "share_token"];
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is told");
    }
    for mine in ["Theirs.", "A mistake."] {
        assert!(text.contains(mine), "{mine} is about the person");
    }
}

#[tokio::test]
async fn an_export_that_is_too_large_goes_on_where_it_stopped() {
    let kit = Kit::start().await;
    let (api, person) = (everything(&kit), kit.person().await);
    let long = "x".repeat(1_800);
    let sql =
        "INSERT INTO wishlists (id, user_id, name) SELECT uuid_v7(), $1, 'w' || n FROM generate_series(1, 6000) n";
    kit.database.execute(sql, &[&person.id.uuid()]).await;
    kit.database.execute("UPDATE users SET bio = $2 WHERE id = $1", &[&person.id.uuid(), &long]).await;
    let (mut seen, mut path, mut parts) = (0, "/v1/users/me/export".to_owned(), 0);
    loop {
        let part = api.get(&path, Some(&person.token)).await;
        let export = part.of_status(200);
        seen += export["records"]["wishlists"].as_array().map_or(0, Vec::len);
        parts += 1;
        let Some(cursor) = export["next_cursor"].as_str() else { break };
        assert!(part.header("link").contains(cursor));
        path = format!("/v1/users/me/export?cursor={cursor}");
    }
    assert_eq!((seen, parts), (6_000, 2));
    let wrong = format!("{path}x");
    api.get(&wrong, Some(&person.token)).await.problem(422, "invalid_cursor");
}
