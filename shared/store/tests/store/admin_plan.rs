//! Admins look for parts of addresses and names among very many accounts.

use domain::user::Role;
use serde_json::Value;
use store::Db;
use store::admin::{USERS_BY_PART, UserFilter, users};
use testkit::Kit;
use tokio_postgres::Client;

/// So many accounts; `needle` is in the names of three, `example.com` in all addresses.
async fn filled(accounts: i32) -> (Kit, Client) {
    let kit = Kit::start().await;
    let sql = "INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, locale, currency)
               SELECT (lpad(to_hex(n), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid, email, email, '',
                   CASE WHEN n % 20000 = 7 THEN 'Needle' ELSE left(md5(n::text), 8) END, left(md5('b' || n), 12), 'en', 'USD'
               FROM generate_series(1, $1::int) n, LATERAL (SELECT 'p' || md5('a' || n) || '@example.com' AS email) AS made";
    kit.database.execute(sql, &[&accounts]).await;
    // Also what waits to go into the index.
    kit.database.batch("VACUUM ANALYZE users").await;
    let client = kit.database.connect_as_app().await;
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.expect("set");
    (kit, client)
}

/// The pages that looking for a pattern reads, and its plan.
async fn cost(client: &Client, pattern: &str) -> (i64, String) {
    client.batch_execute(&format!("PREPARE measured AS {USERS_BY_PART}")).await.expect("prepared");
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE measured ('{pattern}')");
    let plan: Value = client.query_one(&explain, &[]).await.expect("explained").get(0);
    client.batch_execute("DEALLOCATE measured").await.expect("forgotten");
    let number = |name: &str| plan[0]["Plan"][name].as_i64().expect("a number");
    (number("Shared Hit Blocks") + number("Shared Read Blocks"), plan.to_string())
}

#[tokio::test]
async fn a_part_of_an_address_or_a_name_is_found_by_the_index_however_many_accounts_there_are() {
    let (kit, client) = filled(60_000).await;
    for pattern in ["%needle%", "%nobody has this%", "%p0cc175%"] {
        let (pages, plan) = cost(&client, pattern).await;
        assert!(plan.contains("users_by_part") && !plan.contains("Seq Scan"), "{pattern}: {plan}");
        assert!(pages < 300, "{pattern} reads {pages} pages: {plan}");
    }
    let db = Db::at(kit.database.app_target());
    let find = async |q: &str, role: Option<Role>| {
        let filter = UserFilter { q: Some(q.to_owned()), role, limit: 21, ..UserFilter::default() };
        users(&db.connection().await.expect("connected"), &filter).await.expect("found")
    };
    assert_eq!(find("NEEDLE", None).await.len(), 3);
    assert_eq!(find("needle", Some(Role::Admin)).await.len(), 0);
    for (of_many, q) in [("in all", "EXAMPLE.com"), ("too short for the index", "p")] {
        let page = find(q, None).await;
        assert_eq!(page.len(), 21, "{of_many}");
        assert!(page.is_sorted_by(|one, next| one.id > next.id), "newest first");
    }
}

#[tokio::test]
async fn the_functions_role_makes_nobody_an_admin() {
    let kit = Kit::start().await;
    let (person, admin) = (kit.guest().await, kit.admin().await);
    let client = kit.database.connect_as_app().await;
    let refused = client.execute("UPDATE users SET role = 'admin' WHERE id = $1", &[&person.id.uuid()]).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("db error")));
    let sql = "INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, locale, currency, role)
               VALUES (gen_random_uuid(), 'e@example.com', 'e@example.com', '', 'E', 'E', 'en', 'USD', 'admin')";
    assert!(client.execute(sql, &[]).await.is_err());
    let admins: i64 = kit.database.value("SELECT count(*) FROM users WHERE role = 'admin'", &[]).await;
    assert_eq!(admins, 1);
    // To take it away is the functions' too: an admin who goes is none.
    client.execute("UPDATE users SET role = 'user' WHERE id = $1", &[&admin.id.uuid()]).await.expect("taken away");
}
