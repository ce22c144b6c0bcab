//! What the schema itself promises: who may do what, and that nothing needed is missing.

use jiff::tz::TimeZoneDatabase;
use testkit::Kit;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn the_functions_role_changes_rows_and_nothing_else() {
    let kit = Kit::start().await;
    let app = kit.database.connect_as_app().await;
    let forbidden = [
        "CREATE TABLE extra (id int)",
        "CREATE SCHEMA extra",
        "CREATE FUNCTION public.extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
        "CREATE EXTENSION hstore",
        "ALTER TABLE users ADD COLUMN extra int",
        "ALTER TABLE bookings DROP CONSTRAINT bookings_no_overlap",
        "ALTER TABLE bookings DISABLE TRIGGER ALL",
        "CREATE INDEX ON users (first_name)",
        "DROP TABLE outbox",
        "TRUNCATE outbox",
        "DELETE FROM users",
        "DELETE FROM properties",
        "DELETE FROM bookings",
        "SELECT * FROM refinery_schema_history",
        "DELETE FROM refinery_schema_history",
        "UPDATE local_clock SET \"offset\" = interval '1 day'",
        "CREATE ROLE extra",
    ];
    for sql in forbidden {
        let Err(refused) = app.batch_execute(sql).await else { panic!("the functions' role may: {sql}") };
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {refused:?}");
    }
    let superuser: bool = kit
        .database
        .value("SELECT bool_or(rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls) FROM pg_roles WHERE rolname = 'roost_app'", &[])
        .await;
    assert!(!superuser);
}

#[tokio::test]
async fn every_reference_to_what_may_be_deleted_is_indexed() {
    let kit = Kit::start().await;
    let missing: Vec<String> = kit
        .database
        .rows(
            "SELECT c.conrelid::regclass::text || '.' || a.attname
             FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
                 AND has_table_privilege('roost_app', c.confrelid, 'DELETE')
                 AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])",
            &[],
        )
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[tokio::test]
async fn no_index_repeats_the_beginning_of_another() {
    let kit = Kit::start().await;
    let repeated: Vec<String> = kit
        .database
        .rows(
            "SELECT a.indexrelid::regclass::text || ' of ' || b.indexrelid::regclass::text
             FROM pg_index a JOIN pg_index b ON a.indrelid = b.indrelid AND a.indexrelid <> b.indexrelid
             JOIN pg_class ca ON ca.oid = a.indexrelid JOIN pg_class cb ON cb.oid = b.indexrelid
             WHERE ca.relnamespace = 'public'::regnamespace AND NOT a.indisunique AND ca.relam = cb.relam
                 AND a.indpred IS NOT DISTINCT FROM b.indpred AND a.indexprs IS NULL AND b.indexprs IS NULL
                 AND b.indkey::text || ' ' LIKE a.indkey::text || ' %'",
            &[],
        )
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(repeated, Vec::<String>::new());
}

/// A zone that the database does not know would make every search with dates fail, not only that host's listing.
#[tokio::test]
async fn the_database_knows_every_time_zone_a_host_may_choose() {
    let kit = Kit::start().await;
    let names = TimeZoneDatabase::bundled();
    let names: Vec<String> = names.available().map(|name| name.as_str().to_owned()).collect();
    assert!(names.len() > 400, "the compiled-in names are all here");
    let unknown: Vec<String> = kit
        .database
        .rows(
            "SELECT wanted.name FROM unnest($1::text[]) AS wanted (name)
             WHERE NOT EXISTS (SELECT 1 FROM pg_timezone_names known WHERE lower(known.name) = lower(wanted.name))",
            &[&names],
        )
        .await
        .iter()
        .map(|row| row.get(0))
        .filter(|name: &String| domain::time_zone::TimeZoneName::parse(name).is_ok())
        .collect();
    assert_eq!(unknown, Vec::<String>::new());
}
