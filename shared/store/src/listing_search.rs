//! The table `listing_search`: one narrow row a listed property, and the query that finds a page of them.
//!
//! A box of the map is covered by at most [`MAX_COVER_CELLS`] cells of one level. Each cell is a branch that reads its
//! own index in the order of the page; the branches are merged, so that a page costs what it shows and not what the
//! box holds. The box and every filter are checked again in each branch.

use domain::error::Result;
use domain::geo::{self, BoundingBox, Cover, LEVELS, MAX_COVER_CELLS, Point, WORLD_LEVEL};
use domain::id::PropertyId;
use domain::money::Currency;
use domain::stay::StayDates;
use tokio_postgres::types::ToSql;

use crate::properties::{Place, Property};
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What a search is narrowed to.
#[derive(Clone, Debug)]
pub struct SearchFilter {
    /// A part of the map; none is everywhere.
    pub bounding_box: Option<BoundingBox>,
    /// Only what can be booked for these nights.
    pub dates: Option<StayDates>,
    /// At least for so many adults and children.
    pub guests: Option<u32>,
    /// Nightly price of at least so many minor units of `currency`.
    pub min_price_minor: Option<i64>,
    /// Nightly price of at most so many minor units of `currency`.
    pub max_price_minor: Option<i64>,
    /// Only listings priced in it.
    pub currency: Option<Currency>,
    /// Only what comes after this hit in the order of the list.
    pub after: Option<SearchHit>,
    /// At most so many.
    pub limit: i64,
}

/// A listing found, and its place in the order: best score first, newest id among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// Relevance, larger is better.
    pub score: i32,
    /// The listing.
    pub property_id: PropertyId,
}

/// Writes the row of a listed property, in the transaction that changes the property.
pub async fn upsert(tx: &Tx, property: &Property, place: &Place, base_price_minor: i64, score: i32) -> Result<()> {
    let sql = "-- listing_search.upsert
        INSERT INTO listing_search (property_id, lat_e6, lng_e6, cell_04, cell_06, cell_08, cell_10, cell_12, cell_14,
            score, base_price_minor, currency, max_guests, min_nights, max_nights, preparation_nights,
            advance_notice_hours, booking_window_days, check_in_time, time_zone)
        SELECT id, public_lat_e6, public_lng_e6, $2, $3, $4, $5, $6, $7, $8, $9, currency, max_guests, min_nights,
            max_nights, preparation_nights, advance_notice_hours, booking_window_days, check_in_time, time_zone
        FROM properties WHERE id = $1
        ON CONFLICT (property_id) DO UPDATE SET
            (lat_e6, lng_e6, cell_04, cell_06, cell_08, cell_10, cell_12, cell_14, score, base_price_minor, currency,
             max_guests, min_nights, max_nights, preparation_nights, advance_notice_hours, booking_window_days,
             check_in_time, time_zone)
            = (EXCLUDED.lat_e6, EXCLUDED.lng_e6, EXCLUDED.cell_04, EXCLUDED.cell_06, EXCLUDED.cell_08,
               EXCLUDED.cell_10, EXCLUDED.cell_12, EXCLUDED.cell_14, EXCLUDED.score, EXCLUDED.base_price_minor,
               EXCLUDED.currency, EXCLUDED.max_guests, EXCLUDED.min_nights, EXCLUDED.max_nights,
               EXCLUDED.preparation_nights, EXCLUDED.advance_notice_hours, EXCLUDED.booking_window_days,
               EXCLUDED.check_in_time, EXCLUDED.time_zone)";
    let point =
        Point::from_microdegrees(place.public_lat_e6, place.public_lng_e6).map_err(domain::error::Error::internal)?;
    let [c4, c6, c8, c10, c12, c14] = geo::cells(point);
    tx.execute(sql, &[&property.id.uuid(), &c4, &c6, &c8, &c10, &c12, &c14, &score, &base_price_minor]).await?;
    Ok(())
}

/// Puts another score to a property, if it is listed.
pub async fn set_score(tx: &Tx, id: PropertyId, score: i32) -> Result<()> {
    let sql = "-- listing_search.set_score\nUPDATE listing_search SET score = $2 WHERE property_id = $1";
    tx.execute(sql, &[&id.uuid(), &score]).await?;
    Ok(())
}

/// Removes the row of a property that is no longer listed.
pub async fn delete(tx: &Tx, id: PropertyId) -> Result<()> {
    tx.execute("-- listing_search.delete\nDELETE FROM listing_search WHERE property_id = $1", &[&id.uuid()]).await?;
    Ok(())
}

/// A page of listings, best first.
pub async fn page(queries: &impl Queries, filter: &SearchFilter) -> Result<Vec<SearchHit>> {
    let boxes = filter.bounding_box.map_or_else(Vec::new, BoundingBox::split);
    let cover = match boxes.as_slice() {
        [] => Cover { level: WORLD_LEVEL, cells: vec![0] },
        boxes => geo::cover(boxes, MAX_COVER_CELLS),
    };
    let sql = page_sql(cover.level, filter.dates.is_some());
    // A cell that does not exist leaves its branch empty.
    let mut cells = [-1_i64; MAX_COVER_CELLS];
    cells[..cover.cells.len()].copy_from_slice(&cover.cells);
    let edges = Edges::of(&boxes);
    let guests = filter.guests.map(|guests| i16::try_from(guests).unwrap_or(i16::MAX));
    let currency = filter.currency.map(Currency::code);
    let after_score = filter.after.map(|hit| hit.score);
    let after_id = filter.after.map(|hit| hit.property_id.uuid());
    let check_in = filter.dates.map(StayDates::check_in);
    let check_out = filter.dates.map(StayDates::check_out);
    let nights = filter.dates.map(|dates| i32::try_from(dates.nights()).unwrap_or(i32::MAX));

    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &edges.south,
        &edges.north,
        &edges.west_1,
        &edges.east_1,
        &edges.west_2,
        &edges.east_2,
        &guests,
        &filter.min_price_minor,
        &filter.max_price_minor,
        &currency,
        &after_score,
        &after_id,
        &filter.limit,
    ];
    if filter.dates.is_some() {
        params.extend([&check_in as &(dyn ToSql + Sync), &check_out, &nights]);
    }
    if cover.level != WORLD_LEVEL {
        params.extend(cells.iter().map(|cell| cell as &(dyn ToSql + Sync)));
    }
    queries
        .rows(&sql, &params)
        .await?
        .iter()
        .map(|row| {
            Ok(SearchHit { score: row.read("score")?, property_id: PropertyId::from_uuid(row.read("property_id")?) })
        })
        .collect()
}

/// The edges of one or two boxes, in microdegrees; the second is empty unless the antimeridian is crossed.
struct Edges {
    south: i32,
    north: i32,
    west_1: i32,
    east_1: i32,
    west_2: i32,
    east_2: i32,
}

impl Edges {
    fn of(boxes: &[BoundingBox]) -> Self {
        let mut edges = Self {
            south: -90_000_000,
            north: 90_000_000,
            west_1: -180_000_000,
            east_1: 180_000_000,
            west_2: 1,
            east_2: 0,
        };
        if let Some(first) = boxes.first() {
            edges.south = first.south.microdegrees();
            edges.north = first.north.microdegrees();
            edges.west_1 = first.west.microdegrees();
            edges.east_1 = first.east.microdegrees();
        }
        if let Some(second) = boxes.get(1) {
            edges.west_2 = second.west.microdegrees();
            edges.east_2 = second.east.microdegrees();
        }
        edges
    }
}

/// The statement for a level of cells, with or without dates: the number of branches is fixed, so that there are few.
fn page_sql(level: u8, with_dates: bool) -> String {
    let dates = if with_dates { AVAILABLE } else { "" };
    let first_cell = if with_dates { 17 } else { 14 };
    let branch = |cell: &str| {
        format!(
            "(SELECT property_id, score FROM listing_search l
              WHERE {cell} {FILTERS} {dates}
              ORDER BY score DESC, property_id DESC LIMIT $13)"
        )
    };
    if !LEVELS.contains(&level) {
        return format!("-- listing_search.page\n{}", branch(""));
    }
    let branches: Vec<String> =
        (0..MAX_COVER_CELLS).map(|n| branch(&format!("cell_{level:02} = ${} AND", first_cell + n))).collect();
    format!("-- listing_search.page\n{} ORDER BY score DESC, property_id DESC LIMIT $13", branches.join(" UNION ALL "))
}

const FILTERS: &str = "lat_e6 BETWEEN $1 AND $2 AND (lng_e6 BETWEEN $3 AND $4 OR lng_e6 BETWEEN $5 AND $6)
    AND ($7::smallint IS NULL OR max_guests >= $7)
    AND ($8::bigint IS NULL OR base_price_minor >= $8)
    AND ($9::bigint IS NULL OR base_price_minor <= $9)
    AND ($10::text IS NULL OR currency = $10)
    AND ($11::int IS NULL OR (score, property_id) < ($11, $12::uuid))";

/// The same rules as `domain::stay::broken_rules`, and that nobody holds a night of the stay or of the host's
/// preparation after it. A test compares the two. Of a check-in time that comes twice, in the night clocks go
/// back, PostgreSQL takes the second and the domain the first: hence the hour less and more.
const AVAILABLE: &str = "AND $16::int BETWEEN min_nights AND max_nights
    AND $14::date BETWEEN (app_now() AT TIME ZONE time_zone)::date
                      AND (app_now() AT TIME ZONE time_zone)::date + booking_window_days
    AND (advance_notice_hours = 0
         OR least(($14::date + check_in_time) AT TIME ZONE time_zone,
                  ($14::date + check_in_time - interval '1 hour') AT TIME ZONE time_zone + interval '1 hour')
            >= app_now() + make_interval(hours => advance_notice_hours))
    AND NOT EXISTS (SELECT 1 FROM bookings b
                    WHERE b.property_id = l.property_id
                        AND b.check_in < $15::date + l.preparation_nights AND b.held_until > $14::date
                        AND b.status IN ('pending_payment', 'pending_host', 'confirmed')
                        AND (b.hold_expires_at IS NULL OR b.hold_expires_at > app_now()))";
