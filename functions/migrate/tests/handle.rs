//! The migrations on a database that has nothing yet.

use domain::error::ErrorCode;
use serde_json::json;
use store::DatabaseTarget;
use testkit::{TestDatabase, migrations_folder};

/// The role of this test alone: roles belong to the server, and other tests have theirs.
fn app_role(database: &TestDatabase, name: &str) -> DatabaseTarget {
    DatabaseTarget { user: name.to_owned(), ..database.app_target() }
}

fn migrations() -> usize {
    let files = std::fs::read_dir(migrations_folder()).expect("the folder");
    files.filter_map(Result::ok).filter(|file| file.path().extension().is_some_and(|ext| ext == "sql")).count()
}

#[tokio::test]
async fn a_first_run_applies_everything_and_a_second_finds_nothing_to_do() {
    let database = TestDatabase::create_empty().await;
    let (owner, app) = (database.owner_target(), app_role(&database, "roost_test_migrate_1"));
    let first = migrate::migrate(&owner, &app).await.expect("migrated");
    assert_eq!(first.applied.len(), migrations());
    let second = migrate::migrate(&owner, &app).await.expect("nothing to do");
    assert_eq!(second.applied, Vec::<String>::new());
    let tables: i64 = database
        .value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('users', 'bookings')", &[])
        .await;
    assert_eq!(tables, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_apply_everything_once() {
    let database = TestDatabase::create_empty().await;
    let (owner, app) = (database.owner_target(), app_role(&database, "roost_test_migrate_2"));
    let runs = [(); 3].map(|()| {
        let (owner, app) = (owner.clone(), app.clone());
        tokio::spawn(async move { migrate::migrate(&owner, &app).await.expect("migrated").applied })
    });
    let mut applied = 0;
    for run in runs {
        applied += run.await.expect("no panic").len();
    }
    assert_eq!(applied, migrations());
}

#[tokio::test]
async fn a_role_whose_password_changed_gets_the_new_one() {
    let database = TestDatabase::create_empty().await;
    let (owner, mut app) = (database.owner_target(), app_role(&database, "roost_test_migrate_3"));
    for password in ["first", "it's \"new\" \\ $$"] {
        app.password = password.to_owned();
        migrate::migrate(&owner, &app).await.expect("migrated");
        let db = store::Db::new(std::sync::Arc::new(Fixed(app.clone())), 1);
        let connection = db.connection().await.expect("the password works");
        store::clock::now(&connection).await.expect("and the clock may be read");
    }
    let is_super: bool = database
        .value(
            "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'roost_test_migrate_3'",
            &[],
        )
        .await;
    assert!(!is_super);
}

struct Fixed(DatabaseTarget);

#[async_trait::async_trait]
impl store::DatabaseCredentials for Fixed {
    async fn current(&self) -> domain::error::Result<DatabaseTarget> {
        Ok(self.0.clone())
    }

    async fn refused(&self) {}
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable() {
    let database = TestDatabase::create_empty().await;
    let owner = DatabaseTarget { port: 1, ..database.owner_target() };
    let error = migrate::migrate(&owner, &database.app_target()).await.expect_err("nobody listens there");
    assert_eq!(error.code(), domain::error::ErrorCode::Unavailable);
}

/// An account that is registered and verified, in a database with everything.
async fn person(database: &TestDatabase) -> (DatabaseTarget, DatabaseTarget) {
    let (owner, app) = (database.owner_target(), database.app_target());
    let sql = "INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, locale, currency,
                   email_verified_at)
               VALUES (gen_random_uuid(), 'Ada@example.com', 'ada@example.com', '', 'Ada', 'L', 'en', 'USD', now())";
    database.execute(sql, &[]).await;
    (owner, app)
}

#[tokio::test]
async fn an_event_makes_an_admin_and_takes_the_role_away() {
    let database = TestDatabase::create().await;
    let (owner, app) = person(&database).await;
    let set_role = async |role: &str| {
        let event = json!({ "set_role": { "email": "ada@EXAMPLE.com", "role": role, "reason": "Ticket 7." } });
        let done = migrate::handle(event, &owner, &app).await.expect("done");
        serde_json::to_value(done).expect("JSON")
    };
    let granted = set_role("admin").await;
    assert_eq!((&granted["role"], &granted["changed"]), (&json!("admin"), &json!(true)));
    assert_eq!(set_role("admin").await["changed"], false);
    let role: String = database.value("SELECT role FROM users", &[]).await;
    assert_eq!(role, "admin");
    assert_eq!(set_role("user").await["changed"], true);
    let log = database.rows("SELECT action, reason FROM audit_log WHERE actor_id IS NULL ORDER BY id", &[]).await;
    let actions: Vec<(String, String)> = log.iter().map(|row| (row.get(0), row.get(1))).collect();
    let entry = |action: &str| (action.to_owned(), "Ticket 7.".to_owned());
    assert_eq!(actions, [entry("user.grant_admin"), entry("user.revoke_admin")]);
}

#[tokio::test]
async fn an_event_like_no_other_does_nothing() {
    let database = TestDatabase::create().await;
    let (owner, app) = person(&database).await;
    let grant = |email: &str, role: &str, reason: &str| json!({ "set_role": { "email": email, "role": role, "reason": reason } });
    for (event, code) in [
        (grant("nobody@example.com", "admin", "x"), ErrorCode::NotFound),
        (grant("ada@example.com", "owner", "x"), ErrorCode::ValidationFailed),
        (grant("ada@example.com", "admin", " "), ErrorCode::ValidationFailed),
        (grant("ada", "admin", "x"), ErrorCode::ValidationFailed),
        (json!({ "set_role": { "email": "ada@example.com", "role": "admin" } }), ErrorCode::ValidationFailed),
        (json!({ "setRole": {} }), ErrorCode::ValidationFailed),
        (json!("grant"), ErrorCode::ValidationFailed),
    ] {
        let error = migrate::handle(event.clone(), &owner, &app).await.expect_err("refused");
        assert_eq!(error.code(), code, "{event}");
    }
    let role: String = database.value("SELECT role FROM users", &[]).await;
    assert_eq!(role, "user");
    let done = migrate::handle(json!({}), &owner, &app).await.expect("nothing to migrate");
    assert_eq!(serde_json::to_value(done).expect("JSON")["applied"], json!([]));
}
