//! The calendar beside each row of the search table is what all the tables say together, whoever changes them at once.

use domain::id::BookingId;
use services::properties::Property;
use testkit::{Kit, Person, in_days};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use uuid::Uuid;

const BOOKING: &str =
    "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until,
         adults, children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
         instant_book, hold_expires_at, timeline)
     VALUES ($1, $2, $3, $4, 'pending_payment', $5, $6, $6::date + 1, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
         app_now() + interval '1 hour', '[]')";

const CONFIRM: &str = "UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL WHERE id = $1";

async fn hold(kit: &Kit, property: &Property, guest: &Person, from: i32, until: i32) -> Uuid {
    let id = BookingId::new().uuid();
    let (property_id, host_id) = (property.id.uuid(), property.host_id.uuid());
    let params = &[&id as &(dyn tokio_postgres::types::ToSql + Sync), &property_id, &guest.id.uuid(), &host_id];
    let dates = (in_days(from), in_days(until));
    let mut params = params.to_vec();
    params.extend([&dates.0 as &(dyn tokio_postgres::types::ToSql + Sync), &dates.1]);
    kit.database.execute(BOOKING, &params).await;
    id
}

async fn taken(kit: &Kit, property: &Property) -> String {
    let sql = "SELECT taken::text FROM listing_search WHERE property_id = $1";
    kit.database.value(sql, &[&property.id.uuid()]).await
}

/// Rows whose calendar is not what the tables say.
async fn wrong_rows(kit: &Kit) -> i64 {
    let sql = "SELECT count(*) FROM listing_search l
               WHERE taken <> coalesce((SELECT range_agg(t.nights) FROM firmly_taken t
                                        WHERE t.property_id = l.property_id), '{}')";
    kit.database.value(sql, &[]).await
}

fn range(from: i32, until: i32) -> String {
    format!("{{[{},{})}}", in_days(from), in_days(until))
}

#[tokio::test]
async fn a_confirmed_stay_takes_its_nights_and_those_of_preparation_until_it_is_called_off() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let id = hold(&kit, &property, &guest, 10, 13).await;
    assert_eq!(taken(&kit, &property).await, "{}", "a hold ends by itself");
    kit.database.execute(CONFIRM, &[&id]).await;
    assert_eq!(taken(&kit, &property).await, range(10, 14));
    kit.database
        .execute("UPDATE bookings SET status = 'cancelled', cancelled_by = 'guest' WHERE id = $1", &[&id])
        .await;
    assert_eq!(taken(&kit, &property).await, "{}");
}

#[tokio::test]
async fn an_unpaid_booking_writes_nothing_to_the_search_table() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let version = "SELECT xmin::text FROM listing_search WHERE property_id = $1";
    let before: String = kit.database.value(version, &[&property.id.uuid()]).await;
    let id = hold(&kit, &property, &guest, 10, 13).await;
    let expire = "UPDATE bookings SET status = 'expired', hold_expires_at = NULL WHERE id = $1";
    kit.database.execute(expire, &[&id]).await;
    assert_eq!(kit.database.value::<String>(version, &[&property.id.uuid()]).await, before);
}

#[tokio::test]
async fn blocks_and_stays_elsewhere_take_nights_and_give_them_back() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    let id = property.id.uuid();
    kit.database
        .execute(
            "INSERT INTO calendar_days (property_id, night, blocked)
             SELECT $1, current_date + n, true FROM generate_series(-5, 40) n WHERE n < 0 OR n BETWEEN 20 AND 22",
            &[&id],
        )
        .await;
    // Of what is past yesterday is kept: it is still today somewhere.
    assert_eq!(
        taken(&kit, &property).await,
        format!("{{[{},{}),[{},{})}}", in_days(-1), in_days(0), in_days(20), in_days(23))
    );
    kit.database
        .execute("UPDATE calendar_days SET blocked = night > current_date + 20 WHERE property_id = $1", &[&id])
        .await;
    assert_eq!(taken(&kit, &property).await, range(21, 23));

    let feed = Uuid::now_v7();
    kit.database
        .execute(
            "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'a', 'https://a')",
            &[&feed, &id],
        )
        .await;
    kit.database
        .execute(
            "INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out)
             VALUES ($1, 'a', $2, current_date + 23, current_date + 25)",
            &[&feed, &id],
        )
        .await;
    assert_eq!(taken(&kit, &property).await, range(21, 25));
    kit.database.execute("UPDATE imported_stays SET check_out = check_out + 2 WHERE feed_id = $1", &[&feed]).await;
    assert_eq!(taken(&kit, &property).await, range(21, 27));
    kit.database.execute("DELETE FROM calendar_feeds WHERE id = $1", &[&feed]).await;
    kit.database.execute("DELETE FROM calendar_days WHERE property_id = $1", &[&id]).await;
    assert_eq!(taken(&kit, &property).await, "{}");
}

#[tokio::test]
async fn prices_of_single_nights_lower_the_bound_and_are_marked() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    let sql = "SELECT floor_night_minor || ' ' || has_overrides FROM listing_search WHERE property_id = $1";
    assert_eq!(kit.database.value::<String>(sql, &[&property.id.uuid()]).await, "10000 false");
    let cheaper = "INSERT INTO calendar_days (property_id, night, price_minor) VALUES ($1, current_date + 9, 4000)";
    kit.database.execute(cheaper, &[&property.id.uuid()]).await;
    assert_eq!(kit.database.value::<String>(sql, &[&property.id.uuid()]).await, "4000 true");
}

async fn confirm(client: &Client, id: &Uuid) {
    client.execute(CONFIRM, &[id]).await.expect("confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_lost_however_many_come_at_once() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let mut tasks = JoinSet::new();
    for n in 0..24 {
        let id = hold(&kit, &property, &guest, 10 + 3 * n, 12 + 3 * n).await;
        let client = kit.database.connect_as_app().await;
        let property_id = property.id.uuid();
        tasks.spawn(async move {
            match n % 3 {
                0 => confirm(&client, &id).await,
                // Held open until others have come and wait.
                1 => {
                    client.batch_execute("BEGIN").await.expect("begun");
                    confirm(&client, &id).await;
                    client.query("SELECT pg_sleep(0.02)", &[]).await.expect("slept");
                    client.batch_execute("COMMIT").await.expect("committed");
                }
                _ => {
                    let block = "INSERT INTO calendar_days (property_id, night, blocked) VALUES ($1, current_date + $2::int, true)";
                    client.execute(block, &[&property_id, &(100 + n)]).await.expect("blocked");
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no task fails");
    }
    assert_eq!(wrong_rows(&kit).await, 0, "{}", taken(&kit, &property).await);
    let nights: i64 = kit.database.value("SELECT count(*) FROM listing_search, unnest(taken)", &[]).await;
    assert!(nights >= 16, "{nights}");
}

/// Who confirms sees no row to change, who lists does not see the confirmation: they must wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_stay_that_is_confirmed_while_its_property_is_listed_again_is_not_forgotten() {
    let kit = Kit::start().await;
    let (host, guest) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let id = hold(&kit, &property, &guest, 10, 13).await;
    let (actor, property_id) = (&host.actor, property.id);
    let unlisted = kit
        .services
        .write("test.unlist", |tx| async move { services::properties::unlist(&tx, actor, property_id).await });
    unlisted.await.expect("unlisted");
    let client = kit.database.connect_as_app().await;
    client.batch_execute("BEGIN").await.expect("begun");
    confirm(&client, &id).await;
    let commits = async {
        client.query("SELECT pg_sleep(0.05)", &[]).await.expect("slept");
        client.batch_execute("COMMIT").await.expect("committed");
    };
    tokio::join!(kit.list(&host, property.id), commits);
    assert_eq!(taken(&kit, &property).await, range(10, 14));
}

#[tokio::test]
async fn totals_of_the_map_follow_every_change_of_a_listing() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let wrong = "SELECT count(*) FROM
        (SELECT cell_08, currency, listings::bigint, lat_e6_sum, lng_e6_sum, lowest_price_minor FROM listing_cells WHERE listings <> 0) a
        FULL JOIN (SELECT cell_14 >> 12 AS cell_08, currency, count(*) AS listings, sum(lat_e6)::bigint AS lat_e6_sum,
                sum(lng_e6)::bigint AS lng_e6_sum, min(base_price_minor) AS lowest_price_minor
            FROM listing_search GROUP BY 1, 2) b
        USING (cell_08, currency, listings, lat_e6_sum, lng_e6_sum, lowest_price_minor)
        WHERE a.listings IS NULL OR b.listings IS NULL";
    let mut listed = Vec::new();
    for price in [9_000, 5_000, 7_000] {
        listed.push(kit.listing_of(&host, |details| details.base_price_minor = Some(price)).await);
    }
    // The index is not unique: a mistake would show as a row of one side alone.
    assert_eq!(kit.database.value::<i64>("SELECT sum(listings)::bigint FROM listing_cells", &[]).await, 3);
    let changes = [
        "UPDATE listing_search SET base_price_minor = 6000 WHERE base_price_minor = 5000",
        "UPDATE listing_search SET cell_14 = 0, lat_e6 = -89999999, lng_e6 = -179999999 WHERE base_price_minor = 6000",
        "UPDATE listing_search SET currency = 'EUR' WHERE base_price_minor = 7000",
        "DELETE FROM listing_search WHERE base_price_minor = 9000",
        "DELETE FROM listing_search",
    ];
    for change in changes {
        kit.database.batch(change).await;
        assert_eq!(kit.database.value::<i64>(wrong, &[]).await, 0, "{change}");
    }
}
