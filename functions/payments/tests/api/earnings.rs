//! `GET /v1/earnings` and `GET /v1/admin/ledger/trial-balance`.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::{Scene, new_key};

async fn csv(scene: &Scene, path: &str, token: &str) -> String {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("accept", "text/csv")];
    let answer = scene.api.send(Method::GET, path, &headers, Body::empty()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    String::from_utf8(answer.body).expect("UTF-8")
}

#[tokio::test]
async fn a_host_sees_what_the_months_brought() {
    let scene = Scene::set().await;
    let path = format!("{}/refunds", scene.paid().await);
    let body = json!({ "amount": { "amount": 150, "currency": "USD" }, "reason": "No hot water." });
    scene.api.post_keyed(&path, Some(&scene.host.token), &new_key(), &body).await.of_status(201);
    let earnings = scene.api.get("/v1/earnings?group=month", Some(&scene.host.token)).await.of_status(200);
    let [month] = earnings["data"].as_array().expect("a list").as_slice() else { panic!("{earnings}") };
    let price = &scene.booking.price;
    let usd = |amount: i64| json!({ "amount": amount, "currency": "USD" });
    assert_eq!((&month["currency"], &month["gross"]), (&json!("USD"), &usd(price.subtotal.amount)));
    assert_eq!((&month["host_fee"], &month["refunds"]), (&usd(price.host_fee.amount), &usd(150)));
    assert_eq!((&month["disputes"], &month["paid_out"]), (&usd(0), &usd(0)));
    assert_eq!((&month["net"], &month["balance"]), (&usd(price.host_payout.amount - 150), &month["net"]));
    let table = csv(&scene, "/v1/earnings", &scene.host.token).await;
    let mut lines = table.split("\r\n");
    assert_eq!(lines.next(), Some("month,currency,gross,host_fee,refunds,disputes,net,paid_out,balance"));
    assert!(
        lines
            .next()
            .expect("a month")
            .ends_with(&format!(",1.50,0.00,{0},0.00,{0}", csv_amount(price.host_payout.amount - 150)))
    );
}

fn csv_amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[tokio::test]
async fn earnings_are_ones_own_and_of_the_days_asked_for() {
    let scene = Scene::set().await;
    scene.paid().await;
    let nothing = json!({ "data": [] });
    assert_eq!(scene.api.get("/v1/earnings", Some(&scene.guest.token)).await.of_status(200), nothing);
    let past = "/v1/earnings?from=2020-01-01&to=2020-06-01";
    assert_eq!(scene.api.get(past, Some(&scene.host.token)).await.of_status(200), nothing);
    scene.api.get("/v1/earnings", None).await.problem(401, "unauthenticated");
    for (query, pointer, code) in [
        ("from=2026-02-01&to=2026-02-01", "?to", "out_of_range"),
        ("from=2020-01-01&to=2026-01-01", "?to", "out_of_range"),
        ("from=yesterday", "?from", "invalid_format"),
        ("group=week", "?group", "unknown_value"),
        ("month=1", "?month", "unknown_parameter"),
    ] {
        let answer = scene.api.get(&format!("/v1/earnings?{query}"), Some(&scene.host.token)).await;
        assert_eq!(answer.faults(), [(pointer.to_owned(), code.to_owned())], "{query}");
    }
}

#[tokio::test]
async fn admins_alone_see_that_the_books_balance() {
    let scene = Scene::set().await;
    scene.paid().await;
    let path = "/v1/admin/ledger/trial-balance";
    for token in [&scene.host.token, &scene.guest.token] {
        scene.api.get(path, Some(token)).await.problem(403, "forbidden");
    }
    scene.api.get(path, None).await.problem(401, "unauthenticated");
    let admin = scene.kit.admin().await;
    let books = scene.api.get(path, Some(&admin.token)).await.of_status(200);
    let [total] = books["totals"].as_array().expect("a list").as_slice() else { panic!("{books}") };
    assert_eq!(total["debits"], total["credits"]);
    let payable = books["data"].as_array().expect("a list").iter().find(|row| row["account"] == "host_payable");
    let owed = payable.expect("owed")["balance"]["amount"].as_i64();
    assert_eq!(owed, Some(-scene.booking.price.host_payout.amount));
    let none = scene.api.get(&format!("{path}?currency=EUR"), Some(&admin.token)).await.of_status(200);
    assert_eq!((&none["data"], &none["totals"]), (&json!([]), &json!([])));
    let before = scene.api.get(&format!("{path}?at=2020-01-01T00:00:00Z"), Some(&admin.token)).await.of_status(200);
    assert_eq!((&before["at"], &before["data"]), (&json!("2020-01-01T00:00:00Z"), &json!([])));
    let table = csv(&scene, path, &admin.token).await;
    assert!(table.starts_with("account,currency,debits,credits,balance\r\n"), "{table}");
    assert!(table.contains("\r\nprovider_balance,USD,"), "{table}");
}
