//! The migrations on a database that has nothing yet.

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
    let first = migrate::handle(&owner, &app).await.expect("migrated");
    assert_eq!(first.applied.len(), migrations());
    let second = migrate::handle(&owner, &app).await.expect("nothing to do");
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
        tokio::spawn(async move { migrate::handle(&owner, &app).await.expect("migrated").applied })
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
        migrate::handle(&owner, &app).await.expect("migrated");
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
    let error = migrate::handle(&owner, &database.app_target()).await.expect_err("nobody listens there");
    assert_eq!(error.code(), domain::error::ErrorCode::Unavailable);
}
