//! What a map shows of many listings: how many there are in a cell, about where, and from what price.

use domain::error::Result;
use domain::geo::{self, BoundingBox, FINEST_LEVEL, shift_to};
use domain::id::PropertyId;
use domain::money::Currency;

use crate::row::RowExt;
use crate::tx::Queries;

/// The level of the totals in `listing_cells`: cells of about 1.4 by 0.7 degrees.
pub const TOTALS_LEVEL: u8 = 8;

/// In how many ranges of cells a box is read.
const MAX_RANGES: usize = 64;

/// The listings of one cell and currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellTotal {
    /// At the level asked for.
    pub cell: i32,
    /// Of its prices.
    pub currency: Currency,
    /// How many there are.
    pub listings: i64,
    /// The middle of their public points.
    pub lat_e6: i32,
    /// The middle of their public points.
    pub lng_e6: i32,
    /// The lowest base price, minor units.
    pub lowest_price_minor: i64,
    /// Which it is, where it is one alone and that is known.
    pub only: Option<PropertyId>,
}

/// The totals of whole cells of `level` (at most [`TOTALS_LEVEL`]) that the boxes touch.
pub async fn coarse_totals(queries: &impl Queries, boxes: &[BoundingBox], level: u8) -> Result<Vec<CellTotal>> {
    let sql = "-- listing_cells.totals
        SELECT c.cell_08 >> $3 AS cell, c.currency::text AS currency, sum(c.listings)::bigint AS listings,
            (sum(c.lat_e6_sum) / sum(c.listings))::int AS lat_e6, (sum(c.lng_e6_sum) / sum(c.listings))::int AS lng_e6,
            min(c.lowest_price_minor) AS lowest_price_minor, NULL::uuid AS only
        FROM unnest($1::int[], $2::int[]) AS r (first, last)
            JOIN listing_cells c ON c.cell_08 BETWEEN r.first AND r.last AND c.listings > 0
        GROUP BY 1, 2 ORDER BY 1, 2";
    let ranges = geo::ranges(boxes, level.min(TOTALS_LEVEL), MAX_RANGES);
    let to_totals = shift_to(TOTALS_LEVEL);
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    let mut spans: Vec<(i32, i32)> = ranges.iter().map(|r| (r.first >> to_totals, r.last >> to_totals)).collect();
    // Two boxes may touch the same cell.
    spans.sort_unstable();
    for (first, last) in spans {
        let first = lasts.last().map_or(first, |seen: &i32| first.max(seen + 1));
        if first <= last {
            firsts.push(first);
            lasts.push(last);
        }
    }
    let shift = i32::from(shift_to(level) - to_totals);
    totals(queries.rows(sql, &[&firsts, &lasts, &shift]).await?)
}

/// The totals of cells of `level` over the listings that lie in the boxes.
pub async fn fine_totals(queries: &impl Queries, boxes: &[BoundingBox], level: u8) -> Result<Vec<CellTotal>> {
    let sql = "-- listing_search.totals
        SELECT l.cell_14 >> $5 AS cell, l.currency::text AS currency, count(*) AS listings,
            (sum(l.lat_e6) / count(*))::int AS lat_e6, (sum(l.lng_e6) / count(*))::int AS lng_e6,
            min(l.base_price_minor) AS lowest_price_minor,
            CASE WHEN count(*) = 1 THEN (array_agg(l.property_id))[1] END AS only
        FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) AS r (first, last, west, east)
            CROSS JOIN LATERAL (SELECT * FROM listing_search
                WHERE cell_14 BETWEEN r.first AND r.last AND lng_e6 BETWEEN r.west AND r.east
                    AND lat_e6 BETWEEN $6 AND $7 OFFSET 0) l
        GROUP BY 1, 2 ORDER BY 1, 2";
    let ranges = geo::ranges(boxes, FINEST_LEVEL, MAX_RANGES);
    let column = |read: fn(&geo::CellRange) -> i32| ranges.iter().map(read).collect::<Vec<i32>>();
    let (firsts, lasts) = (column(|range| range.first), column(|range| range.last));
    let wests = column(|range| range.bounds.west.microdegrees());
    let easts = column(|range| range.bounds.east.microdegrees());
    let south = boxes.first().map(|part| part.south.microdegrees());
    let north = boxes.first().map(|part| part.north.microdegrees());
    let shift = i32::from(shift_to(level));
    totals(queries.rows(sql, &[&firsts, &lasts, &wests, &easts, &shift, &south, &north]).await?)
}

fn totals(rows: Vec<tokio_postgres::Row>) -> Result<Vec<CellTotal>> {
    rows.iter()
        .map(|row| {
            Ok(CellTotal {
                cell: row.read("cell")?,
                currency: row.parse("currency")?,
                listings: row.read("listings")?,
                lat_e6: row.read("lat_e6")?,
                lng_e6: row.read("lng_e6")?,
                lowest_price_minor: row.read("lowest_price_minor")?,
                only: row.read::<Option<uuid::Uuid>>("only")?.map(PropertyId::from_uuid),
            })
        })
        .collect()
}
