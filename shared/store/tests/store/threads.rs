//! Threads: what the database writes by itself, and by which index they are read.

use domain::booking::BookingEvent;
use domain::error::Result;
use domain::id::{ThreadId, UserId};
use domain::message::ThreadEvent;
use store::tx::Queries;
use testkit::Kit;

#[tokio::test]
async fn every_event_of_a_booking_is_told_by_events_that_threads_know() {
    let kit = Kit::start().await;
    for event in BookingEvent::ALL {
        let told: Vec<String> = kit.database.value("SELECT thread_events($1)", &[&event.as_str()]).await;
        assert!(told.iter().all(|told| told.parse::<ThreadEvent>().is_ok()), "{event}: {told:?}");
        // That the card was authorised changes nothing for the two sides.
        assert_eq!(told.is_empty(), *event == BookingEvent::Authorized, "{event}");
    }
    let unknown: Vec<String> = kit.database.value("SELECT thread_events('of_tomorrow')", &[]).await;
    assert_eq!(unknown, Vec::<String>::new());
}

#[tokio::test]
async fn ids_made_by_the_database_are_version_7_and_sort_by_age() {
    let kit = Kit::start().await;
    let ids: Vec<uuid::Uuid> =
        kit.database.value("SELECT array_agg(uuid_v7()) FROM generate_series(1, 100)", &[]).await;
    assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    let (older, newer) = (ids[0], ThreadId::new().uuid());
    let stamp = |id: uuid::Uuid| id.get_timestamp().expect("has one").to_unix().0;
    assert!((stamp(newer) - 5..=stamp(newer) + 5).contains(&stamp(older)));
}

/// Several changes in one statement are told each.
#[tokio::test]
async fn a_statement_over_many_bookings_tells_each_thread() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    let mut guests = Vec::new();
    for _ in 0..3 {
        guests.push(kit.guest().await.id.uuid());
    }
    kit.database
        .execute(
            "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                 children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                 instant_book, timeline)
             SELECT uuid_v7(), $1::uuid, ($2::uuid[])[1 + n % 3], $3::uuid, 'confirmed', current_date + n,
                 current_date + n + 1, current_date + n + 1, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
                 '[{\"event\": \"created\", \"by\": \"guest\"}, {\"event\": \"paid\", \"by\": \"guest\"}]'
             FROM generate_series(1, 6) n",
            &[&property.id.uuid(), &guests, &property.host_id.uuid()],
        )
        .await;
    kit.database
        .batch(
            "UPDATE bookings SET status = 'completed',
                 timeline = timeline || '[{\"event\": \"completed\", \"by\": \"system\"}]'",
        )
        .await;
    // Changes nothing that is told.
    kit.database.batch("UPDATE bookings SET updated_at = app_now()").await;
    let told: Vec<String> = kit
        .database
        .rows("SELECT string_agg(event, ' ' ORDER BY position) FROM messages GROUP BY thread_id", &[])
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(told, ["requested confirmed requested confirmed completed completed"; 3]);
}

/// The plan of a statement that this connection has run, as it is made for all values.
async fn plan(queries: &impl Queries, name: &str, arguments: &str) -> Result<String> {
    let sql = "SELECT name FROM pg_prepared_statements WHERE statement LIKE '-- ' || $1 || E'\\n%'";
    let rows = queries.rows(sql, &[&name]).await?;
    let prepared: String = rows[0].get(0);
    let rows = queries.rows(&format!("EXPLAIN EXECUTE {prepared} ({arguments})"), &[]).await?;
    Ok(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn lists_are_read_by_their_index_however_long_they_are() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    let host = property.host_id.uuid();
    kit.database
        .execute(
            "INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, locale, currency)
             SELECT uuid_v7(), n || '@example.com', n || '@example.com', '', 'Ann', 'Lee', 'en', 'USD'
             FROM generate_series(1, 3000) n",
            &[],
        )
        .await;
    kit.database
        .execute(
            "WITH begun AS (
                 INSERT INTO threads (id, property_id, guest_id, host_id, last_position, last_message_at)
                 SELECT uuid_v7(), $1, id, $2, 10, now() - random() * interval '1 year' FROM users WHERE id <> $2
                 RETURNING id, guest_id)
             INSERT INTO messages (id, thread_id, position, sender_id, text)
             SELECT uuid_v7(), id, n, guest_id, 'Hello' FROM begun, generate_series(1, 10) n",
            &[&property.id.uuid(), &host],
        )
        .await;
    kit.database
        .execute(
            "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                 children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                 instant_book, timeline)
             SELECT uuid_v7(), $1, id, $2, 'declined', current_date, current_date + 1, current_date + 1, 1, 0, 0, 0,
                 '{}', 'USD', 1, 1, 'flexible', true, '[]'
             FROM users WHERE id <> $2",
            &[&property.id.uuid(), &host],
        )
        .await;
    kit.database.batch("ANALYZE").await;
    let connection = kit.services.db.connection().await.expect("a connection");
    let of_host = store::threads::list_of_user(&connection, UserId::from_uuid(host), None, 21).await.expect("read");
    assert_eq!(of_host.len(), 21);
    assert!(of_host.is_sorted_by(|a, b| a.last_message_at >= b.last_message_at));
    let arguments = format!("'{host}', NULL, NULL, 21");
    let threads = plan(&connection, "threads.list_of_user", &arguments).await.expect("a plan");
    for index in ["threads_guest_newest", "threads_host_newest", "messages_in_order", "bookings_guest_property"] {
        assert!(threads.contains(index), "{index} is not used:\n{threads}");
    }
    assert!(!threads.contains("Seq Scan on threads"), "{threads}");
    let thread_id = of_host[0].id;
    store::messages::list_of_thread(&connection, thread_id, None, 21).await.expect("read");
    let arguments = format!("'{}', NULL, 21", thread_id.uuid());
    let messages = plan(&connection, "messages.list_of_thread", &arguments).await.expect("a plan");
    assert!(messages.contains("messages_in_order") && !messages.contains("Sort"), "{messages}");
    store::messages::newest_of_threads(&connection, &[thread_id], 21).await.expect("read");
    let arguments = format!("'{{{}}}', 21", thread_id.uuid());
    let newest = plan(&connection, "messages.newest_of_threads", &arguments).await.expect("a plan");
    assert!(newest.contains("messages_in_order"), "{newest}");
}
