//! A page of the map costs what it shows, however many listings there are.

use domain::geo::{BoundingBox, Point};
use domain::id::PropertyId;
use domain::money::Currency;
use domain::stay::StayDates;
use serde_json::Value;
use store::listing_search::{SearchFilter, SearchHit, SortOrder, Statement, statements};
use testkit::{Kit, in_days};
use tokio_postgres::Client;

const SORTS: [SortOrder; 5] =
    [SortOrder::Relevance, SortOrder::Price, SortOrder::PriceDescending, SortOrder::Rating, SortOrder::Newest];

/// So many copies of one listing, all different, a fifth of them in one town; every other has a stay to come.
async fn fill(kit: &Kit, listings: i32) {
    let pattern = kit.listed_property().await;
    kit.database
        .execute(
            "CREATE TABLE copies AS
             SELECT p.*, n FROM properties p, generate_series(1, $2::int) n WHERE p.id = $1::uuid",
            &[&pattern.id.uuid(), &listings],
        )
        .await;
    kit.database
        .batch(
            "ALTER TABLE bookings DISABLE TRIGGER USER; ALTER TABLE properties DISABLE TRIGGER USER;
             SELECT setseed(0.5);
             UPDATE copies SET
                 id = (lpad(to_hex(n), 12, '0') || '70008' || lpad(to_hex((random() * 1e9)::int), 15, '0'))::uuid,
                 public_lat_e6 = CASE WHEN n % 5 = 0 THEN 48800000 + (random() * 120000)::int
                                 ELSE -60000000 + (random() * 130000000)::int END,
                 public_lng_e6 = CASE WHEN n % 5 = 0 THEN 2200000 + (random() * 300000)::int
                                 ELSE -180000000 + (random() * 360000000)::int END,
                 base_price_minor = 3000 + (random() * random() * 40000)::int,
                 max_guests = 1 + n % 8, instant_book = n % 2 = 0,
                 rating_count = n % 50, rating_sum = (n % 50 * (3.5 + random() * 1.5))::int;
             ALTER TABLE copies DROP COLUMN n;
             INSERT INTO properties SELECT * FROM copies;
             INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                 children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                 instant_book, timeline)
             SELECT gen_random_uuid(), p.id, guest.id, p.host_id, 'confirmed', day, day + 4, day + 4, 1, 0, 0, 0, '{}',
                 'USD', 1, 1, 'flexible', true, '[]'
             FROM copies p JOIN users guest ON guest.id <> p.host_id,
                 LATERAL (SELECT current_date + 20 + (p.max_guests * 7919 + p.base_price_minor)::int % 20 AS day) d
             WHERE p.instant_book;
             SET maintenance_work_mem = '256MB';
             SELECT listing_search_rebuild(); ANALYZE properties; ANALYZE bookings",
        )
        .await;
}

/// What a statement read, in pages of 8 KB, and how many rows it gave; of the plan that is good for all values.
struct Cost {
    pages: i64,
    rows: i64,
    plan: String,
}

async fn cost(client: &Client, statement: &Statement) -> Cost {
    client.batch_execute(&format!("PREPARE measured AS {}", statement.sql)).await.expect("prepared");
    let explain =
        format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE measured ({})", statement.literals().join(", "));
    let plan: Value = client.query_one(&explain, &[]).await.expect("explained").get(0);
    client.batch_execute("DEALLOCATE measured").await.expect("forgotten");
    let root = &plan[0]["Plan"];
    let number = |name: &str| root[name].as_i64().expect("a number");
    let pages = number("Shared Hit Blocks") + number("Shared Read Blocks");
    Cost { pages, rows: number("Actual Rows"), plan: plan.to_string() }
}

impl Cost {
    /// No whole table of those that grow.
    fn assert_within(&self, budget: i64, what: &str) {
        let scans = self.plan.contains("Seq Scan\"") && {
            ["listing_search", "properties", "bookings", "calendar_days"].iter().any(|table| {
                self.plan.contains(&format!(
                    "\"Node Type\":\"Seq Scan\",\"Parallel Aware\":false,\"Relation Name\":\"{table}\""
                ))
            })
        };
        assert!(!scans, "{what} reads a whole table: {}", self.plan);
        assert!(self.pages <= budget, "{what} reads {} pages: {}", self.pages, self.plan);
    }
}

fn town() -> SearchFilter {
    SearchFilter {
        bounding_box: Some(BoundingBox::new(2.2, 48.8, 2.5, 48.92).expect("a box")),
        limit: 21,
        ..SearchFilter::default()
    }
}

/// With dates, guests and a price, as people search.
fn narrowed(sort: SortOrder) -> SearchFilter {
    SearchFilter {
        dates: Some(StayDates::new(in_days(30), in_days(33)).expect("nights")),
        guests: Some(2),
        min_price_minor: Some(5_000),
        max_price_minor: Some(15_000),
        currency: Some(Currency::USD),
        sort,
        ..town()
    }
}

/// A database of so many, and a connection that plans as the functions' do.
async fn filled(listings: i32) -> (Kit, Client) {
    let kit = Kit::start().await;
    kit.guest().await;
    fill(&kit, listings).await;
    let client = kit.database.connect_as_app().await;
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.expect("set");
    (kit, client)
}

async fn page_cost(client: &Client) -> i64 {
    cost(client, &statements(&narrowed(SortOrder::Relevance))[0]).await.pages
}

#[tokio::test]
async fn hot_searches_keep_to_their_pages_at_a_hundred_thousand_listings() {
    let (_kit, client) = filled(100_000).await;
    for sort in SORTS {
        let [first, _] = statements(&narrowed(sort));
        let cost_of_page = cost(&client, &first).await;
        cost_of_page.assert_within(400, &format!("{sort:?}"));
        assert!(cost_of_page.plan.contains("Merge Append"), "{}", cost_of_page.plan);
        assert_eq!(cost_of_page.rows, 21, "{sort:?}");

        // As deep as one gets: everything before it is passed over in the index.
        let key = if sort == SortOrder::Rating { 420_000_000 } else { 9_000 };
        let id = PropertyId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_c350_7000_8000_0000_0000_0000));
        let [deep, _] = statements(&SearchFilter { after: Some(SearchHit { key, property_id: id }), ..narrowed(sort) });
        let deep = cost(&client, &deep).await;
        deep.assert_within((cost_of_page.pages * 3 / 2).max(200), &format!("a deep page by {sort:?}"));

        let world = SearchFilter { bounding_box: None, ..narrowed(sort) };
        cost(&client, &statements(&world)[0]).await.assert_within(400, &format!("the world by {sort:?}"));
        let ocean = SearchFilter {
            bounding_box: Some(BoundingBox::new(170.0, -60.0, -170.0, 60.0).expect("a box")),
            ..narrowed(sort)
        };
        cost(&client, &statements(&ocean)[0]).await.assert_within(1_000, &format!("a wide box by {sort:?}"));
    }

    // With ten times fewer listings it would not read much less.
    let (_few, client_of_few) = filled(10_000).await;
    let (few, many) = (page_cost(&client_of_few).await, page_cost(&client).await);
    assert!(many * 10 <= few * 14, "{few} pages of 10,000 listings, {many} of 100,000");

    // A town in which nothing is what is asked for: both statements together.
    for nothing in [
        SearchFilter { guests: Some(40), ..narrowed(SortOrder::Relevance) },
        SearchFilter { max_price_minor: Some(1), min_price_minor: None, ..narrowed(SortOrder::Relevance) },
        SearchFilter { dates: Some(StayDates::new(in_days(30), in_days(500)).expect("nights")), ..town() },
    ] {
        let [first, gathered] = statements(&nothing);
        let (first, gathered) = (cost(&client, &first).await, cost(&client, &gathered).await);
        assert_eq!((first.rows, gathered.rows), (0, 0));
        gathered.assert_within(1_000 - first.pages, "a town without a hit");
    }
}

#[tokio::test]
async fn the_database_has_the_same_cells_as_the_domain() {
    let kit = Kit::start().await;
    for (lat, lng) in [
        (0, 0),
        (48_856_614, 2_352_222),
        (-90_000_000, -180_000_000),
        (90_000_000, 180_000_000),
        (-33_868_820, 151_209_290),
    ] {
        let point = Point::from_microdegrees(lat, lng).expect("a point");
        let cell: i32 = kit.database.value("SELECT quad_cell_14($1, $2)", &[&lat, &lng]).await;
        assert_eq!(cell, domain::geo::cell(point, domain::geo::FINEST_LEVEL), "{point:?}");
    }
}
