//! A seeded world keeps every rule of the database, and leaves the schema as it found it.

use std::collections::BTreeMap;

use jiff::civil::date;
use seed::{Made, Plan, TABLES, load};
use testkit::{Kit, TestDatabase};

const PLAN: Plan = Plan { listings: 400, bookings: 4_000, seed: 7, today: date(2026, 3, 10) };

fn rows(plan: Plan) -> BTreeMap<&'static str, Vec<u8>> {
    let made = Made::new(plan).expect("a plan that can be carried out");
    let written = TABLES.map(|table| {
        let mut bytes = Vec::new();
        let write = made.write(table, |chunk, _| {
            bytes.extend(chunk);
            Ok(())
        });
        write.expect("rows");
        (table.name(), bytes)
    });
    written.into_iter().collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let first = rows(PLAN);
    assert!(first == rows(PLAN));
    let other = rows(Plan { seed: 8, ..PLAN });
    for (table, bytes) in &first {
        assert!(!bytes.is_empty() && other[table] != *bytes, "{table}");
    }
    let lines = |table: &str| first[table].iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((lines("properties"), lines("bookings")), (400, 4_000));
}

#[test]
fn a_plan_without_room_is_refused() {
    for plan in [Plan { listings: 0, ..PLAN }, Plan { bookings: 400 * 61, ..PLAN }] {
        assert!(Made::new(plan).is_err());
    }
}

/// Indexes, constraints and triggers, whichever order they are in.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let rows = database
        .rows(
            "SELECT 'index ' || tablename || ' ' || indexdef AS line FROM pg_indexes WHERE schemaname = 'public'
             UNION ALL
             SELECT format('constraint %s %s %s %s', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL
             SELECT format('trigger %s %s %s', tgrelid::regclass, tgenabled, pg_get_triggerdef(oid))
             FROM pg_trigger WHERE NOT tgisinternal
             UNION ALL
             SELECT format('column %s %s %s', attrelid::regclass, attname, attnotnull) FROM pg_attribute
             WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
             ORDER BY line",
            &[],
        )
        .await;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The kit's database, filled; what was there before stays.
async fn seeded(kit: &Kit, plan: Plan) {
    let mut client = kit.database.connect_as_admin().await;
    load(&mut client, plan, false).await.expect("loaded");
}

async fn today(kit: &Kit) -> jiff::civil::Date {
    kit.database.value("SELECT (app_now() AT TIME ZONE 'UTC')::date", &[]).await
}

#[tokio::test]
async fn a_load_keeps_every_rule_and_leaves_the_schema_as_it_was() {
    let kit = Kit::start().await;
    let before = schema(&kit.database).await;
    let there = kit.listed_property().await;
    seeded(&kit, Plan { today: today(&kit).await, ..PLAN }).await;
    let after = schema(&kit.database).await;
    let (missing, added): (Vec<_>, Vec<_>) = (
        before.iter().filter(|line| !after.contains(line)).collect(),
        after.iter().filter(|line| !before.contains(line)).collect(),
    );
    assert!(missing.is_empty() && added.is_empty(), "missing {missing:#?}, added {added:#?}");

    let count = async |sql: &str| kit.database.value::<i64>(sql, &[]).await;
    assert_eq!(count("SELECT count(*) FROM properties").await, 401);
    assert_eq!(count("SELECT count(*) FROM bookings").await, 4_000);
    assert_eq!(count("SELECT count(*) FROM listing_search").await, 401);
    let kept = format!("SELECT count(*) FROM listing_search WHERE property_id = '{}'", there.id.uuid());
    assert_eq!(count(&kept).await, 1);
    let overlapping = "SELECT count(*) FROM bookings a JOIN bookings b
        ON a.property_id = b.property_id AND a.id < b.id AND a.held_nights && b.held_nights";
    assert_eq!(count(overlapping).await, 0);
    let blocked_and_booked = "SELECT count(*) FROM bookings b JOIN calendar_days d
        ON d.property_id = b.property_id AND d.night <@ b.held_nights AND d.blocked AND b.status = 'confirmed'";
    assert_eq!(count(blocked_and_booked).await, 0);
    let statuses = count("SELECT count(DISTINCT status) FROM bookings").await;
    assert!(statuses >= 5, "{statuses}");
    let both = "SELECT least(count(*) FILTER (WHERE status = 'completed' AND check_out < (app_now() AT TIME ZONE 'UTC')::date),
        count(*) FILTER (WHERE status = 'confirmed' AND check_out >= (app_now() AT TIME ZONE 'UTC')::date)) FROM bookings";
    assert!(count(both).await > 100);
    // The first of each thousand is booked all the time.
    let most = "SELECT max(rating_count) FROM properties";
    assert!(kit.database.value::<i32>(most, &[]).await >= 10);
    let wrong =
        "SELECT count(*) FROM properties p WHERE (rating_count, rating_sum, value_count, value_sum) IS DISTINCT FROM (
        SELECT count(*), coalesce(sum(rating), 0), count(value), coalesce(sum(value), 0) FROM reviews r
        WHERE r.property_id = p.id AND author_role = 'guest')";
    assert_eq!(count(wrong).await, 0);
}

#[tokio::test]
async fn a_seeded_world_is_read_and_booked_like_any_other() {
    let kit = Kit::start().await;
    seeded(&kit, Plan { listings: 50, bookings: 500, today: today(&kit).await, ..PLAN }).await;
    let connection = kit.services.db.connection().await.expect("connected");
    let rows = kit.database.rows("SELECT id FROM bookings", &[]).await;
    for row in &rows {
        let id = domain::id::BookingId::from_uuid(row.get(0));
        let booking = store::bookings::find(&connection, id).await.expect("read").expect("there");
        assert_eq!(booking.price.lines.iter().map(|line| line.amount.amount).sum::<i64>(), booking.price.total.amount);
        assert!(!booking.timeline.is_empty());
    }
    let ids = kit.database.rows("SELECT id FROM properties", &[]).await;
    let ids: Vec<_> = ids.iter().map(|row| domain::id::PropertyId::from_uuid(row.get(0))).collect();
    assert_eq!(store::properties::find_many(&connection, &ids).await.expect("read").len(), 50);
}

#[tokio::test]
async fn a_second_load_is_refused_and_changes_nothing() {
    let kit = Kit::start().await;
    let plan = Plan { listings: 20, bookings: 100, today: today(&kit).await, ..PLAN };
    seeded(&kit, plan).await;
    let mut client = kit.database.connect_as_admin().await;
    let error = load(&mut client, plan, false).await.expect_err("seeded already");
    assert!(error.to_string().contains("already"), "{error}");
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM properties", &[]).await, 20);
}
