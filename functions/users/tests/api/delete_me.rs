//! `DELETE /v1/users/me`.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, LocalAws, PASSWORD, Person, in_days, redis_url, require};

use crate::canary::{Canary, canary, open};
use crate::{everything, registration};

async fn erase(api: &Api, token: &str) -> Answer {
    api.call(Method::DELETE, "/v1/users/me", Some(token), &Value::Null).await
}

/// Every table and column of the database in which the word is.
async fn in_postgres(kit: &Kit, word: &str) -> Vec<String> {
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let tables = "SELECT table_name::text FROM information_schema.tables
                  WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    let mut found = Vec::new();
    for row in kit.database.rows(tables, &[]).await {
        let table: String = row.get(0);
        // A row as text has all of its columns, bytes as hexadecimal.
        let sql = format!(
            "SELECT t::text FROM \"{table}\" t WHERE strpos(lower(t::text), '{word}') > 0
                           OR strpos(t::text, '{hex}') > 0"
        );
        found
            .extend(kit.database.rows(&sql, &[]).await.iter().map(|row| format!("{table}: {}", row.get::<_, &str>(0))));
    }
    found
}

/// The keys of Redis in whose name or value the word is, and which do not go by themselves within half a minute.
async fn in_redis(word: &str) -> Vec<String> {
    let client = redis::Client::open(redis_url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("keys");
    let mut found = Vec::new();
    for key in keys {
        let value: Result<Option<Vec<u8>>, _> = redis::cmd("GET").arg(&key).query_async(&mut connection).await;
        let value = String::from_utf8_lossy(&value.ok().flatten().unwrap_or_default()).into_owned();
        if key.contains(word) || value.contains(word) {
            let left: i64 = redis::cmd("TTL").arg(&key).query_async(&mut connection).await.expect("a time");
            if !(-2..=30).contains(&left) || left == -1 {
                found.push(key);
            }
        }
    }
    found
}

async fn in_s3(image: &str) -> bool {
    let url = format!("{}/roost-test-photos?list-type=2&prefix=photos/{image}", require("AWS_ENDPOINT_URL"));
    let listed = reqwest::get(url).await.expect("S3 answers").text().await.expect("text");
    listed.contains("<Key>")
}

async fn in_dynamo(canary: &Canary) -> Vec<String> {
    let aws = LocalAws::connect().await;
    let mut found = Vec::new();
    for table in LocalAws::TABLES {
        let items = aws.all_items(table).await;
        found.extend(items.into_iter().filter(|item| item.contains(&canary.word)));
    }
    found
}

/// Everything the scheduler does, as if three minutes had passed.
async fn settle(kit: &Kit) {
    kit.services.run_maintenance().await;
    kit.database.execute("UPDATE erasures SET begun_at = begun_at - interval '3 minutes'", &[]).await;
    let report = kit.services.run_maintenance().await;
    assert_eq!(report.finished_erasures, 1, "{report:?}");
    assert!(
        !report.failed_steps.iter().any(|step| ["carry_out_erasures", "sweep_photos", "sweep_avatars"].contains(step))
    );
}

#[tokio::test]
async fn erasure_leaves_nothing_personal_in_any_store() {
    let kit = Kit::start().await;
    let api = everything(&kit);
    let canary = canary(&kit, &api).await;
    let property = format!("/v1/properties/{}", canary.property);
    api.get(&property, None).await.of_status(200);
    assert!(in_postgres(&kit, &canary.word).await.len() > 15, "the canary sings nowhere");
    assert!(in_dynamo(&canary).await.len() > 1 && in_s3(&canary.photo.to_string()).await);
    assert!(in_s3(&canary.avatar.to_string()).await);

    assert_eq!(erase(&api, &canary.token).await.status, 204);
    settle(&kit).await;

    assert_eq!(in_postgres(&kit, &canary.word).await, Vec::<String>::new());
    assert_eq!(in_postgres(&kit, "+491510000001").await, Vec::<String>::new());
    assert_eq!(in_dynamo(&canary).await, Vec::<String>::new());
    assert_eq!(in_redis(&canary.word).await, Vec::<String>::new());
    assert!(!in_s3(&canary.photo.to_string()).await && !in_s3(&canary.avatar.to_string()).await);
    // The books stay, and what others wrote.
    let kept: i64 = kit.database.value("SELECT count(*) FROM payments", &[]).await;
    let theirs: i64 = kit.database.value("SELECT count(*) FROM reviews WHERE public_text = 'Theirs.'", &[]).await;
    let stars: i64 = kit.database.value("SELECT sum(rating) FROM reviews", &[]).await;
    assert_eq!((kept, theirs, stars), (2, 1, 8));
    let words: i64 = kit.database.value("SELECT count(*) FROM messages WHERE text = 'Words of the other.'", &[]).await;
    assert_eq!(words, 1);
}

#[tokio::test]
async fn who_has_gone_is_nobody_and_the_address_is_free() {
    let kit = Kit::start().await;
    let api = everything(&kit);
    let canary = canary(&kit, &api).await;
    let profile = format!("/v1/users/{}", canary.id);
    api.get(&profile, None).await.of_status(200);
    assert_eq!(erase(&api, &canary.token).await.status, 204);
    api.get("/v1/users/me", Some(&canary.token)).await.problem(401, "unauthenticated");
    let refresh = json!({ "refresh_token": canary.refresh_token });
    api.post("/v1/auth/refresh", None, &refresh).await.problem(401, "unauthenticated");
    let login = json!({ "email": canary.email, "password": PASSWORD });
    api.post("/v1/auth/login", None, &login).await.problem(401, "invalid_credentials");
    let pseudonym = json!({ "email": format!("{}@erased.invalid", canary.id), "password": PASSWORD });
    api.post("/v1/auth/login", None, &pseudonym).await.problem(401, "invalid_credentials");
    api.get(&profile, None).await.problem(404, "not_found");
    api.get(&format!("/v1/properties/{}", canary.property), None).await.problem(404, "not_found");
    // The other side still sees the stay and the thread.
    let stays = api.get("/v1/bookings", Some(&canary.other.token)).await.of_status(200);
    assert_eq!(stays["data"].as_array().map(Vec::len), Some(1));
    api.get("/v1/threads", Some(&canary.other.token)).await.of_status(200);
    let again = api.post("/v1/users", None, &registration(&canary.email)).await.of_status(201);
    assert_ne!(again["id"], canary.id.to_string());
}

#[tokio::test]
async fn what_is_open_keeps_the_account() {
    let kit = Kit::start().await;
    let (api, guest, host) = (everything(&kit), kit.guest().await, kit.host().await);
    let property = kit.listing_of(&host, |_| {}).await;
    book(&api, &guest, &property.id.to_string(), 10).await.of_status(201);
    let refused = async |person: &Person| open(&erase(&api, &person.token).await.problem(409, "open_obligations"));
    let set = async |sql: &str| kit.database.batch(sql).await;
    assert_eq!((refused(&guest).await, refused(&host).await), ([1, 0, 0], [1, 0, 0]), "a hold");
    set("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL").await;
    assert_eq!((refused(&guest).await, refused(&host).await), ([1, 0, 0], [1, 0, 0]), "a stay");
    set("UPDATE bookings SET status = 'completed';
         INSERT INTO payments (id, booking_id, payer_id, status, manual_capture, amount_minor, currency, captured_minor)
         SELECT uuid_v7(), id, guest_id, 'succeeded', false, 100, 'USD', 100 FROM bookings;
         INSERT INTO refunds (id, payment_id, amount_minor, currency, reason) SELECT uuid_v7(), id, 1, 'USD', 'r' FROM payments;
         DELETE FROM payouts_to_plan").await;
    assert_eq!((refused(&guest).await, refused(&host).await), ([0, 1, 0], [0, 1, 0]), "a refund");
    set("UPDATE refunds SET status = 'succeeded';
         INSERT INTO disputes (id, payment_id, amount_minor, currency, status, reason, withdrawn_minor, fee_minor,
             account_currency) SELECT 'dp_1', id, 1, 'USD', 'needs_response', 'f', 0, 0, 'USD' FROM payments")
    .await;
    assert_eq!((refused(&guest).await, refused(&host).await), ([0, 1, 0], [0, 1, 0]), "a dispute");
    set("UPDATE disputes SET status = 'won';
         INSERT INTO payouts (id, host_id, booking_id, instalment, currency, amount_minor, due_at)
         SELECT uuid_v7(), host_id, id, 1, 'USD', 1, now() FROM bookings")
    .await;
    assert_eq!(refused(&host).await, [0, 0, 1], "a payout");
    assert_eq!(erase(&api, &guest.token).await.status, 204, "the host's payout is not the guest's");
    set("UPDATE payouts SET status = 'canceled'; DELETE FROM payouts_to_plan").await;
    assert_eq!(erase(&api, &host.token).await.status, 204);
}

#[tokio::test]
async fn an_account_that_is_not_as_seen_stays() {
    let kit = Kit::start().await;
    let (api, person) = (everything(&kit), kit.person().await);
    let authorization = format!("Bearer {}", person.token);
    let seen = api.get("/v1/users/me", Some(&person.token)).await.header("etag").to_owned();
    kit.database.execute("UPDATE users SET first_name = 'Grace' WHERE id = $1", &[&person.id.uuid()]).await;
    let headers = [("authorization", authorization.as_str()), ("if-match", seen.as_str())];
    api.send(Method::DELETE, "/v1/users/me", &headers, "").await.problem(412, "precondition_failed");
    let now = api.get("/v1/users/me", Some(&person.token)).await.header("etag").to_owned();
    let headers = [("authorization", authorization.as_str()), ("if-match", now.as_str())];
    assert_eq!(api.send(Method::DELETE, "/v1/users/me", &headers, "").await.status, 204);
    // The session of this token was never kept, so it lives on: there is nobody any more.
    erase(&api, &person.token).await.problem(404, "not_found");
}

async fn book(api: &Api, guest: &Person, property: &str, day: i32) -> Answer {
    let body = json!({
        "property_id": property, "check_in": in_days(day), "check_out": in_days(day + 2), "guests": { "adults": 1 },
    });
    api.post_keyed("/v1/bookings", Some(&guest.token), &format!("{property}-{day}"), &body).await
}

#[tokio::test]
async fn a_stay_booked_while_a_side_goes_is_refused_or_keeps_it() {
    let kit = Kit::start().await;
    let api = everything(&kit);
    for round in 0..12 {
        let (guest, host) = (kit.guest().await, kit.host().await);
        let property = kit.listing_of(&host, |_| {}).await.id.to_string();
        let goes = if round % 2 == 0 { &guest } else { &host };
        let (booked, gone) = tokio::join!(book(&api, &guest, &property, 10), erase(&api, &goes.token));
        match gone.status {
            204 => assert!([404, 422].contains(&booked.status), "{} {}", booked.status, booked.json()),
            _ => {
                gone.problem(409, "open_obligations");
                booked.of_status(201);
            }
        }
    }
}
