//! A page of the map costs what it shows, however many listings there are.

use std::fmt::Write as _;

use domain::geo::{BoundingBox, Point, cells};
use domain::id::PropertyId;
use domain::stay::StayDates;
use store::listing_search::{SearchFilter, page};
use store::tx::Queries;
use testkit::{Kit, in_days};
use uuid::Uuid;

const LISTINGS: usize = 20_000;

/// Copies of one listing, spread over a few degrees around Paris.
async fn fill(kit: &Kit) {
    let pattern = kit.listed_property().await;
    let (mut ids, mut lats, mut lngs, mut scores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut grid: [Vec<i64>; 6] = Default::default();
    for n in 0..LISTINGS {
        // Two sequences without a common period: points all over the square.
        let lat = 46_000_000 + i32::try_from(n * 7_919 % 6_000_000 * 31 % 6_000_000).expect("small");
        let lng = -1_000_000 + i32::try_from(n * 104_729 % 6_000_000 * 17 % 6_000_000).expect("small");
        let of_point = cells(Point::from_microdegrees(lat, lng).expect("a point"));
        for (level, cell) in grid.iter_mut().zip(of_point) {
            level.push(cell);
        }
        ids.push(PropertyId::new().uuid());
        lats.push(lat);
        lngs.push(lng);
        scores.push(i32::try_from(n * 37 % 750).expect("small"));
    }
    kit.database
        .execute(
            "INSERT INTO properties SELECT (jsonb_populate_record(p, jsonb_build_object('id', new.id))).*
             FROM properties p, unnest($2::uuid[]) AS new (id) WHERE p.id = $1",
            &[&pattern.id.uuid(), &ids],
        )
        .await;
    let [c04, c06, c08, c10, c12, c14] = &grid;
    kit.database
        .execute(
            "INSERT INTO listing_search SELECT (jsonb_populate_record(l, to_jsonb(new))).*
             FROM listing_search l, unnest($2::uuid[], $3::int[], $4::int[], $5::int[], $6::bigint[], $7::bigint[],
                 $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
                 AS new (property_id, lat_e6, lng_e6, score, cell_04, cell_06, cell_08, cell_10, cell_12, cell_14)
             WHERE l.property_id = $1",
            &[&pattern.id.uuid(), &ids, &lats, &lngs, &scores, c04, c06, c08, c10, c12, c14],
        )
        .await;
    kit.database.batch("ANALYZE properties; ANALYZE listing_search; ANALYZE bookings").await;
}

/// Hits, and the plan that the server ends with after the same search has come often: it chooses between a plan for
/// the values and one for all values.
async fn plan(kit: &Kit, filter: &SearchFilter, literals: &str) -> (usize, String) {
    let connection = kit.services.db.connection().await.expect("connected");
    let mut hits = 0;
    for _ in 0..8 {
        hits = page(&connection, filter).await.expect("searched").len();
    }
    let prepared = connection
        .rows(
            "SELECT name FROM pg_prepared_statements
             WHERE statement LIKE '-- listing_search.page%' AND (statement LIKE '%held_until%') = $1
                 AND (statement LIKE '%UNION ALL%') = $2",
            &[&filter.dates.is_some(), &filter.bounding_box.is_some()],
        )
        .await
        .expect("read");
    let name: String = prepared.first().expect("the search is prepared").get(0);
    let explained = connection.rows(&format!("EXPLAIN EXECUTE \"{name}\"({literals})"), &[]).await.expect("explained");
    let mut plan = String::new();
    for row in explained {
        writeln!(plan, "{}", row.get::<_, String>(0)).expect("a string grows");
    }
    (hits, plan)
}

#[tokio::test]
async fn a_search_of_the_map_reads_cell_indexes_and_never_the_whole_table() {
    let kit = Kit::start().await;
    fill(&kit).await;
    let bounding_box = BoundingBox::new(2.0, 48.5, 2.8, 49.1).expect("a box");
    let cover = domain::geo::cover(&bounding_box.split(), domain::geo::MAX_COVER_CELLS);
    let dates = StayDates::new(in_days(30), in_days(33)).expect("nights");
    let mut filter = SearchFilter {
        bounding_box: Some(bounding_box),
        dates: Some(dates),
        guests: Some(2),
        min_price_minor: None,
        max_price_minor: None,
        currency: None,
        after: None,
        limit: 21,
    };
    let of_cells: String =
        (0..domain::geo::MAX_COVER_CELLS).map(|n| format!(", {}", cover.cells.get(n).copied().unwrap_or(-1))).collect();
    let edges = "48500000, 49100000, 2000000, 2800000, 1, 0, 2, NULL, NULL, NULL";
    let after = Uuid::max();
    for (position, after_hit) in [
        ("NULL, NULL", None),
        (
            &*format!("400, '{after}'"),
            Some(store::listing_search::SearchHit { score: 400, property_id: PropertyId::from_uuid(after) }),
        ),
    ] {
        filter.after = after_hit;
        for stay in [Some(dates), None] {
            filter.dates = stay;
            let nights = stay.map_or(String::new(), |dates| {
                format!(", '{}', '{}', {}", dates.check_in(), dates.check_out(), dates.nights())
            });
            let literals = format!("{edges}, {position}, 21{nights}{of_cells}");
            let (hits, plan) = plan(&kit, &filter, &literals).await;
            assert_eq!(hits, 21);
            assert!(plan.contains(&format!("listing_search_cell_{:02}", cover.level)), "{plan}");
            assert!(!plan.contains("Seq Scan on listing_search"), "{plan}");
        }
    }
}

#[tokio::test]
async fn a_search_of_the_whole_world_reads_the_best_and_never_the_whole_table() {
    let kit = Kit::start().await;
    fill(&kit).await;
    let filter = SearchFilter {
        bounding_box: None,
        dates: None,
        guests: None,
        min_price_minor: None,
        max_price_minor: None,
        currency: None,
        after: None,
        limit: 21,
    };
    let literals = "-90000000, 90000000, -180000000, 180000000, 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, 21";
    let (hits, plan) = plan(&kit, &filter, literals).await;
    assert_eq!(hits, 21);
    assert!(plan.contains("listing_search_world") && !plan.contains("Seq Scan"), "{plan}");
}
